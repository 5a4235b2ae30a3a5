import type { TimeSummary } from '../metrics/run-result.js'
import type { AgentSecond } from '../metrics/second-line.js'
import type { Standing } from '../slaves/standing.js'

/** What a live view shows: no more than what was handed to it, so that the same state always looks the same. */
export interface LiveState {
  readonly title: string
  /** Undefined until the first phase begins. */
  readonly phase?: {
    readonly name: string
    /** From 1. */
    readonly number: number
    readonly count: number
    readonly goneS: number
    readonly lengthS: number
    /** It ends as soon as a condition holds; its length is the most that it may take. */
    readonly isLimit: boolean
  }
  /** A value a second, oldest first; undefined where nothing was measured. */
  readonly noopP99Us: readonly (number | undefined)[]
  readonly masterCores: readonly (number | undefined)[]
  /** µs. */
  readonly noop?: Pick<TimeSummary, 'p50' | 'p99' | 'max' | 'lowerBounds'>
  readonly peggedShare?: number
  readonly load?: {
    readonly offeredPerSecond?: number
    readonly donePerSecond: number
    readonly createsPerSecond: number
    readonly waiting: number
  }
  readonly preload?: { readonly mailboxes: number; readonly perSecond: number }
  readonly slaves?: { readonly count: number; readonly standings: Readonly<Record<Standing, number>> }
  /** On other machines. */
  readonly agents?: readonly AgentSecond[]
  /** The last ones, oldest first. */
  readonly events: readonly string[]
}

/** As many seconds as the widest terminal has columns for. */
const MOST_SECONDS = 200
const MOST_EVENTS = 4

export const NOTHING_YET: Omit<LiveState, 'title'> = { noopP99Us: [], masterCores: [], events: [] }

/** @returns `values` with one more, and without those that nobody will see any more */
export function withValue<T>(values: readonly T[], value: T): readonly T[] {
  return [...values.slice(-(MOST_SECONDS - 1)), value]
}

export function withEvent(state: LiveState, text: string): LiveState {
  return { ...state, events: [...state.events.slice(-(MOST_EVENTS - 1)), text] }
}
