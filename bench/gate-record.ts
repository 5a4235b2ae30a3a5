import type { GateResult } from '../src/metrics/gate-result.js'
import type { RunResult } from '../src/metrics/run-result.js'

/** What a recording begins with, and goes on with after it was ended: all that has to be the same for its gates to be one series. */
export interface GateSession {
  readonly commit: string
  /** Of the code that ran. */
  readonly code: string
  readonly profile: string
  /** What is measured in turn, as arguments of `gate`. */
  readonly variants: readonly unknown[]
  readonly host: Readonly<Record<string, unknown>>
  readonly planned: number
}

/** One line of a recording. */
export type GateLine = { readonly session: GateSession; readonly at: string } | RecordedGate

/** A gate as `gate` ran it, with of its runs what it looks at, so that it can be judged again. */
export interface RecordedGate extends Pick<GateResult, 'startedAt' | 'failedStarts'> {
  readonly variant: string
  /** That were asked for. */
  readonly pairs: number
  /** Exit status, of what it was judged then. */
  readonly status: number
  /** Of the host over the last minute, before it began. */
  readonly load: number
  /** Those of one pair in the same place of both. */
  readonly a: readonly GateRun[]
  readonly b: readonly GateRun[]
  /** Of pairs that were measured again. */
  readonly discarded: { readonly a: readonly GateRun[]; readonly b: readonly GateRun[] }
}

/** Of a run what a gate looks at. */
export interface GateRun extends Pick<RunResult, 'startedAt' | 'state' | 'verdict'> {
  readonly master: Pick<
    RunResult['master'],
    'version' | 'mailboxDatabase' | 'restarts' | 'rssPeakBytes' | 'mailboxesListed'
  >
  readonly phases: RunResult['phases']
  readonly slaves: Pick<
    RunResult['slaves'],
    'count' | 'resyncs' | 'timeouts' | 'thrash' | 'comparisons' | 'propagationUs'
  >
  readonly total: Pick<RunResult['total'], 'operations' | 'commands'>
}

export function gateRun({ startedAt, state, verdict, master, phases, slaves, total }: RunResult): GateRun {
  const { version, mailboxDatabase, restarts, rssPeakBytes, mailboxesListed } = master
  const { count, resyncs, timeouts, thrash, comparisons, propagationUs } = slaves
  return {
    startedAt,
    state,
    verdict,
    master: { version, mailboxDatabase, restarts, rssPeakBytes, mailboxesListed },
    phases: phases.map(phase => ({ ...phase, commands: only(phase.commands, ['UPDATE']) })),
    slaves: { count, resyncs, timeouts, thrash, comparisons, propagationUs },
    total: { operations: total.operations, commands: only(total.commands, ['NOOP.slave', 'NOOP.plain']) },
  }
}

function only<T>(all: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)))
}

/** @returns the lines that are whole: the last one may have been cut off */
export function wholeLines(text: string): GateLine[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line) as GateLine)
}

/** @returns what is another in this session than in that before; undefined where they are one series */
export function differs(before: GateSession, now: GateSession): string | undefined {
  const keys = ['code', 'profile', 'variants', 'host', 'planned'] as const
  return keys.find(key => JSON.stringify(before[key]) !== JSON.stringify(now[key]))
}
