import type { Command } from '../core/operation.js'

/** What a replay can send. Logins are in no log: each connection makes its own. */
export type TracedCommand = Exclude<Command, { readonly kind: 'AUTHENTICATE' | 'STARTTLS' | 'COMPRESS' }>

export type Answer = 'OK' | 'NO' | 'BAD'

/** One command of a connection that was recorded. */
export interface TraceStep {
  readonly command: TracedCommand
  /** When the master, or a recorder before it, read it, s since 1970; a telemetry log has whole seconds. */
  readonly atS: number
  /** It was sent before all that its client had sent until then was answered. */
  readonly isPipelined: boolean
  /** Undefined where the log ends before it. */
  readonly answer: Answer | undefined
}

/** What a client said on one connection, in its order. */
export interface ConnectionTrace {
  readonly path: string
  /** s since 1970; to the µs where the log's name says it. */
  readonly startS: number
  /** The last second in which something was said on it. */
  readonly endS: number
  readonly steps: readonly TraceStep[]
  /** What of it cannot be replayed, and how often that was there. */
  readonly leftOut: ReadonlyMap<string, number>
  /** Times are to the µs; else they are whole seconds. */
  readonly isExact: boolean
}

/** The mailbox that a command changes; undefined for all that change none. */
export function changedMailbox(command: TracedCommand): string | undefined {
  switch (command.kind) {
    case 'ACTIVATE':
    case 'RESERVE':
    case 'DEACTIVATE':
    case 'DELETE':
      return command.name
    case 'FIND':
    case 'LIST':
    case 'UPDATE':
    case 'NOOP':
    case 'LOGOUT':
      return undefined
  }
}

/**
 * Most connections that were open at one time. Both ends count as open, so that of commands that wait for one another, the
 * earliest is never on a connection that is not open yet when no more than so many may be.
 */
export function mostAtOnce(traces: readonly Pick<ConnectionTrace, 'startS' | 'endS'>[]): number {
  const starts = traces.map(({ startS }) => startS).sort((a, b) => a - b)
  const ends = traces.map(({ endS }) => endS).sort((a, b) => a - b)
  let [most, ended] = [0, 0]
  for (const [begun, startS] of starts.entries()) {
    while (ends[ended]! < startS) ended++
    most = Math.max(most, begun + 1 - ended)
  }
  return most
}
