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

/** What arrives, whoever sends it: as much as fits into the time of its phases. */
export const ARRIVING = `\
site: { mailboxes: 300, backends: 3 }
slaves: { count: 7, retryDelay: 20s, start: simultaneous }
backends:
  connection: kept
  arrivals: { kind: poisson, rate: 200 }
  mix: { create: 2, setacl: 2, rename: 1, delete: 1, find: 1 }
phases:
  - { name: preload, run: [preload], until: preloaded, limit: 20s }
  - { name: settle, run: [slaves], until: streaming, limit: 20s }
  - { name: work, run: [slaves, backends], duration: 2s, events: [{ at: 200ms, do: restart, slaves: 3 }] }
  - { name: more, run: [slaves, backends], duration: 1s, arrivals: { kind: burst, size: 20, every: 100ms } }
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
    operations: phases.map(({ operations }) =>
      Object.fromEntries(Object.entries(operations).map(([name, { count: done, failed }]) => [name, { done, failed }])),
    ),
    servers: master.serversListed,
    mailboxes: master.mailboxesListed,
    // What slaves were told reached the first and the last of all, each once.
    propagation: {
      first: propagationUs?.first?.count,
      last: propagationUs?.last?.count,
      missing: propagationUs?.missing,
    },
  }
}
