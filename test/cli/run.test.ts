import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { runResultSchema } from '../../src/metrics/run-result.js'
import type { SecondLine, SlaveLine } from '../../src/metrics/second-line.js'
import { alive, commandOf, descendants, SMALL, type Started, until, Workbench } from './bench.js'

/** Each test has its own, so that those which mostly wait may do so together. */
const it = test.extend<{ workbench: Workbench }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads what a fixture needs from this pattern
  workbench: async ({}, use) => {
    const workbench = new Workbench()
    await use(workbench)
    workbench.remove()
  },
})

/** The embedded master of a run that goes on. */
async function embeddedPid(run: Started): Promise<number> {
  let pid: number | undefined
  await until('the embedded master', () => {
    pid = descendants(run.pid).find(child => commandOf(child).includes('masters/embedded/process.js'))
    return pid !== undefined
  })
  return pid!
}

describe('a run', () => {
  it('passes, and leaves every result', async ({ workbench }) => {
    const { status, stdout } = await workbench.run()
    expect(stdout).toMatch(/^PASS {2}small, seed 1/)
    expect(stdout).toContain('frontends lost at one time: 0 of 2')
    expect(stdout).toContain(`results: ${workbench.folder()}`)
    expect(status).toBe(0)

    for (const file of [
      'run.json',
      'intervals.hlog',
      'series.ndjson',
      'slaves.ndjson',
      'events.ndjson',
      'profile.yaml',
      'report.html',
    ])
      expect(readFileSync(join(workbench.folder(), file), 'utf8').length, file).toBeGreaterThan(0)
    const result = workbench.result()
    expect(result).toMatchObject({
      state: 'ended',
      profile: { name: 'small', seed: 1 },
      verdict: { result: 'pass' },
      master: { kind: 'embedded', mailboxDatabase: 'memory', restarts: 0 },
      slaves: { count: 2, streaming: 2, timeouts: 0, drops: 0 },
    })
    expect(result.phases.map(phase => [phase.name, phase.ended])).toEqual([
      ['preload', 'condition'],
      ['settle', 'condition'],
      ['steady', 'duration'],
      ['drain', 'condition'],
      ['compare', 'condition'],
    ])
    const { operations, commands } = result.total
    expect(result.phases[0]!.commands.ACTIVATE).toMatchObject({ count: 300, failed: 0, unfinished: 0 })
    expect(commands.UPDATE).toMatchObject({ count: 2, unfinished: 0 })
    expect(commands['NOOP.plain']!.count).toBeGreaterThan(20)
    expect(operations.create!.responseTimeUs!.max).toBeGreaterThanOrEqual(operations.create!.serviceTimeUs!.min)
    expect(result.noiseFloor!.p50Ns).toBeGreaterThan(0)
    // Generous; an echo that answers twice, or never, is some hundred milliseconds.
    expect(result.noiseFloor!.p50Ns).toBeLessThan(100e6)
    expect(result.noiseFloor!.count).toBeGreaterThan(100)
    expect(result.master.cpu.meanCores).not.toBeNull()
    const lines = (name: string) =>
      readFileSync(join(workbench.folder(), name), 'utf8')
        .trim()
        .split('\n')
        .map(line => JSON.parse(line))
    const seconds: SecondLine[] = lines('series.ndjson')
    expect(seconds.every(({ spanMs }) => spanMs > 0)).toBe(true)
    expect(seconds.some(({ offeredPerSecond }) => (offeredPerSecond.create ?? 0) > 0)).toBe(true)
    expect(seconds.some(({ master }) => (master?.threads.length ?? 0) > 0)).toBe(true)
    const met = (slave: number) =>
      (lines('slaves.ndjson') as SlaveLine[]).filter(line => line.slave === slave).map(({ kind }) => kind)
    expect([met(0), met(1)]).toEqual(Array(2).fill(['joined', 'connecting', 'dump', 'listed', 'ready']))
    expect(workbench.events().map(event => event.kind)).toEqual(expect.arrayContaining(['phase', 'slave-synced']))
    expect(readFileSync(join(workbench.folder(), 'intervals.hlog'), 'utf8')).toMatch(
      /^Tag=steady\/NOOP\.plain\/response,[\d.]+,[\d.]+,[\d.]+,HISTF/m,
    )
  })

  it('repeats itself from the profile it wrote', async ({ workbench }) => {
    const sets = ['--seed', '7', '--set', 'slaves.count=1', '--set', 'phases.2.duration=500ms']
    await workbench.run(sets)
    const written = join(workbench.folder(), 'profile.yaml')
    const again = join(workbench.directory, 'small.yaml')
    writeFileSync(again, readFileSync(written))
    await workbench.run()
    expect(workbench.result()).toMatchObject({ profile: { seed: 7 }, slaves: { count: 1 } })
  })

  it('compares slaves at its end, also where what is under way ends only after the limit of a phase', async ({
    workbench,
  }) => {
    const sets = [
      'backends={ connection: per-operation, inFlight: 1, arrivals: { kind: constant, rate: 2500 } }',
      'site.backends=1',
      'phases.2.duration=1s',
      'phases.3.limit=50ms',
    ]
    await workbench.run(sets.flatMap(set => ['--set', set]))
    const { phases, slaves } = workbench.result()
    expect(phases.find(phase => phase.name === 'drain')!.ended).toBe('limit')
    expect(slaves.converged).toBe(true)
  })

  it('compares slaves in mid-run where the profile says so, and goes on', async ({ workbench }) => {
    const steady = '{ run: [slaves, probes, backends], duration: 700ms'
    const look = '{ run: [slaves], until: converged'
    writeFileSync(
      workbench.profile,
      SMALL.replace(/ {2}- \{ name: steady[\s\S]*?\n(?=thresholds)/, () =>
        [
          ['before', steady],
          ['look', look],
          ['after', steady],
        ]
          .map(([name, rest]) => `  - ${rest!.replace('{', `{ name: ${name},`)} }\n`)
          .join(''),
      ),
    )
    const { stdout, status } = await workbench.run()
    const { phases, slaves, total } = workbench.result()
    expect(status).toBe(0)
    expect(phases.map(phase => phase.name)).toEqual(['preload', 'settle', 'before', 'look', 'after', 'compare'])
    expect(slaves.comparisons.map(({ phase, failure, differenceCount }) => [phase, failure, differenceCount])).toEqual([
      ['look', null, 0],
      ['compare', null, 0],
    ])
    expect(stdout).toMatch(/^ +look: all 2 slaves hold what they should/m)
    expect(stdout).toMatch(/^ +compare: all 2 slaves hold what they should/m)
    // The barrier's NOOPs are the comparison's own.
    const noops = (name: string) => phases.find(phase => phase.name === name)!.commands['NOOP.slave']!.count
    expect([noops('look'), noops('compare')]).toEqual([2, 2])
    const creates = (name: string) => phases.find(phase => phase.name === name)!.operations.create?.count ?? 0
    expect(creates('look')).toBe(0)
    expect(creates('after')).toBeGreaterThan(0)
    expect(total.operations.create!.count).toBe(creates('before') + creates('after'))
  })

  it('prints nothing but run.json with --json', async ({ workbench }) => {
    const { status, stdout, stderr } = await workbench.run(['--json'])
    expect(runResultSchema.parse(JSON.parse(stdout))).toEqual(workbench.result())
    expect(stderr).toContain('PASS  small')
    expect(status).toBe(0)
  })

  it('prints nothing at all beside it with --quiet', async ({ workbench }) => {
    const { stdout, stderr } = await workbench.run(['--json', '--quiet'])
    runResultSchema.parse(JSON.parse(stdout))
    expect(stderr).toBe('')
  })
})

describe('thresholds', () => {
  it('that fail are exit 4, said first', async ({ workbench }) => {
    const { status, stdout } = await workbench.run(['--set', 'thresholds=[NOOP.plain.responseTimeUs.p50 < 1ns]'])
    expect(stdout).toMatch(/^FAIL[^\n]*\n {2}✗ NOOP\.plain\.responseTimeUs\.p50 < 1ns: measured \S/)
    expect(status).toBe(4)
    expect(workbench.result().verdict.result).toBe('fail')
  })

  it('without data fail', async ({ workbench }) => {
    const { status, stdout } = await workbench.run(['--set', 'thresholds=[NOOP.stream.responseTimeUs.p99 < 1h]'])
    expect(stdout).toContain('✗ NOOP.stream.responseTimeUs.p99 < 1h: nothing was measured')
    expect(status).toBe(4)
  })
})

describe('mistakes (exit 2, nothing run)', () => {
  it('a misspelt key: file, line, column and the nearest key', async ({ workbench }) => {
    writeFileSync(workbench.profile, SMALL.replace('retryDelay:', 'retryDealy:'))
    const { status, stdout, stderr } = await workbench.run()
    const line = SMALL.split('\n').findIndex(text => text.includes('retryDelay')) + 1
    const column = SMALL.split('\n')[line - 1]!.indexOf('retryDelay') + 1
    expect(stderr).toContain(`${workbench.profile}:${line}:${column}: slaves: unknown key "retryDealy"`)
    expect(stderr).toContain('did you mean "retryDelay"?')
    expect(stdout).toBe('')
    expect(status).toBe(2)
    expect(existsSync(workbench.out)).toBe(false)
  })

  it.for([
    {
      name: 'a profile that is not there',
      args: ['run', 'no-such-profile'],
      says: 'there is no profile no-such-profile',
    },
    { name: 'an unknown option', args: ['run', 'smoke', '--jsn'], says: '--json' },
    { name: 'no profile', args: ['run'], says: "missing required argument 'profile'" },
    { name: 'an unknown master', args: ['run', 'smoke', '--master', 'cirus'], says: 'no such master' },
    { name: 'a set without a value', args: ['run', 'smoke', '--set', 'slaves.count'], says: 'no "="' },
    { name: 'show of no run', args: ['show', 'nowhere'], says: 'no run in nowhere' },
  ])('$name', async ({ args, says }, { workbench }) => {
    const { status, stdout, stderr } = await workbench.bench(args)
    expect(stderr).toContain(says)
    expect(stderr).not.toMatch(/\n {4}at /)
    expect(stdout).toBe('')
    expect(status).toBe(2)
  })
})

describe.concurrent('a run that is interrupted', () => {
  it('by Ctrl-C reports, exits 130 and leaves no process', async ({ workbench }) => {
    const run = workbench.startRun(['--set', 'phases.2.duration=60s'])
    await workbench.inPhase('steady')
    const processes = descendants(run.pid)
    expect(processes.length).toBeGreaterThan(0)
    run.child.kill('SIGINT')
    const { status, stdout } = await run.ended
    expect(stdout).toMatch(/^\w+ {2}small, seed 1, [^\n]*\(interrupted\)/)
    expect(status).toBe(130)
    expect(processes.filter(alive)).toEqual([])
    const { state, phases, total } = workbench.result()
    expect(state).toBe('interrupted')
    expect(phases.find(phase => phase.name === 'steady')!.ended).toBe('interrupted')
    expect(total.commands['NOOP.plain']!.count).toBeGreaterThan(0)
  })

  it('by Ctrl-C while it loads the site begins nothing more', async ({ workbench }) => {
    const run = workbench.startRun(['--set', 'site.mailboxes=2000000', '--set', 'phases.0.limit=5m'])
    await workbench.inPhase('preload')
    run.child.kill('SIGINT')
    expect((await run.ended).status).toBe(130)
    const { phases, total } = workbench.result()
    expect(phases.map(phase => phase.name)).toEqual(['preload'])
    expect(total.commands.UPDATE).toBeUndefined()
  })

  it('by SIGKILL at once can be shown', async ({ workbench }) => {
    const run = workbench.startRun()
    await until('run.json', () => existsSync(join(workbench.folder(), 'run.json')))
    run.child.kill('SIGKILL')
    await run.ended
    const { status, stdout } = await workbench.bench(['show', workbench.folder()])
    expect(stdout).toContain('cut off')
    expect(status).toBe(0)
  })

  it('by a folder that is gone says so, exit 2, and leaves no process', async ({ workbench }) => {
    const run = workbench.startRun(['--set', 'phases.2.duration=60s'])
    await workbench.inPhase('steady')
    const processes = descendants(run.pid)
    rmSync(workbench.folder(), { recursive: true })
    const { status, stderr } = await run.ended
    expect(stderr).toContain('cannot write results to')
    expect(stderr).not.toMatch(/\n {4}at /)
    expect(status).toBe(2)
    expect(processes.filter(alive)).toEqual([])
  })

  it('by Ctrl-C twice leaves at once, with no process', async ({ workbench }) => {
    const run = workbench.startRun(['--set', 'phases.2.duration=60s'])
    await workbench.inPhase('steady')
    const processes = descendants(run.pid)
    const master = await embeddedPid(run)
    process.kill(master, 'SIGSTOP')
    run.child.kill('SIGINT')
    await sleep(50)
    run.child.kill('SIGINT')
    expect((await run.ended).status).toBe(130)
    expect(processes.filter(alive)).toEqual([])
  })

  it('by SIGKILL is readable up to the last second, and its master is gone', async ({ workbench }) => {
    const run = workbench.startRun(['--set', 'phases.2.duration=60s'])
    const master = await embeddedPid(run)
    await until('a whole interval', () => workbench.result().total.commands.ACTIVATE !== undefined)
    run.child.kill('SIGKILL')
    await run.ended
    await until('the embedded master gone', () => !alive(master), 10_000)

    const { status, stdout } = await workbench.bench(['show', workbench.folder()])
    expect(stdout).toContain('cut off')
    expect(stdout).toContain('ACTIVATE')
    expect(status).toBe(0)
    const json = await workbench.bench(['show', workbench.folder(), '--json'])
    expect(runResultSchema.parse(JSON.parse(json.stdout)).state).toBe('running')
  })
})

describe.concurrent('a master', () => {
  it('frozen for 2 s is seen by the NOOPs that were due meanwhile', async ({ workbench }) => {
    const run = workbench.startRun(['--set', 'phases.2.duration=5s'])
    await workbench.inPhase('steady')
    const master = await embeddedPid(run)
    process.kill(master, 'SIGSTOP')
    await sleep(2000)
    process.kill(master, 'SIGCONT')
    await run.ended
    const steady = workbench.result().phases.find(phase => phase.name === 'steady')!
    const { count, unfinished, responseTimeUs } = steady.commands['NOOP.plain']!
    expect(responseTimeUs!.max).toBeGreaterThan(1.8e6)
    expect(responseTimeUs!.p90).toBeGreaterThan(0.5e6)
    expect(unfinished).toBe(0)
    // Open model: as many were due as without the stall.
    expect(count).toBeGreaterThan(150)
    expect(steady.operations.create!.responseTimeUs!.max).toBeGreaterThan(1e6)
  })

  it('frozen to the end gives lower bounds, marked', async ({ workbench }) => {
    const run = workbench.startRun(['--set', 'phases.2.duration=4s', '--set', 'phases.3.limit=500ms'])
    await workbench.inPhase('steady')
    process.kill(await embeddedPid(run), 'SIGSTOP')
    const { status, stdout } = await run.ended
    expect(stdout).toContain('the master was lost and did not come back')
    expect(status).toBe(3)
    const { slaves, total } = workbench.result()
    expect(slaves).toMatchObject({ converged: null, differenceCount: null, realSlaveWouldLose: null })
    expect(slaves.comparisons).toMatchObject([{ phase: 'compare', failure: expect.stringContaining('5 s') }])
    expect(stdout).toMatch(/^ +compare: slaves were NOT COMPARED: /m)
    const { 'NOOP.plain': noop } = total.commands
    expect(noop!.unfinished).toBeGreaterThan(10)
    expect(noop!.responseTimeUs!.lowerBounds).toEqual(expect.arrayContaining(['mean', 'p99', 'max']))
    expect(noop!.responseTimeUs!.lowerBounds).not.toContain('min')
    expect(noop!.responseTimeUs!.max).toBeGreaterThan(1e6)
    expect(stdout).toMatch(/NOOP\.plain r .*≥/)
  })

  it('that is killed in mid-run ends it, is exit 3, said, with results', async ({ workbench }) => {
    const run = workbench.startRun(['--set', 'phases.2.duration=10m'])
    await workbench.inPhase('steady')
    process.kill(await embeddedPid(run), 'SIGKILL')
    const { status, stdout } = await run.ended
    expect(workbench.result().phases.map(phase => [phase.name, phase.ended])).toEqual([
      ['preload', 'condition'],
      ['settle', 'condition'],
      ['steady', 'lost'],
    ])
    expect(stdout).toContain('the master was lost and did not come back')
    expect(status).toBe(3)
    expect(workbench.events().map(event => event.kind)).toContain('master-died')
    expect(workbench.result()).toMatchObject({ state: 'ended', slaves: { streaming: 0, leastStreaming: 0, drops: 2 } })
  })
})
