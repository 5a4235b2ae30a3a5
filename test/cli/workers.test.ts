import { readFileSync, writeFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { BANNER, lineServer, loggedIn } from '../support/line-server.js'
import { ARRIVING, SHARED, workOf } from '../support/shared-work.js'
import { niceness, Workbench } from './bench.js'

/** Of which the master will not take all. */
const UNTAKEN = `\
site: { mailboxes: 300, backends: 3 }
backends: { connection: kept, arrivals: { kind: constant, rate: 200 }, mix: { setacl: 1, delete: 2 } }
phases:
  - { name: preload, run: [preload], until: preloaded, limit: 20s }
  - { name: work, run: [backends], duration: 2s }
  - { name: drain, run: [], until: idle, limit: 5s }
`

const benches: Workbench[] = []
afterAll(() => {
  for (const bench of benches) bench.remove()
})

function newBench(): Workbench {
  const bench = new Workbench()
  benches.push(bench)
  return bench
}

async function runIn(workers: number): Promise<{ bench: Workbench; stdout: string }> {
  const bench = newBench()
  writeFileSync(bench.profile, SHARED)
  const { status, stdout, stderr } = await bench.run(['--workers', String(workers)])
  expect(status, stdout + stderr).toBe(0)
  return { bench, stdout }
}

it('does the same work in four threads as in one, and follows and compares all slaves together', async () => {
  const [one, four] = [await runIn(1), await runIn(4)]
  expect(workOf(four.bench)).toEqual(workOf(one.bench))
  const { slaves, moves, propagation } = workOf(four.bench)
  expect(slaves).toEqual({ count: 12, streaming: 9, resyncs: 3, differenceCount: 0 })
  expect(moves.filter(move => move.endsWith('restarted'))).toHaveLength(3)
  expect(propagation.first).toBeGreaterThan(300)
  expect([one, four].map(({ bench }) => bench.result().generator.workers)).toEqual([1, 4])
  expect(four.stdout).toContain('4 threads of load')
}, 120_000)

/** @returns what was sent of mailboxes, in the order of the alphabet, and by which threads */
function sentIn(path: string) {
  const mutations = /^(ACTIVATE|RESERVE|DEACTIVATE|DELETE|FIND)$/
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
  const sent = lines
    .map(line => JSON.parse(line))
    .filter(({ from, verb }) => from === 'client' && mutations.test(verb as string))
  return {
    commands: sent.map(({ verb, arguments: names }) => `${verb} ${names}`).sort(),
    threads: new Set(sent.map(({ connection }) => Math.floor(connection / 1e8))).size,
  }
}

async function traced(workers: number, profile: string) {
  const bench = newBench()
  writeFileSync(bench.profile, profile)
  const trace = join(bench.directory, 'trace.ndjson')
  const { status, stdout, stderr } = await bench.run(['--workers', String(workers), '--trace', trace])
  expect(status, stdout + stderr).toBe(0)
  return { ...sentIn(trace), work: workOf(bench) }
}

it('sends what arrives from three threads, each for its own backends, byte for byte as from one', async () => {
  const [one, three] = [await traced(1, ARRIVING), await traced(3, ARRIVING)]
  expect([one.threads, three.threads]).toEqual([1, 3])
  expect(one.commands.length).toBeGreaterThan(1000)
  expect(three.commands).toEqual(one.commands)
  expect(three.work).toEqual(one.work)
  expect(one.work.slaves.differenceCount).toBe(0)
}, 120_000)

it.each([
  {
    why: 'a closed loop goes on with whichever answer comes',
    from: 'kind: burst, size: 20, every: 100ms',
    to: 'kind: closed, concurrency: 3',
  },
  {
    why: 'a unified backend kicks the slave on its own host',
    from: 'start: simultaneous',
    to: 'start: simultaneous, others: [{ count: 2, backend: true }]',
  },
])(
  'sends all from one thread where $why',
  async ({ from, to }) => {
    expect((await traced(3, ARRIVING.replace(from, to))).threads).toBe(1)
  },
  60_000,
)

it('sends no operation on a mailbox that the master did not take, from whichever thread', async () => {
  const refused = new Set<string>()
  const operations: string[] = []
  const server = await lineServer(
    BANNER,
    loggedIn((tag, rest) => {
      const [verb] = rest.split(' ')
      const [, length, after = ''] = /\{(\d+)\+\}\r\n(.*)/s.exec(rest) ?? []
      const name = after.slice(0, Number(length))
      if (verb === 'ACTIVATE' && operations.length === 0 && name.endsWith('.Sent')) {
        refused.add(name)
        return `${tag} NO "not that one"\r\n`
      }
      // The first of them is one of a command that no preload sends.
      if (verb === 'RESERVE' || verb === 'DELETE' || operations.length > 0) operations.push(name)
      return `${tag} OK "done"\r\n`
    }),
  )
  const bench = newBench()
  writeFileSync(bench.profile, UNTAKEN)
  const url = `mupdate://bench@127.0.0.1:${server.address.port}`
  const { stdout, stderr } = await bench.run(['--workers', '3', '--master', url, '--keep'], {
    MUPDATE_BENCH_PASSWORD: 'secret',
  })
  await server.close()
  expect(bench.result().generator.workers).toBe(3)
  expect(refused.size, stdout + stderr).toBeGreaterThan(20)
  expect(operations.length).toBeGreaterThan(200)
  expect(operations.filter(name => refused.has(name))).toEqual([])
}, 60_000)

it.each([
  { workers: 1, polite: 0 },
  { workers: 3, polite: 3 },
])(
  'of $workers threads of load $polite give way to probes and the master',
  async ({ workers, polite }) => {
    const bench = newBench()
    writeFileSync(
      bench.profile,
      SHARED.replace('rate: 100', 'rate: 20').replace('run: [slaves, kicks]', 'run: [slaves, kicks, probes]'),
    )
    const run = bench.startRun(['--workers', String(workers)])
    await bench.inPhase('work')
    const [main, ...others] = niceness(run.pid)
    expect(main).toBe(getPriority())
    // The probes' thread is one of the others.
    expect(others.filter(nice => nice === 10)).toHaveLength(polite)
    expect(others.every(nice => nice === 10 || nice === main)).toBe(true)
  },
  60_000,
)

it.each(['0', '-1', 'many', '1.5', '1000'])('--workers %s is refused', async workers => {
  const { status, stderr } = await newBench().run(['--workers', workers])
  expect(status).toBe(2)
  expect(stderr).toMatch(/--workers <n>.*(whole number|Give 1 to 256)/)
})
