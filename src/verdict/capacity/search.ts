import {
  type Bounds,
  boundsOf,
  durationOf,
  type Evidence,
  evidenceOf,
  type TrialLength,
  type Tried,
} from './evidence.js'

export interface SearchOptions {
  /** Where it begins. */
  readonly start: number
  /** Loads are whole numbers from here … */
  readonly least: number
  /** … to here. */
  readonly most: number
  /** As a share of the load, and 1 at the least: the interval is made no smaller. */
  readonly resolution: number
  readonly budgetMs: number
  /** What a trial takes however small the load is. */
  readonly fixedMs: Readonly<Record<TrialLength, number>>
  /** What a trial takes, as long as none was seen. */
  readonly guessMs: Readonly<Record<TrialLength, number>>
}

export interface Conclusion {
  /** Largest load that held, null where none did. */
  readonly low: number | null
  /** Smallest load that failed by the master's own fault, null where none did. */
  readonly high: number | null
  /**
   * What lies beyond `low`: `failed`, a failure of the master; `harness`, which was the limit itself; `range`, nothing that
   * was asked for; `budget`, what there was no time for.
   */
  readonly beyond: 'failed' | 'harness' | 'range' | 'budget'
  /** Smallest load above `low` at which the harness was the limit. */
  readonly ceiling: number | null
  /** Whether full-length trials stand behind both. */
  readonly confirmed: { readonly low: boolean; readonly high: boolean }
  /** Ended before it was as exact as it could have been. */
  readonly isCutShort: boolean
  /** Loads in between whose trials contradict one another. */
  readonly doubtful: readonly number[]
}

export type SearchStep =
  | { readonly kind: 'trial'; readonly value: number; readonly length: TrialLength }
  | { readonly kind: 'end'; readonly conclusion: Conclusion }

/**
 * What comes after these trials; it depends on nothing else, so that a search that was interrupted goes on where it was.
 * Doubling, then bisection on a log scale; then full-length trials on both sides of what was found.
 */
export function nextStep(options: SearchOptions, trials: readonly Tried[]): SearchStep {
  const evidence = evidenceOf(trials)
  const bounds = boundsOf(evidence)
  const toConfirm = unconfirmed(evidence, bounds)
  const spentMs = durationOf(trials)
  const leftMs = options.budgetMs - spentMs
  const estimate = (value: number, length: TrialLength) => estimateMs(options, trials, value, length)
  const reservedMs = toConfirm.reduce((sum, value) => sum + estimate(value, 'full'), 0)
  const length = exploringLength(options, trials)
  const again = repeated(evidence, bounds, length)
  // Where full trials refute short ones, what held in a short one is no end of an interval to be halved.
  const unsure = length === 'full' ? toConfirm.find(value => value === bounds.low) : undefined
  const explored = again ?? { value: unsure ?? unexplored(options, evidence, bounds), length }
  if (explored.value !== undefined && estimate(explored.value, explored.length) + reservedMs <= leftMs)
    return { kind: 'trial', value: explored.value, length: explored.length }
  const confirming = toConfirm.find(value => estimate(value, 'full') <= leftMs)
  if (confirming !== undefined) return { kind: 'trial', value: confirming, length: 'full' }
  const isCutShort = explored.value !== undefined || toConfirm.length > 0
  return { kind: 'end', conclusion: concluded(options, evidence, bounds, isCutShort) }
}

/** @returns how near to each other both ends may be */
export function stepAt(value: number, resolution: number): number {
  return Math.max(1, Math.floor(value * resolution))
}

/** Once full trials have refuted short ones, more of these are worth nothing. */
function exploringLength({ fixedMs }: SearchOptions, trials: readonly Tried[]): TrialLength {
  if (fixedMs.short >= fixedMs.full) return 'full'
  const of = (wanted: TrialLength, outcome: Tried['outcome']) =>
    trials.filter(trial => trial.length === wanted && trial.outcome === outcome).map(({ value }) => value)
  const isRefuted =
    Math.max(...of('full', 'held')) >= Math.min(...of('short', 'failed')) ||
    Math.min(...of('full', 'failed')) <= Math.max(...of('short', 'held'))
  return isRefuted ? 'full' : 'short'
}

/** A load to be tried once more: a marginal one, a harness that was the limit once, loads that contradict each other. */
function repeated(
  evidence: readonly Evidence[],
  { doubtful }: Bounds,
  exploring: TrialLength,
): { readonly value: number; readonly length: TrialLength } | undefined {
  const open = evidence.find(
    ({ value, isSettled, isExhausted }) => !isSettled || (doubtful.includes(value) && !isExhausted),
  )
  return open === undefined ? undefined : { value: open.value, length: open.isFull ? 'full' : exploring }
}

/** The next load that was not tried before, undefined where there is no need of one. */
function unexplored(
  { start, least, most, resolution }: SearchOptions,
  evidence: readonly Evidence[],
  { low, high, ceiling, doubtful }: Bounds,
): number | undefined {
  if (evidence.length === 0) return start
  const lowest = evidence[0]!.value
  if (low === undefined) return lowest <= least ? undefined : Math.max(least, Math.floor(lowest / 2))
  const top = Math.min(high ?? Infinity, ceiling ?? Infinity)
  if (top === Infinity) {
    const highest = evidence.at(-1)!.value
    return highest >= most ? undefined : Math.min(most, highest * 2)
  }
  const inside = doubtful.filter(value => value < top)
  const gaps =
    inside.length === 0
      ? [[low, top]]
      : [
          [low, inside[0]!],
          [inside.at(-1)!, top],
        ]
  const wide = gaps
    .map(([from, to]) => ({ from: from!, to: to! }))
    .filter(({ from, to }) => to - from > stepAt(from, resolution))
    .sort((a, b) => b.to / b.from - a.to / a.from)
  return wide.length === 0 ? undefined : middleOf(wide[0]!.from, wide[0]!.to)
}

/** On a log scale. */
function middleOf(from: number, to: number): number {
  return Math.min(to - 1, Math.max(from + 1, Math.round(Math.sqrt(from * to))))
}

/** Both sides of the limit, the one that held first. */
function unconfirmed(evidence: readonly Evidence[], { low, high }: Bounds): number[] {
  const mayConfirm = (value: number | undefined) =>
    evidence.some(known => known.value === value && !known.isFull && known.mayConfirm)
  return [low, high].filter(value => value !== undefined).filter(mayConfirm)
}

/** Of the uncertainty of one trial's length. */
const MARGIN = 1.1

/** As long as its neighbours took; beyond the largest, what grows with the load in proportion. */
export function estimateMs(
  { fixedMs, guessMs }: Pick<SearchOptions, 'fixedMs' | 'guessMs'>,
  trials: readonly Tried[],
  value: number,
  length: TrialLength,
): number {
  const seen = trials
    .map(trial => ({ value: trial.value, durationMs: trial.durationMs + fixedMs[length] - fixedMs[trial.length] }))
    .sort((a, b) => a.value - b.value || a.durationMs - b.durationMs)
  const below = seen.findLast(trial => trial.value <= value)
  const above = seen.findLast(trial => trial.value === seen.find(other => other.value >= value)?.value)
  const longestMs = Math.max(below?.durationMs ?? 0, above?.durationMs ?? 0)
  if (longestMs === 0) return guessMs[length]
  const variableMs = Math.max(0, longestMs - fixedMs[length])
  const growth = above === undefined && below !== undefined ? value / below.value : 1
  return (fixedMs[length] + variableMs * growth) * MARGIN
}

function concluded(
  { least, most }: SearchOptions,
  evidence: readonly Evidence[],
  { low, high, ceiling, doubtful }: Bounds,
  isCutShort: boolean,
): Conclusion {
  const isFull = (value: number | undefined) => evidence.some(known => known.value === value && known.isFull)
  const isRange = low === undefined ? evidence[0]?.value === least : evidence.at(-1)?.value === most
  return {
    low: low ?? null,
    high: high ?? null,
    beyond: high !== undefined ? 'failed' : ceiling !== undefined ? 'harness' : isRange ? 'range' : 'budget',
    ceiling: ceiling ?? null,
    confirmed: { low: isFull(low), high: isFull(high) },
    isCutShort,
    doubtful,
  }
}
