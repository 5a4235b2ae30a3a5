import { writeFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { afterAll, expect, it } from 'vitest'
import { SHARED, workOf } from '../support/shared-work.js'
import { niceness, Workbench } from './bench.js'

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
