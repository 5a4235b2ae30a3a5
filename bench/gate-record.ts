import type { RunResult } from '../src/metrics/run-result.js'

/** What a recording begins with, and goes on with after it was ended: all that has to be the same for its runs to be one series. */
export interface GateSession {
  readonly commit: string
  /** Of the code that ran. */
  readonly code: string
  readonly profile: string
  /** Masters and settings, in their order. */
  readonly variants: readonly unknown[]
  readonly host: Readonly<Record<string, unknown>>
  readonly planned: number
}

/** One line of a recording. */
export type GateLine =
  | { readonly session: GateSession; readonly at: string; readonly load: number }
  | { readonly variant: string; readonly run: GateRun }
  /** The master did not start, or there was no result: a gate counts that too. */
  | { readonly variant: string; readonly failedStart: string }

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

/** @returns the lines that are whole, and of them only up to the last whole block of so many runs */
export function wholeBlocks(text: string, block: number): string[] {
  const lines = text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(0, -1)
  const isRun = (line: string) => !line.startsWith('{"session"')
  const runs = lines.filter(isRun).length
  let extra = runs % block
  while (extra > 0) if (isRun(lines.pop()!)) extra--
  return lines
}

/** @returns what is another in this session than in that before; undefined where they are one series */
export function differs(before: GateSession, now: GateSession): string | undefined {
  const keys = ['code', 'profile', 'variants', 'host', 'planned'] as const
  return keys.find(key => JSON.stringify(before[key]) !== JSON.stringify(now[key]))
}
