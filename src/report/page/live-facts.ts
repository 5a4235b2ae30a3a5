import type { RunResult } from '../../metrics/run-result.js'
import type { SecondLine } from '../../metrics/second-line.js'
import type { Standing } from '../../slaves/standing.js'

/** What a live page is sent, by its server-sent events; docs/live.md describes them. */
export interface RunFacts {
  readonly id: string
  readonly profile: { readonly name: string; readonly seed: number }
  readonly startedAt: string
  readonly master: { readonly kind: string; readonly version: string }
  readonly slaveCount: number
  readonly phases: readonly PhaseFacts[]
}

export interface PhaseFacts {
  readonly name: string
  readonly lengthMs: number
  /** It ends as soon as a condition holds; the length is the most that it may take. */
  readonly isLimit: boolean
}

export interface PhaseBegun extends PhaseFacts {
  /** From 1. */
  readonly number: number
  readonly count: number
  readonly startMs: number
}

export interface LiveSecond extends SecondLine {
  readonly standings: Readonly<Record<Standing, number>>
}

/** The run has a result, or came to none. */
export type RunEnd =
  | { readonly kind: 'result'; readonly state: RunResult['state']; readonly verdict: RunResult['verdict'] }
  | { readonly kind: 'failure'; readonly reason: string }
