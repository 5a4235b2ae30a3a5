import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import type { RunResult } from '../../src/metrics/run-result.js'
import { Workbench } from './bench.js'

const benches: Workbench[] = []
afterAll(() => {
  for (const bench of benches) bench.remove()
})

/** Its work ends when it is done, not when time is up: it is the same, however it is shared out. */
const SHARED = `\
site: { mailboxes: 300, backends: 3 }
slaves:
  count: 7
  retryDelay: 20s
  start: simultaneous
  others: [{ count: 2, backend: true }, { count: 1, servers: [be1.example.com] }]
kicks: { rate: 20 }
phases:
  - { name: preload, run: [preload], until: preloaded, limit: 20s }
  - { name: settle, run: [slaves], until: streaming, limit: 20s }
  - name: work
    run: [slaves, kicks]
    step: { create: { users: 40 }, rate: 100 }
    until: done
    events:
      - { at: 200ms, do: restart, slaves: 3 }
      - { at: 400ms, do: join, slaves: 2 }
      - { at: 700ms, do: leave, slaves: 3 }
  - { name: drain, run: [slaves], until: idle, limit: 5s }
  - { name: compare, run: [slaves], until: converged }
`

async function runIn(workers: number): Promise<{ result: RunResult; moves: string[]; stdout: string }> {
  const bench = new Workbench()
  benches.push(bench)
  writeFileSync(bench.profile, SHARED)
  const { status, stdout, stderr } = await bench.run(['--workers', String(workers)])
  expect(status, stdout + stderr).toBe(0)
  const lines = readFileSync(join(bench.folder(), 'slaves.ndjson'), 'utf8').trimEnd().split('\n')
  const moves = lines.map(line => JSON.parse(line)).filter(({ kind }) => /joined|left|restarted/.test(kind))
  return { result: bench.result(), moves: moves.map(({ slave, kind }) => `${slave} ${kind}`).sort(), stdout }
}

it('does the same work in four threads as in one, and compares and follows all slaves together', {
  timeout: 120_000,
}, async () => {
  const [one, four] = [await runIn(1), await runIn(4)]
  expect(four.moves).toEqual(one.moves)
  expect(four.moves.filter(move => move.endsWith('restarted'))).toHaveLength(3)
  const { result } = four
  expect([one.result, result].map(({ generator }) => generator.workers)).toEqual([1, 4])
  expect(four.stdout).toContain('4 threads of load')
  for (const { slaves } of [one.result, result])
    expect(slaves).toMatchObject({
      count: 12,
      streaming: 9,
      resyncs: 3,
      differenceCount: 0,
      propagationUs: { missing: 0 },
    })
  const worked = ({ phases }: RunResult) => Object.values(phases[2]!.steps).map(({ count, failed }) => [count, failed])
  expect(worked(result)).toEqual(worked(one.result))
  expect(result.master.serversListed).toEqual(one.result.master.serversListed)
  // What is made known to slaves of all threads is made known to the first and the last of all, each once.
  const counts = ({ slaves }: RunResult) => [slaves.propagationUs!.first!.count, slaves.propagationUs!.last!.count]
  expect(counts(result)).toEqual(counts(one.result))
  expect(counts(result)[0]).toBeGreaterThan(300)
})

it.each(['0', '-1', 'many', '1.5', '1000'])('--workers %s is refused', async workers => {
  const bench = new Workbench()
  benches.push(bench)
  const { status, stderr } = await bench.run(['--workers', workers])
  expect(status).toBe(2)
  expect(stderr).toMatch(/--workers <n>.*(whole number|Give 1 to 256)/)
})
