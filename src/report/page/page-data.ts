/**
 * What the page in the browser is given of a run. It holds no words of the summary: those are in the HTML. Times are
 * seconds from the run's start.
 */
export interface RunPageData {
  readonly name: string
  readonly durationS: number
  /** Seconds that a point of the series covers; above 1 each such span has two: its smallest and its largest value. */
  readonly binS: number
  readonly series: Series
  /** Threads of the master that have a column `thread.<tid>`, busiest first. */
  readonly threads: readonly number[]
  readonly phases: readonly PhaseSpan[]
  /** From and to. */
  readonly thrash: readonly [number, number] | null
  readonly pegged: readonly (readonly [number, number])[]
  readonly events: readonly PageEvent[]
  readonly slaves: SlaveRows
  readonly curves: readonly Curve[]
  /** Why a chart has nothing to draw, by its id. */
  readonly missing: Readonly<Record<string, string>>
}

/** Columns of equal length; null where a second had no such value. */
export interface Series {
  readonly times: readonly number[]
  readonly columns: Readonly<Record<string, readonly (number | null)[]>>
}

export interface PhaseSpan {
  readonly name: string
  readonly fromS: number
  readonly toS: number
  /** It lasts as long as the profile says: what is measured in it counts. */
  readonly timed: boolean
}

export interface PageEvent {
  readonly atS: number
  readonly kind: string
  readonly detail: string
}

/** Slaves' states, a row each; no rows where they are so many that only columns `state.<state>` are drawn. */
export interface SlaveRows {
  readonly count: number
  /** A state that lasted less may be missing. */
  readonly resolutionS: number
  readonly rows: readonly SlaveRow[]
}

/** Where a slave stood: `states[i]` is a letter of {@link SLAVE_STATES}, from the sum of `stepsMs` up to i on. */
export interface SlaveRow {
  readonly slave: number
  readonly stepsMs: readonly number[]
  readonly states: string
}

/** An HDR percentile curve: `us[i]` is not exceeded by the share 1 - 1 / `inverse[i]`. */
export interface Curve {
  /** A phase, or {@link ALL_TIMED}. */
  readonly scope: string
  readonly metric: string
  readonly time: 'response' | 'service'
  readonly count: number
  /** Those of `count` that never ended: they are in it with the time they were waited for. Absent where none are. */
  readonly unfinished?: number
  readonly inverse: readonly number[]
  readonly us: readonly number[]
}

export const ALL_TIMED = 'all timed phases'

/** Runs beside each other; each begins at `originS` of its own time, so that their phases lie above each other. */
export interface ComparisonPageData {
  readonly runs: readonly { readonly label: string; readonly originS: number; readonly data: RunPageData }[]
}

export type PageData =
  | { readonly kind: 'run'; readonly run: RunPageData }
  | { readonly kind: 'comparison'; readonly comparison: ComparisonPageData }
