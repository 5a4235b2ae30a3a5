import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunResult } from '../../src/metrics/run-result.js'
import type { Workbench } from '../cli/bench.js'

/** Its work ends when it is done, not when time is up: it is the same, however it is shared out. */
export const SHARED = `\
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

/** What a run has done, all of which is the same however its slaves were dealt out. */
export function workOf(bench: Workbench) {
  const { phases, slaves, master }: RunResult = bench.result()
  const lines = readFileSync(join(bench.folder(), 'slaves.ndjson'), 'utf8').trimEnd().split('\n')
  const moves = lines.map(line => JSON.parse(line)).filter(({ kind }) => /joined|left|restarted/.test(kind))
  const { count, streaming, resyncs, differenceCount, propagationUs } = slaves
  return {
    slaves: { count, streaming, resyncs, differenceCount },
    moves: moves.map(({ slave, kind }) => `${slave} ${kind}`).sort(),
    steps: Object.entries(phases[2]!.steps).map(([name, { count: done, failed }]) => ({ name, done, failed })),
    servers: master.serversListed,
    // What slaves were told reached the first and the last of all, each once.
    propagation: {
      first: propagationUs?.first?.count,
      last: propagationUs?.last?.count,
      missing: propagationUs?.missing,
    },
  }
}
