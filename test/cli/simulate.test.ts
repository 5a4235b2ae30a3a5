import { once } from 'node:events'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RunResult } from '../../src/metrics/run-result.js'
import { SMALL, until, Workbench } from './bench.js'

let workbench: Workbench

beforeEach(() => {
  workbench = new Workbench()
  writeFileSync(workbench.profile, SMALL)
})

afterEach(() => workbench.remove())

describe('mupdate-bench simulate refuses, with exit 2 and before anything has run,', () => {
  const set = (text: string) => ['--set', `master.settings.${text}`]
  it.each([
    { what: 'half a worker', args: set('mupdate_workers_max=2.5'), says: /mupdate_workers_max: 2\.5 is no number/ },
    { what: 'no connections', args: set('mupdate_connections_max=0'), says: /mupdate_connections_max: 0 is no number/ },
    { what: 'what the harness sets', args: set('servername=x'), says: /servername is set by the harness/ },
    { what: 'a sweep of seeds', args: ['--sweep', 'seed=1..5'], says: /give --seed and --seeds/ },
    { what: 'a place for results of many', args: ['--seeds', '2', '--out', 'x'], says: /--out: --sweep and --seeds/ },
    { what: 'a bad last value', args: ['--sweep', 'slaves.retryDelay=2s,4x'], says: /retryDelay: .*4x/ },
    {
      what: 'a last value that no Cyrus takes',
      args: ['--sweep', 'master.settings.mupdate_workers_max=5,no'],
      says: /mupdate_workers_max: no is no number/,
    },
  ])('$what', async ({ args, says }) => {
    const { status, stderr, stdout } = await workbench.bench(['simulate', workbench.profile, ...args])
    expect(stderr).toMatch(says)
    expect(stderr).not.toMatch(/^ +at /m)
    expect(stdout).toBe('')
    expect(status).toBe(2)
  })
})

it('says that pages are not simulated', async () => {
  const web = SMALL.replace('run: [slaves, probes, backends]', 'run: [slaves, probes, backends, http]')
  writeFileSync(workbench.profile, `${web}http: { url: http://127.0.0.1:9/ }\n`)
  const { stderr } = await workbench.bench(['simulate', workbench.profile, '--out', workbench.out])
  expect(stderr.match(/^not simulated: http$/gm)).toHaveLength(1)
})

describe('a simulation knows what it does not measure:', () => {
  it('a threshold on a comparison decides nothing, and what takes a host is null', async () => {
    const args = ['--set', 'site.mailboxes=500', '--json', '--out', workbench.out]
    const { status, stdout } = await workbench.bench(['simulate', 'convergence', ...args])
    const { verdict, generator, slaves, master } = JSON.parse(stdout) as RunResult
    expect(verdict).toMatchObject({
      result: 'inconclusive',
      reasons: ['slaves.differenceCount == 0: a simulation has no such figure'],
    })
    expect(status).toBe(6)
    expect(generator).toMatchObject({ cpuCores: null, eventLoopDelayUs: null, bytesRead: null, bytesWritten: null })
    expect(master).toMatchObject({ kind: 'simulated', cpu: { meanCores: null }, rssPeakBytes: null })
    expect(slaves).toMatchObject({ converged: null, differenceCount: null, away: [], followed: 0 })
  })

  it('slaves that are not there at the end fail it all the same', async () => {
    const lost = 'phases.2.events=[{ at: 1s, do: loseNetwork, slaves: 3, for: 600s }]'
    const sets = ['site.mailboxes=500', lost].flatMap(set => ['--set', set])
    const args = [...sets, '--json']
    const { status, stdout } = await workbench.bench(['simulate', 'kick-storm', ...args, '--out', workbench.out])
    const { verdict, slaves } = JSON.parse(stdout) as RunResult
    expect(slaves.away.length).toBe(3)
    expect(verdict.reasons).toContain(
      `compare: ${slaves.away.length} slaves were not there when they were to be compared`,
    )
    expect(status).toBe(4)
  })
})

describe('Ctrl-C', () => {
  it('ends a simulation where it is, with its results', async () => {
    const simulation = workbench.start(['simulate', 'site-10m-day', '--out', workbench.out, '--json'])
    await until('a line of its series', () => {
      return statSync(join(workbench.folder('site-10m-day'), 'series.ndjson')).size > 0
    })
    simulation.child.kill('SIGINT')
    const { status, stdout } = await simulation.ended
    expect(status).toBe(130)
    const { state, verdict, phases } = JSON.parse(stdout) as RunResult
    expect(state).toBe('interrupted')
    expect(verdict).toMatchObject({ result: 'inconclusive' })
    expect(phases.at(-1)!.ended).toBe('interrupted')
  })
  it('ends a sweep with the points that were done', async () => {
    const sweep = workbench.start([
      'simulate',
      'site-10m-day',
      '--sweep',
      'site.mailboxes=1000,10000000',
      '--seeds',
      '1',
    ])
    await once(sweep.child.stderr!, 'data')
    sweep.child.kill('SIGINT')
    const { status, stdout } = await sweep.ended
    expect(status).toBe(130)
    expect(stdout).not.toMatch(/^10000000/m)
  })
})
