import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { serialize } from 'node:v8'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  beatOf,
  controlOf,
  decode,
  encode,
  HELLO,
  type Hello,
  newsOf,
  outputOf,
  partsOf,
  type Reply,
  type Request,
} from '../../src/agents/protocol.js'
import { bootId } from '../../src/samplers/host.js'
import { readSpool } from '../../src/agents/spool.js'
import { packageRoot, packageVersion } from '../../src/core/package-root.js'
import type { RunResult } from '../../src/metrics/run-result.js'
import type { SecondLine } from '../../src/metrics/second-line.js'
import { NIGHT, niceness, SMALL, until, Workbench } from '../cli/bench.js'
import { AgentRoll } from '../support/agents.js'
import { natsServer } from '../support/nats-server.js'
import { ARRIVING, SHARED, workOf } from '../support/shared-work.js'

/** Long enough for something to happen to it. */
const LONG = SHARED.replace('rate: 100', 'rate: 20').replace('users: 40', 'users: 400')

let roll: AgentRoll
const benches: Workbench[] = []

beforeAll(async () => {
  roll = await AgentRoll.open()
})
afterEach(async () => {
  await roll.dismiss()
  for (const bench of benches.splice(0)) bench.remove()
})
afterAll(() => roll.close())

function newBench(profile = SHARED): Workbench {
  const bench = new Workbench()
  benches.push(bench)
  writeFileSync(bench.profile, profile)
  return bench
}

describe('a run with agents', { timeout: 120_000 }, () => {
  it('does the same as one process, and says who had which part', async () => {
    const alone = newBench()
    expect((await alone.run(['--workers', '1'])).status).toBe(0)
    const bench = newBench()
    await roll.start(bench, 4)
    for (const { pid } of roll.agents) expect(niceness(pid)[0]).toBe(10)
    const { status, stdout, stderr } = await bench.run(roll.at(4))
    expect(status, stdout + stderr).toBe(0)
    expect(workOf(bench)).toEqual(workOf(alone))
    const { generator } = bench.result()
    expect(generator.workers).toBe(5)
    expect(generator.agents!.map(({ name }) => name).sort()).toEqual(['agent-0', 'agent-1', 'agent-2', 'agent-3'])
    expect(generator.agents!.flatMap(({ shards }) => shards).sort()).toEqual(['load-2', 'load-3', 'load-4', 'load-5'])
    // All of them on this host, whose clock is one.
    for (const agent of generator.agents!)
      expect(agent).toMatchObject({ clockOffsetUs: 0, clockErrorUs: 0, lost: null })
    // Each process by itself, in all seconds but the first.
    for (const { cpuCores, name } of generator.agents!) {
      expect(cpuCores).toBeGreaterThan(0)
      expect(cpuCores).toBeLessThan(4)
      expect(stdout).toMatch(
        new RegExp(`agent ${name} on \\S+: load-\\d;\\s+\\d\\.\\d\\d\\s+cores;\\s+the\\s+same\\s+clock`),
      )
    }
    const seconds = bench.lines<SecondLine>('series.ndjson')
    expect(seconds.at(-1)!.harness!.agents!.map(({ isLost, cpuCores }) => [isLost, cpuCores! > 0])).toEqual(
      Array.from({ length: 4 }, () => [false, true]),
    )
    expect(generator.startSkewUs).toBeLessThan(100_000)
    // None was over before it began.
    expect(bench.result().phases.filter(({ durationMs }) => durationMs < 0)).toEqual([])
    // What has arrived is nobody's any more.
    expect(readdirSync(join(bench.directory, 'agent-spool'))).toEqual([])
    expect((await roll.call()).every(({ isBusy }) => !isBusy)).toBe(true)
  })

  it('sends what arrives from threads of its own, and follows it in those of agents, as one process does', async () => {
    const alone = newBench(ARRIVING)
    expect((await alone.run(['--workers', '1'])).status).toBe(0)
    const bench = newBench(ARRIVING)
    await roll.start(bench, 2)
    const { status, stdout, stderr } = await bench.run([...roll.at(2), '--workers', '3'])
    expect(status, stdout + stderr).toBe(0)
    expect(workOf(bench)).toEqual(workOf(alone))
    const { generator } = bench.result()
    expect(generator.workers).toBe(5)
    expect(generator.agents!.flatMap(({ shards }) => shards).sort()).toEqual(['load-4', 'load-5'])
  })

  it.each([
    { signal: 'SIGKILL', how: 'killed' },
    { signal: 'SIGSTOP', how: 'frozen' },
  ] as const)('is invalid (exit 5) where an agent is $how, and says so within seconds', async ({ signal }) => {
    const bench = newBench(LONG)
    await roll.start(bench, 2)
    const run = bench.startRun(roll.at(2))
    await bench.inPhase('work')
    roll.agents[1]!.child.kill(signal)
    const lostAtMs = performance.now()
    await until('the loss', () => bench.events().some(({ kind }) => kind === 'agent-lost'), 20_000)
    // 3 s, and what a busy machine may take.
    expect(performance.now() - lostAtMs).toBeLessThan(5_000)
    const { status, stdout } = await run.ended
    expect(status, stdout).toBe(5)
    expect(stdout).toMatch(/agent agent-1 on \S+ is lost: nothing was heard of it for 2\.5 s/)
    expect(bench.result().generator.agents!.find(({ name }) => name === 'agent-1')!.lost).toContain('nothing was heard')
    for (let i = 0; i < 50 && (await roll.call()).some(({ isBusy }) => isBusy); i++);
    expect((await roll.call()).find(({ name }) => name === 'agent-0')).toMatchObject({ isBusy: false })
  })

  it('waits for an agent that has no CPU for more than a second, whatever it is ordered meanwhile', async () => {
    const many = Array.from({ length: 20 }, (_, i) => `  - { name: work-${i}, run: [slaves], duration: 100ms }`).join(
      '\n',
    )
    const bench = newBench(SHARED.replace('  - { name: drain', `${many}\n  - { name: drain`))
    await roll.start(bench, 2)
    const run = bench.startRun(roll.at(2))
    await bench.inPhase('work-0')
    const { child } = roll.agents[1]!
    child.kill('SIGSTOP')
    await sleep(1_400)
    child.kill('SIGCONT')
    await run.ended
    expect(bench.result().generator.agents!.map(({ lost }) => lost)).toEqual([null, null])
  })

  it('goes on without one that is lost where it was asked to (6), and says what was gone', async () => {
    const bench = newBench(LONG.replace('users: 400', 'users: 60'))
    await roll.start(bench, 2)
    const run = bench.startRun([...roll.at(2), '--on-agent-loss', 'continue'])
    await bench.inPhase('work')
    roll.agents[1]!.child.kill('SIGKILL')
    const { status, stdout } = await run.ended
    expect(status, stdout).toBe(6)
    const { verdict, phases, slaves } = bench.result()
    expect(verdict.reasons).toEqual([
      expect.stringMatching(/^agent agent-1 on \S+ is lost: .*; 1 of 3 shares of the slaves were gone with it$/),
    ])
    expect(phases.map(({ name, ended }) => [name, ended])).toEqual(
      ['preload', 'settle', 'work', 'drain', 'compare'].map(name => [name, 'condition']),
    )
    // Those that are left hold what they should.
    expect(slaves).toMatchObject({ differenceCount: 0, streaming: 7, followed: 7 })
  })

  it('that is killed leaves agents that stop, keep what they measured, and are free again', async () => {
    const bench = newBench(LONG)
    await roll.start(bench, 2)
    const run = bench.startRun(roll.at(2))
    await bench.inPhase('work')
    expect((await roll.call()).every(({ isBusy }) => isBusy)).toBe(true)
    run.child.kill('SIGKILL')
    const killedAtMs = performance.now()
    for (let i = 0; i < 100 && (await roll.call()).some(({ isBusy }) => isBusy); i++);
    expect(performance.now() - killedAtMs).toBeLessThan(8_000)
    expect(readdirSync(join(bench.directory, 'agent-spool'))).toHaveLength(2)
    const known = bench.result()

    const collect = await bench.bench(['collect', bench.folder(), '--nats', roll.url])
    expect(collect.status, collect.stdout + collect.stderr).toBe(6)
    expect(collect.stderr).toMatch(/agent agent-\d on \S+ had kept \d+ bytes of it/)
    expect(collect.stdout).toMatch(
      /the run itself was lost .* after it had begun, and was put together from\s+2 agents’ parts/,
    )
    const whole = bench.result()
    expect(whole).toMatchObject({ id: known.id, state: 'interrupted', verdict: { result: 'inconclusive' } })
    expect(whole.phases.map(({ name, ended }) => [name, ended])).toEqual([
      ['preload', 'condition'],
      ['settle', 'condition'],
      ['work', 'interrupted'],
    ])
    // What was told after the last second that was written is in it, and nothing is less than it was.
    const updates = ({ phases }: typeof whole) =>
      phases.reduce((sum, { commands }) => sum + (commands.UPDATE?.count ?? 0), 0)
    expect(updates(known)).toBeGreaterThan(0)
    expect(updates(whole)).toBeGreaterThanOrEqual(updates(known))
    expect(whole.total.commands.ACTIVATE!.count).toBeGreaterThanOrEqual(known.total.commands.ACTIVATE?.count ?? 1)
    const names = ['load', 'load-2', 'load-3']
    expect(readSpool(join(bench.folder(), 'own.spool')).filter(({ kind }) => kind === 'begun')).toMatchObject([
      { shards: names.map(name => ({ name })) },
    ])
    expect(readdirSync(join(bench.directory, 'agent-spool'))).toEqual([])
    expect((await bench.bench(['collect', bench.folder()])).stdout).toMatch(/from\s+2 agents’ parts/)
    rmSync(join(bench.folder(), 'own.spool'))
    const nothing = await bench.bench(['collect', bench.folder()])
    expect(nothing.stderr).toMatch(/has come to its end\n {2}→ what there is of it is there/)
    expect(nothing.status).toBe(2)
  })

  it('is cancelled by Ctrl-C as one without', async () => {
    const bench = newBench(LONG)
    await roll.start(bench, 1)
    const run = bench.startRun(roll.at(1))
    await bench.inPhase('work')
    run.child.kill('SIGINT')
    const { status } = await run.ended
    expect(status).toBe(130)
    expect(bench.result().verdict.result).toBe('inconclusive')
    expect(readdirSync(join(bench.directory, 'agent-spool'))).toEqual([])
  })

  it('is refused where there are too few, and says why each of the others cannot', async () => {
    const bench = newBench()
    await roll.start(bench, 1)
    const old: Hello = { id: 'old', name: 'old', host: 'elsewhere', version: '0.0.1', capacity: 1, isBusy: false }
    const subscription = roll.nats.subscribe(HELLO, { callback: (_, message) => void message.respond(encode(old)) })
    await roll.nats.flush()
    const { status, stderr } = await bench.run(roll.at(2))
    subscription.unsubscribe()
    expect(stderr).toMatch(/1 of 2 agents are there:\n {2}- old on elsewhere is version 0\.0\.1, not /)
    expect(status).toBe(2)
    expect(existsSync(bench.out)).toBe(false)
  })
})

describe('where something goes wrong, a run with agents', { timeout: 120_000 }, () => {
  it('is invalid where an agent is ended by its operator, which ends at once and keeps its part', async () => {
    const bench = newBench(LONG)
    await roll.start(bench, 2)
    const run = bench.startRun(roll.at(2))
    await bench.inPhase('work')
    roll.agents[1]!.child.kill('SIGINT')
    const agent = await roll.agents[1]!.ended
    const { status, stdout } = await run.ended
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(/agent agent-1 on \S+ is lost: it was ended there/)
    expect(status, stdout).toBe(5)
    expect(agent.stderr).toMatch(/: it was ended there; what was measured here is in agent-spool\//)
    expect(agent.stderr).not.toContain('controller')
    expect(agent.status).toBe(0)
    expect(readdirSync(join(bench.directory, 'agent-spool'))).toHaveLength(1)
    const next = bench.start(['agent', '--nats', roll.url])
    roll.agents.push(next)
    await roll.present(2)
    next.child.kill('SIGTERM')
    expect((await next.ended).stderr).toContain('agent-spool has 1 parts of runs that were lost: collect them')
  })

  it('that is left by a second Ctrl-C leaves agents that are free, and no file', async () => {
    const bench = newBench(LONG)
    await roll.start(bench, 2)
    const run = bench.startRun(roll.at(2))
    await bench.inPhase('work')
    run.child.kill('SIGINT')
    await sleep(100)
    run.child.kill('SIGINT')
    expect((await run.ended).status).toBe(130)
    for (let i = 0; i < 50 && (await roll.call()).some(({ isBusy }) => isBusy); i++);
    expect((await roll.call()).map(({ isBusy }) => isBusy)).toEqual([false, false])
    expect(readdirSync(join(bench.directory, 'agent-spool'))).toEqual([])
  })

  it('is invalid (exit 5), not broken, where NATS is started anew', async () => {
    const first = await natsServer()
    const bench = newBench(LONG)
    roll.agents.push(bench.start(['agent', '--nats', first.url, '--capacity', '1']))
    const run = bench.startRun(['--nats', first.url, '--agents', '1'])
    await bench.inPhase('work')
    await first.stop()
    const second = await natsServer('', first.port)
    try {
      const { status, stdout } = await run.ended
      expect(stdout.replaceAll(/\s+/g, ' ')).toContain('was lost on the way (NATS)')
      expect(stdout).not.toContain('worker thread')
      expect(status, stdout).toBe(5)
    } finally {
      await second.stop()
    }
  })

  it('is invalid where NATS takes it no more', async () => {
    const locked = await natsServer('authorization { user: a, password: b }\n')
    const env = { NATS_PASSWORD: 'b' }
    const bench = newBench(LONG)
    const agent = bench.start(['agent', '--nats', locked.url, '--nats-user', 'a', '--capacity', '1'], env)
    roll.agents.push(agent)
    await sleep(2_000)
    const run = bench.startRun(['--nats', locked.url, '--nats-user', 'a', '--agents', '1'], env)
    await bench.inPhase('work')
    locked.reload('authorization { user: a, password: c }\n')
    const { status, stdout, stderr } = await run.ended
    expect(stderr).not.toContain('    at ')
    expect(status, stdout + stderr).toBe(5)
    expect(stdout).not.toContain('had not ended after')
    const left = await agent.ended
    expect(left.stderr).toMatch(/NATS at \S+ has closed: .*\n {2}→ start the agent again/)
    expect(left.status).toBe(2)
    await locked.stop()
  })

  it('is not waited for, nor is a NATS that is gone, by an agent that is ended', async () => {
    const other = await natsServer()
    const bench = newBench()
    const idle = bench.start(['agent', '--nats', other.url])
    roll.agents.push(idle)
    await sleep(2_000)
    await other.stop()
    await sleep(500)
    idle.child.kill('SIGTERM')
    const endsAtMs = performance.now()
    await idle.ended
    expect(performance.now() - endsAtMs).toBeLessThan(4_000)
  })

  it('is invalid where an agent’s disk is full, and the agent is free again', async () => {
    const bench = newBench(LONG)
    await roll.start(bench, 1)
    const run = bench.startRun(roll.at(1))
    await bench.inPhase('work')
    expect(spawnSync('prlimit', ['--pid', String(roll.agents[0]!.pid), '--fsize=2000']).status).toBe(0)
    const { status, stdout } = await run.ended
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(/is lost: it cannot write agent-spool\/\S+\.spool: EFBIG/)
    expect(status, stdout).toBe(5)
    expect((await roll.call()).map(({ isBusy }) => isBusy)).toEqual([false])
  })

  it('minds nothing that others say on its subjects', async () => {
    const bench = newBench()
    await roll.start(bench, 1)
    const [{ id }] = (await roll.call()) as [Hello]
    const hello = roll.nats.subscribe(HELLO, { callback: (_, message) => void message.respond(Buffer.from('garbage')) })
    const run = bench.startRun(roll.at(1))
    await bench.inPhase('preload')
    const name = bench.result().id
    const said = [Buffer.from('garbage'), Buffer.alloc(0), serialize(null), serialize({ at: 'x', bytes: 3 })]
    for (const subject of [controlOf(id), outputOf(name, id), beatOf(name), newsOf(name), partsOf(name), HELLO])
      for (const bytes of said) roll.nats.publish(subject, bytes)
    const { status, stdout, stderr } = await run.ended
    hello.unsubscribe()
    expect([0, 5], stdout + stderr).toContain(status)
    expect(stdout).not.toMatch(/is lost|was lost/)
    expect(stderr).not.toContain('    at ')
    expect(await roll.call()).toHaveLength(1)
  })

  it('goes through a NATS that takes small messages only', async () => {
    const small = await natsServer('max_payload: 20000\n')
    const bench = newBench()
    roll.agents.push(bench.start(['agent', '--nats', small.url, '--capacity', '2']))
    try {
      await sleep(2_000)
      const { status, stdout, stderr } = await bench.run(['--nats', small.url, '--agents', '1'])
      expect(status, stdout + stderr).toBe(0)
    } finally {
      await small.stop()
    }
  })

  it('is refused where there are no slaves to deal out', async () => {
    const bench = newBench(
      'site: { mailboxes: 10, backends: 1 }\nphases: [{ name: preload, run: [preload], until: preloaded, limit: 20s }]\n',
    )
    await roll.start(bench, 1)
    const { status, stderr } = await bench.run(roll.at(1))
    expect(stderr).toContain('--agents: the profile has no slaves to deal out\n  → leave it out')
    expect(status).toBe(2)
  })

  it('is refused, and leaves no folder, where an agent goes while it is given its part', async () => {
    const bench = newBench()
    const fleeting: Hello = {
      ...{ id: 'fleeting', name: 'fleeting', host: 'elsewhere', version: packageVersion(), capacity: 1, isBusy: false },
    }
    const subscriptions = [
      roll.nats.subscribe(HELLO, { callback: (_, message) => void message.respond(encode(fleeting)) }),
      // It has the same clock, and does not answer to anything else.
      roll.nats.subscribe(controlOf(fleeting.id), {
        callback: (_, message) => {
          if (decode<Request>(message.data).kind === 'clock')
            message.respond(encode({ kind: 'clock', ns: 0, bootId: bootId() } satisfies Reply))
        },
      }),
    ]
    await roll.nats.flush()
    const begunMs = performance.now()
    const { status, stderr } = await bench.run(roll.at(1))
    for (const subscription of subscriptions) subscription.unsubscribe()
    expect(stderr).toMatch(/agent fleeting on elsewhere is lost: nothing was heard of it for 2\.5 s/)
    expect(stderr).not.toContain('    at ')
    expect(status).toBe(2)
    expect(performance.now() - begunMs).toBeLessThan(20_000)
    expect(readdirSync(bench.out, { recursive: true, encoding: 'utf8' }).filter(name => name.includes('.'))).toEqual([])
  })

  it('is told where an option of it would do nothing', async () => {
    const bench = newBench()
    const lost = await bench.run(['--on-agent-loss', 'continue'])
    expect(lost.stderr).toContain('--on-agent-loss without --agents: there are none to lose\n  → add --agents K')
    const idle = await bench.run(['--nats', roll.url])
    expect(idle.stderr).toMatch(/--nats with --master \S+, and without --agents: nobody is asked for there/)
    expect([lost.status, idle.status]).toEqual([2, 2])
    // As of somebody who always has it in the environment.
    expect((await bench.run([], { NATS_URL: roll.url })).status).toBe(0)
  })

  it('is invalid (exit 5) where a thread of an agent has no time left, and names the agent; /metrics shows it meanwhile', async () => {
    const bench = newBench(SMALL.replace('1500ms', '6s').replace('count: 2', 'count: 6'))
    const busy = join(packageRoot(), 'bench', 'pegged-load.cjs')
    roll.agents.push(bench.start(['agent', '--nats', roll.url, '--name', 'idle']))
    roll.agents.push(bench.start(['agent', '--nats', roll.url, '--name', 'hot'], { NODE_OPTIONS: `--require ${busy}` }))
    await roll.present(2)
    const run = bench.startRun([...roll.at(2), '--live'])
    let said = ''
    run.child.stderr!.on('data', text => (said += text))
    await bench.inPhase('steady')
    // Of a whole second, told at its end.
    await until('seconds', () => bench.lines<SecondLine>('series.ndjson').length > 4)
    const metrics = await (await fetch(/^live: (\S+)$/m.exec(said)![1]!.replace('/?', '/metrics?'))).text()
    const up = metrics.split('\n').filter(line => line.startsWith('mupdate_bench_agent_up{'))
    expect(up.map(line => line.replace(/id="[^"]+"/, 'id')).sort()).toEqual(
      ['hot', 'idle'].map(name => `mupdate_bench_agent_up{agent="${name}",id} 1`),
    )
    const [, cores] = /^mupdate_bench_agent_cpu_cores\{agent="hot",id="[^"]+"\} (\S+)$/m.exec(metrics)!
    // On a busy machine it waits for a CPU all that time.
    expect(Number(cores)).toBeGreaterThan(0)
    const { status, stdout } = await run.ended
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(/thread "load-\d" of agent hot was pegged in \d+ % of the samples/)
    expect(status).toBe(5)
  })

  it('is made by all trials of a search, one after the other', async () => {
    const bench = newBench(SMALL)
    await roll.start(bench, 2)
    const search = ['capacity', bench.profile, '--vary', 'slaves', '--from', '8', '--to', '16', '--budget', '3m']
    const { status, stdout, stderr } = await bench.bench([
      ...search,
      ...['--master', 'embedded', '--objective', 'slaves.timeouts == 0', '--out', bench.out, '--json', ...roll.at(2)],
    ])
    expect([0, 5, 6], stderr).toContain(status)
    const { trials } = JSON.parse(stdout)
    const parent = join(bench.out, 'small')
    const folder = join(parent, readdirSync(parent).find(name => name.endsWith('.capacity'))!)
    expect(trials.length, stderr).toBeGreaterThan(1)
    for (const { run, value } of trials) {
      const { generator, slaves }: RunResult = JSON.parse(readFileSync(join(folder, run, 'run.json'), 'utf8'))
      expect(generator.agents!.map(({ lost }) => lost)).toEqual([null, null])
      expect(slaves.count).toBe(value)
    }
    const resumed = await bench.bench(['capacity', '--resume', folder, '--budget', '9m'])
    expect(resumed.stderr).toContain('its trials had 2 agents, and --agents is not given')
    expect(resumed.status).toBe(2)
  })

  it('is each rehearsal of a search for a rate, but none that is gone on with', async () => {
    const bench = newBench(
      NIGHT.replace('count: 2', 'count: 6')
        .replace('users: 20', 'users: 8')
        .replace('rate: 50', 'rate: 16')
        .replace('be3', 'be2'),
    )
    await roll.start(bench, 2)
    const common = ['rehearse', bench.profile, '--master', 'embedded', '--out', bench.out, ...roll.at(2)]
    // As if more than 30 a second were too much for the master.
    const limit = ['--set', 'thresholds=["move: moveIn.ratePerSecond < 30"]']
    const { stdout, stderr } = await bench.bench([...common, '--find-rate', '--budget', '90s', '--json', ...limit])
    const { generator, rates } = JSON.parse(stdout)
    expect(generator.agents, stderr).toHaveLength(2)
    expect(rates.tried.length).toBeGreaterThan(1)
    const resumed = await bench.bench(['rehearse', '--resume', bench.out, ...roll.at(2)])
    expect(resumed.stderr).toMatch(/--resume goes on with what was asked for then\n.*--agents/)
    expect(resumed.status).toBe(2)
  })

  it('does the same on another’s master, whose agents are elsewhere', async () => {
    const password = { MUPDATE_BENCH_PASSWORD: 'a-password' }
    const bench = newBench()
    const elsewhere = newBench()
    roll.agents.push(elsewhere.start(['agent', '--nats', roll.url, '--capacity', '1'], password))
    const master = bench.start(['master', '--port', '0'], password)
    let text = ''
    master.child.stdout!.on('data', more => (text += more))
    master.child.stderr!.on('data', more => (text += more))
    await until('the master', () => /127\.0\.0\.1:\d+/.test(text))
    for (let i = 0; i < 100 && (await roll.call()).length < 1; i++);
    const [address] = /127\.0\.0\.1:\d+/.exec(text)!
    const allow = ['--allow-load', '127.0.0.1', '--allow-mutations', '127.0.0.1']
    const ended = await bench.run([...roll.at(1), '--master', `mupdate://murder@${address}`, ...allow], password)
    master.child.kill('SIGTERM')
    expect(ended.status, ended.stdout + ended.stderr).toBe(0)
    expect(readdirSync(join(elsewhere.directory, 'agent-spool'))).toEqual([])
  })
})

describe('an agent', { timeout: 60_000 }, () => {
  const assignment = (host: string, version = packageVersion(), run = 'r'): Request => ({
    kind: 'assign',
    assignment: {
      run,
      version,
      shards: [],
      setup: { address: { host, port: 3905 }, credentials: { user: 'u', password: '' } },
      ownPassword: true,
    } as unknown as (Request & { kind: 'assign' })['assignment'],
  })

  it('loads no master that its operator has not allowed, and takes part in no run of another version', async () => {
    const bench = newBench()
    await roll.start(bench, 1)
    const [{ id }] = (await roll.call()) as [Hello]
    const ask = async (request: Request) =>
      decode<Reply>((await roll.nats.request(controlOf(id), encode(request))).data)
    expect(await ask(assignment('192.0.2.1'))).toEqual({
      kind: 'refused',
      reason: 'its operator does not allow 192.0.2.1:3905 (mupdate-bench agent --allow-master 192.0.2.1:3905)',
    })
    expect(await ask(assignment('127.0.0.1', '0.0.1'))).toMatchObject({ reason: expect.stringContaining('0.0.1') })
    expect(await ask(assignment('127.0.0.1'))).toMatchObject({ reason: expect.stringContaining('no password') })
    expect(await ask(assignment('127.0.0.1', packageVersion(), '../r'))).toMatchObject({ reason: 'it has no such run' })
  })

  it('that cannot reach the master says so, and nothing of it is left', async () => {
    const bench = newBench()
    roll.agents.push(bench.start(['agent', '--nats', roll.url, '--capacity', '1'], { MUPDATE_BENCH_PASSWORD: 'p' }))
    for (let i = 0; i < 100 && (await roll.call()).length < 1; i++);
    const [{ id }] = (await roll.call()) as [Hello]
    const asked = await roll.nats.request(controlOf(id), encode(assignment('127.0.0.1')), { timeout: 10_000 })
    expect(decode<Reply>(asked.data)).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('nobody listens'),
    })
    await new Promise(resolve => setTimeout(resolve, 3_500))
    roll.agents[0]!.child.kill('SIGTERM')
    const { stderr, status } = await roll.agents[0]!.ended
    expect(stderr).not.toContain('controller')
    expect(status).toBe(0)
    expect(readdirSync(join(bench.directory, 'agent-spool'))).toEqual([])
  })

  it('and a run say what is wrong with NATS', async () => {
    const locked = await natsServer('authorization { user: a, password: b }\n')
    const bench = newBench()
    try {
      const wrong = await bench.bench(['agent', '--nats', locked.url, '--nats-user', 'a'], { NATS_PASSWORD: 'no' })
      expect(wrong.stderr).toMatch(/NATS at \S+: .*uthoriz.*\n {2}→ check --nats-user and NATS_PASSWORD/i)
      expect(wrong.status).toBe(2)
      const agent = bench.start(['agent', '--nats', locked.url, '--nats-user', 'a'], { NATS_PASSWORD: 'b' })
      roll.agents.push(agent)
      const run = await bench.startRun(['--nats', locked.url, '--nats-user', 'a', '--agents', '2'], {
        NATS_PASSWORD: 'b',
      }).ended
      expect(run.stderr).toContain('1 of 2 agents are there')
    } finally {
      await locked.stop()
    }
    const nobody = await bench.startRun(['--nats', 'nats://127.0.0.1:1', '--agents', '1']).ended
    expect(nobody.stderr).toMatch(/NATS at nats:\/\/127\.0\.0\.1:1: .*\n {2}→ start one there/)
    const shown = await bench.startRun(['--nats', 'nats://u:p@127.0.0.1', '--agents', '1']).ended
    expect(shown.stderr).toMatch(/can be read by everybody on this host\n {2}→ take --nats-user/)
    const none = await bench.startRun(['--agents', '1']).ended
    expect(none.stderr).toMatch(/no NATS server is given\n {2}→ add --nats/)
    expect([nobody, shown, none].map(({ status }) => status)).toEqual([2, 2, 2])
  })
})
