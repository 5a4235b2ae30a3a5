import { readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { cyrusMaster } from '../../src/masters/cyrus/cyrus-master.js'
import type { Master } from '../../src/masters/master.js'
import { gateResultSchema } from '../../src/metrics/gate-result.js'
import type { RunResult } from '../../src/metrics/run-result.js'
import { SMALL, type Started, until, Workbench } from '../cli/bench.js'
import { natsServer } from '../support/nats-server.js'

/** Long enough for something to happen to who watches. */
const LONG = SMALL.replace('1500ms', '12s')
/** CPU that is worth a comparison. */
const MUCH = SMALL.replace('mailboxes: 300', 'mailboxes: 6000').replace(
  'until: preloaded, limit: 20s',
  'until: preloaded',
)

/** Creates alone, some three seconds. */
const CREATES = `\
site: { mailboxes: 1000, backends: 2 }
slaves: { count: 1, retryDelay: 20s }
backends: { connection: kept, mix: { create: 1 } }
phases:
  - { name: preload, run: [preload], until: preloaded, limit: 20s }
  - { name: settle, run: [slaves], until: streaming, limit: 20s }
  - { name: creates, run: [backends], duration: 1s, arrivals: { kind: closed, concurrency: 2 } }
converge: false
`

let server: Awaited<ReturnType<typeof natsServer>>
let master: Master
let bench: Workbench

beforeAll(async () => {
  server = await natsServer()
  master = cyrusMaster()
  await master.start()
}, 60_000)
beforeEach(() => {
  bench = new Workbench()
})
afterEach(() => bench.remove())
afterAll(async () => {
  await master.stop()
  await server.stop()
})

/** As somebody else's: by its URL. */
function urlOf({ credentials, address }: Master): string {
  return `mupdate://${credentials.user}@127.0.0.1:${address.port}`
}

function remote(): readonly string[] {
  return ['--master', urlOf(master)]
}

function env(): Record<string, string> {
  return { MUPDATE_BENCH_PASSWORD: master.credentials.password }
}

function startProbe(...args: readonly string[]) {
  return startProbeOf(master, ...args)
}

async function startProbeOf(
  watched: Master,
  ...args: readonly string[]
): Promise<Started & { readonly said: () => string }> {
  const probe = bench.start(['probe', '--nats', server.url, '--name', 'beside', ...args])
  let said = ''
  probe.child.stderr!.on('data', text => (said += text))
  await until('a probe that waits', () => said.includes(' waits at '))
  expect(said).toContain(`process ${watched.pid()}, port`)
  return { ...probe, said: () => said }
}

const onPort = () => ['--port', String(master.address.port)]

function cpuMs({ master: { threads } }: RunResult): number {
  return threads.reduce((sum, thread) => sum + thread.cpuMs, 0)
}

describe('a probe beside a remote Cyrus', { timeout: 180_000 }, () => {
  it('has a run see what one on the same host sees: CPU per thread and phase, memory, descriptors', async () => {
    writeFileSync(bench.profile, MUCH)
    // Be they invalid: however late it came, it was the same work.
    await bench.startRun(['--master', 'cyrus']).ended
    const local = bench.result()
    const { said } = await startProbe(...onPort())
    const { stdout } = await bench.startRun([...remote(), '--nats', server.url], env()).ended
    const result = bench.result()
    for (const { state, phases } of [local, result]) expect([state, phases.length]).toEqual(['ended', 5])
    expect(result.master).toMatchObject({ kind: 'remote', restarts: 0 })
    // On this host, whose clock is one.
    expect(result.master.probe).toEqual({
      name: 'beside',
      host: hostname(),
      clockOffsetUs: 0,
      clockErrorUs: 0,
      missedMs: 0,
      lost: null,
    })
    expect(cpuMs(result)).toBeGreaterThan(cpuMs(local) / 2)
    expect(cpuMs(result)).toBeLessThan(cpuMs(local) * 2)
    expect(result.master.threads[0]!.peakShare).toBeGreaterThan(local.master.threads[0]!.peakShare / 3)
    const preload = ({ phases }: RunResult) => phases[0]!.master!
    expect(preload(result).cpuMs).toBeGreaterThan(preload(local).cpuMs / 2)
    expect(preload(result).cpuMs).toBeLessThan(preload(local).cpuMs * 2)
    expect(preload(result).writeCalls).toBeGreaterThan(preload(local).writeCalls! / 2)
    for (const phase of result.phases) expect(phase.master, phase.name).not.toBeNull()
    expect(result.master.rssPeakBytes).toBeGreaterThan(1e6)
    expect(result.master.descriptorsPeak).toBeGreaterThan(5)
    expect(stdout).toMatch(/CPU: \d\.\d\d cores on average/)
    expect(stdout).toMatch(/its process was watched by probe beside on \S+/)
    expect(secondsOf(bench).some(second => (second.master?.threads.length ?? 0) > 0)).toBe(true)
    await until('its rest', () => said().includes('nobody asks any more'))
  })

  it('can be an agent, that has its part of the slaves as well', async () => {
    const args = ['agent', '--nats', server.url, '--name', 'both', '--capacity', '1', '--probe', ...onPort()]
    const agent = bench.start(args, env())
    let told = ''
    agent.child.stderr!.on('data', text => (told += text))
    await until('an agent and a probe', () => /probe both .* waits at [\s\S]*agent both .* waits at /.test(told))
    const options = [...remote(), '--nats', server.url, '--agents', '1']
    const { stdout } = await bench.startRun(options, env()).ended
    const { master: seen, generator, slaves } = bench.result()
    expect(seen.probe, stdout).toMatchObject({ name: 'both', missedMs: 0, lost: null })
    expect(seen.threads.length).toBeGreaterThan(0)
    expect(seen.cpu.meanCores).toBeGreaterThan(0)
    expect(generator.agents).toMatchObject([{ name: 'both', shards: ['load-2'], lost: null }])
    expect(slaves).toMatchObject({ converged: true, count: 2 })
    agent.child.kill('SIGTERM')
    expect((await agent.ended).status).toBe(0)
    const unasked = await bench.bench(['agent', '--nats', server.url, '--port', '3905'])
    expect(unasked.stderr).toContain('--port without --probe: it says which master is watched')
    expect(unasked.status).toBe(2)
  })

  it('that is killed is told of: no phase of which a part is missing has figures', async () => {
    writeFileSync(bench.profile, LONG)
    const probe = await startProbe(...onPort())
    const run = bench.startRun([...remote(), '--nats', server.url], env())
    await bench.inPhase('steady')
    probe.child.kill('SIGKILL')
    await until('the loss', () => bench.events().some(({ kind }) => kind === 'probe-lost'))
    const { stdout } = await run.ended
    const { master: seen, phases } = bench.result()
    expect(seen.probe).toMatchObject({ name: 'beside', lost: 'nothing was heard of it for 2.5 s' })
    expect(seen.probe!.missedMs).toBeGreaterThan(8_000)
    expect(phases.map(({ name, master: figures }) => [name, figures !== null])).toEqual([
      ['preload', true],
      ['settle', true],
      ['steady', false],
      ['drain', false],
      ['compare', false],
    ])
    expect(secondsOf(bench).at(-1)!.master).toBeNull()
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(
      /NOT WATCHED for [\d.]+ s, since probe beside on \S+ was not heard, and it did not come back: nothing was heard of it for 2.5 s/,
    )
    expect(readFileSync(join(bench.folder(), 'report.html'), 'utf8')).toContain('NOT WATCHED for')
  })

  it('that was frozen comes back, and what it says of meanwhile is not taken', async () => {
    writeFileSync(bench.profile, LONG)
    const probe = await startProbe(...onPort())
    const run = bench.startRun([...remote(), '--nats', server.url], env())
    await bench.inPhase('steady')
    probe.child.kill('SIGSTOP')
    await until('the loss', () => bench.events().some(({ kind }) => kind === 'probe-lost'))
    probe.child.kill('SIGCONT')
    await until('its coming back', () => bench.events().some(({ kind }) => kind === 'probe-back'))
    await run.ended
    const { master: seen, phases } = bench.result()
    expect(seen.probe!.lost).toBeNull()
    expect(seen.probe!.missedMs).toBeGreaterThan(2_400)
    expect(seen.probe!.missedMs).toBeLessThan(6_000)
    expect(phases.map(({ master: figures }) => figures !== null)).toEqual([true, true, false, true, true])
  })

  it('follows a mupdate that is started anew', async () => {
    writeFileSync(bench.profile, LONG)
    await startProbe(...onPort())
    const run = bench.startRun([...remote(), '--nats', server.url], env())
    await bench.inPhase('steady')
    const [killed, killedAtMs] = [master.pid()!, secondsOf(bench).at(-1)!.atMs]
    process.kill(killed, 'SIGKILL')
    await until('another mupdate', () => master.pid() !== undefined && master.pid() !== killed)
    await run.ended
    const [restart] = bench.events().filter(({ kind }) => kind === 'master-restarted')
    expect(restart!.detail).toBe(`pid ${killed} → ${master.pid()}`)
    expect(bench.result().master.restarts).toBe(1)
    expect(bench.result().master.probe!.missedMs).toBe(0)
    const after = secondsOf(bench).filter(({ atMs }) => atMs > killedAtMs + 4_000)
    expect(after.some(second => (second.master?.meanCores ?? 0) > 0)).toBe(true)
  })

  it('is asked for by its name, whatever it is beside, and one that is not there is an error', async () => {
    await startProbe('--pid', String(master.pid()))
    await bench.startRun([...remote(), '--nats', server.url, '--probe', 'beside'], env()).ended
    expect(bench.result().master).toMatchObject({ probe: { name: 'beside' }, cpu: { meanCores: expect.any(Number) } })
    const nobody = await bench.startRun([...remote(), '--nats', server.url, '--probe', 'nobody'], env()).ended
    expect(nobody.stderr).toMatch(/probe nobody is not there; there are beside \(\S+:\d+\)\n {2}→ on the master’s host/)
    const own = await bench.startRun(['--master', 'cyrus', '--probe', 'beside', '--nats', server.url]).ended
    expect(own.stderr).toContain('--probe with --master cyrus')
    expect([nobody.status, own.status]).toEqual([2, 2])
  })
})

describe('probes of the runs of other commands', { timeout: 300_000 }, () => {
  const allow = ['--allow-load', '127.0.0.1', '--allow-mutations', '127.0.0.1']

  it('are beside both masters of a gate, whose CPU decides then', async () => {
    const other = cyrusMaster()
    await other.start()
    try {
      await startProbe(...onPort())
      await startProbeOf(other, '--port', String(other.address.port), '--name', 'beside-b')
      const profile = bench.file('creates.yaml', CREATES)
      const ofB = bench.file('b-password', other.credentials.password)
      const sides = ['--a', urlOf(master), '--b', urlOf(other), '--b-password-file', ofB, '--pairs', '6']
      const args = ['gate', profile, ...sides, '--gating', 'cpuPerCreates', '--json', '--out', bench.out, ...allow]
      const begun = bench.start([...args, '--nats', server.url], env())
      let said = ''
      begun.child.stderr!.on('data', text => (said += text))
      await until('a pair', () => /pair 1 of 6 measured/.test(said), 60_000)
      begun.child.kill('SIGINT')
      const { stdout, stderr } = await begun.ended
      const { metrics, ...sidesOf } = gateResultSchema.parse(JSON.parse(stdout))
      // None was begun after that.
      expect([sidesOf.a.runs.length, sidesOf.b.runs.length], stderr).toEqual([1, 1])
      const { a, b } = metrics.find(({ name }) => name === 'cpuPerCreates')!
      // One Cyrus is as good as the other, give or take what a busy machine does to one of them.
      expect(b.median / a.median, stderr).toBeGreaterThan(0.3)
      expect(b.median / a.median).toBeLessThan(3)
      const without = await bench.bench(args, env())
      expect(without.stderr).toContain('give no cpuPerCreates, which should decide')
      expect(without.status).toBe(2)
    } finally {
      await other.stop()
    }
  })

  it('are told once that none is beside it, and a gate of its own masters has no use for them', async () => {
    const search = ['capacity', bench.profile, '--vary', 'slaves', '--from', '1', '--to', '2', '--budget', '3m']
    const { stderr } = await bench.bench(
      [...search, ...remote(), '--nats', server.url, '--out', bench.out, ...allow],
      env(),
    )
    expect(stderr.match(/no probe is beside/g), stderr).toHaveLength(1)
    const own = await bench.bench(['gate', bench.profile, '--aa', '--nats', server.url, '--out', bench.out])
    expect(own.stderr).toMatch(/--nats with --a cyrus, --b cyrus: nobody is asked for there\n {2}→ leave it out/)
    expect(own.status).toBe(2)
  })
})

describe('a remote Cyrus without a probe', { timeout: 120_000 }, () => {
  it.each([{ nats: true }, { nats: false }])('is said not to be measured (NATS: $nats)', async ({ nats }) => {
    if (nats) {
      // Beside another one.
      const other = bench.start(['probe', '--nats', server.url, '--port', '1', '--name', 'other'])
      await sleep(1_000)
      expect(other.child.exitCode).toBeNull()
    }
    const { stdout, stderr } = await bench.startRun([...remote(), ...(nats ? ['--nats', server.url] : [])], env()).ended
    const { master: seen, phases } = bench.result()
    expect(seen.probe).toBeNull()
    expect(seen.threads).toEqual([])
    expect(Object.values(seen.cpu)).toEqual([null, null, null, null])
    for (const { master: figures } of phases) expect(figures).toBeNull()
    for (const second of secondsOf(bench)) expect(second.master).toBeNull()
    const words = stdout.replaceAll(/\s+/g, ' ')
    expect(words).toContain(
      'CPU of the master: not measured: it is not this run’s own; mupdate-bench probe --nats URL on its host',
    )
    expect(words).not.toContain('cores on average')
    const page = readFileSync(join(bench.folder(), 'report.html'), 'utf8')
    expect(page).toMatch(/<dt>CPU of the master<\/dt><dd>not measured/)
    expect(page).not.toContain('the master was pegged for')
    expect(page).toContain('Not measured: it is not this run’s own; mupdate-bench probe')
    const warned = /no probe is beside 127\.0\.0\.1:\d+; there are other \(\S+\): the CPU of the master is not measured/
    expect(warned.test(stderr)).toBe(nats)
  })
})

interface WatchedSecond {
  readonly atMs: number
  readonly master: { readonly meanCores: number; readonly threads: readonly unknown[] } | null
}

function secondsOf(of: Workbench): WatchedSecond[] {
  const lines = readFileSync(join(of.folder(), 'series.ndjson'), 'utf8').split('\n').slice(0, -1)
  return lines.map(line => JSON.parse(line))
}

it('a probe whose NATS is gone ends when it is told to', async () => {
  const other = await natsServer()
  try {
    const probe = bench.start(['probe', '--nats', other.url, '--pid', String(process.pid)])
    let told = ''
    probe.child.stderr!.on('data', text => (told += text))
    await until('the probe', () => told.includes('waits at'))
    await other.stop()
    probe.child.kill('SIGTERM')
    const late = new Promise<undefined>(resolve => setTimeout(resolve, 8_000, undefined))
    expect(await Promise.race([probe.ended, late])).toMatchObject({ status: 0 })
  } finally {
    await other.stop()
  }
}, 30_000)
