import type { Interval } from '../metrics/interval.js'
import type { Convergence } from './convergence.js'
import type { Held } from './held.js'

export interface NoiseFloor {
  readonly count: number
  readonly p50Ns: number
  readonly p99Ns: number
  readonly maxNs: number
}

/** From the run to a worker. */
export type WorkerOrder =
  | { readonly kind: 'measureNoise' }
  | { readonly kind: 'phase'; readonly index: number; readonly startNs: number }
  /** To a thread that has backends: one that has slaves alone is gone, and the run goes on. */
  | { readonly kind: 'shareLost' }
  /** Mailboxes that the master did not take of the list that it was to have first: a DELETE of one kills real masters. */
  | { readonly kind: 'refused'; readonly names: readonly string[] }
  | { readonly kind: 'stop' }

/** From a worker to the run. */
export type WorkerReport =
  | { readonly kind: 'ready'; readonly tid: number | undefined }
  | { readonly kind: 'noise'; readonly floor: NoiseFloor }
  | { readonly kind: 'interval'; readonly interval: Interval }
  | {
      readonly kind: 'event'
      readonly atNs: number
      readonly event: string
      readonly detail: string
      /** Commands that may have killed the master. */
      readonly suspects: readonly string[]
    }
  | { readonly kind: 'unserved'; readonly atNs: number }
  /** Mailboxes of the preload, for the other threads that have backends. */
  | { readonly kind: 'refused'; readonly names: readonly string[] }
  /** A slave’s NOOP is not answered, and has waited for longer than the stop-loss bears. */
  | { readonly kind: 'noopWaits'; readonly ns: number }
  /** So long after the start of a phase. */
  | { readonly kind: 'began'; readonly phase: number; readonly lateNs: number }
  /** Whether the condition of the phase holds now, as far as this thread knows. */
  | { readonly kind: 'met'; readonly phase: number; readonly met: boolean }
  /** What a phase `until: converged` came to; neither is given where no slave was followed. */
  | {
      readonly kind: 'converged'
      readonly phase: number
      readonly convergence?: Convergence
      readonly failure?: string
    }
  /** What a phase `until: counted` has found wrong. */
  | { readonly kind: 'miscounted'; readonly phase: number; readonly reason: string }
  /** With what the master should hold then, where that is known. */
  | { readonly kind: 'stopped'; readonly held?: Held | undefined }
