import { writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SMALL, Workbench } from './bench.js'

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
