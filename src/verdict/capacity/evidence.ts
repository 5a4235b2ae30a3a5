/** Short ones explore, full ones confirm. */
export type TrialLength = 'short' | 'full'

/** One trial, as far as the search looks at it. */
export interface Tried {
  readonly value: number
  readonly length: TrialLength
  /** harness: it was the limit itself, so nothing is known of the master. */
  readonly outcome: 'held' | 'failed' | 'harness'
  /** So near to its thresholds that another one might have come out otherwise. */
  readonly marginal: boolean
  readonly durationMs: number
}

/** What is known of one load. */
export interface Evidence {
  readonly value: number
  /** unclear: its trials contradict one another. */
  readonly standing: 'held' | 'failed' | 'unclear' | 'harness'
  /** A full-length trial stands behind it. */
  readonly isFull: boolean
  /** The harness holds full-length trials of it, as far as is known. */
  readonly mayConfirm: boolean
  /** As often as is worth while: by trials that say something, or where the harness has been the limit again and again. */
  readonly isExhausted: boolean
  /** Whether another trial could change it. */
  readonly isSettled: boolean
}

/** Where trials disagree, or are marginal, there are so many. */
const MOST_REPEATS = 3
/** Full trials that have to hold where a short one failed: what fails now and then has not held. */
const HELD_AGAIN = 2
/** A harness that was the limit twice is one that is. */
const HARNESS_REPEATS = 2

/** Trials one after the other, or phases. @returns ms */
export function durationOf(parts: readonly { readonly durationMs: number }[]): number {
  return parts.reduce((sum, { durationMs }) => sum + durationMs, 0)
}

/**
 * Of each load that was tried, the least first. What short trials say is forgotten where a full one says otherwise, of that
 * load or of one beyond it: a load that is kept in full is kept at half.
 */
export function evidenceOf(trials: readonly Tried[]): Evidence[] {
  const values = [...new Set(trials.map(({ value }) => value))].sort((a, b) => a - b)
  const all = values.map(value => evidenceAt(value, trials))
  const fullOf = (wanted: Evidence['standing']) =>
    all
      .filter(({ isFull, standing, isSettled }) => isFull && isSettled && standing === wanted)
      .map(({ value }) => value)
  const held = Math.max(...fullOf('held'))
  const failed = Math.min(...fullOf('failed'))
  const isRefuted = ({ value, standing }: Evidence) =>
    (value < held && (standing === 'failed' || standing === 'unclear')) ||
    (value > failed && (standing === 'held' || standing === 'unclear'))
  return all.filter(known => known.isFull || !isRefuted(known))
}

/** Full-length trials outweigh short ones: what takes long to break does not break in them. */
function evidenceAt(value: number, trials: readonly Tried[]): Evidence {
  const all = trials.filter(trial => trial.value === value)
  const said = all.filter(({ outcome }) => outcome !== 'harness')
  const full = said.filter(({ length }) => length === 'full')
  const own = full.length > 0 ? full : said
  const limited = all.filter(({ outcome }) => outcome === 'harness')
  const limitedInFull = limited.filter(({ length }) => length === 'full')
  const inVain = full.length > 0 ? limitedInFull : limited
  const common = {
    value,
    isFull: full.length > 0,
    mayConfirm: limitedInFull.length < HARNESS_REPEATS,
    isExhausted: own.length >= MOST_REPEATS || inVain.length >= HARNESS_REPEATS,
  }
  const { isExhausted } = common
  if (own.length === 0) return { ...common, standing: 'harness', isSettled: isExhausted }
  const held = own.filter(({ outcome }) => outcome === 'held').length
  if (held > 0 && held < own.length) return { ...common, standing: 'unclear', isSettled: isExhausted }
  // Short ones that say the same count as well.
  const alike = all.filter(({ outcome }) => outcome === own[0]!.outcome).length
  const needed = held > 0 && isDisputed(value, common.isFull, trials) ? HELD_AGAIN : 1
  const clear = own.filter(({ marginal }) => !marginal).length
  const isSettled = isExhausted || alike >= MOST_REPEATS || clear >= needed
  return { ...common, standing: held > 0 ? 'held' : 'failed', isSettled }
}

/** A short trial of no more than this failed, which a full one held. */
function isDisputed(value: number, isFull: boolean, trials: readonly Tried[]): boolean {
  return isFull && trials.some(trial => trial.length === 'short' && trial.outcome === 'failed' && trial.value <= value)
}

/** Where the limit lies. */
export interface Bounds {
  /** Largest load that held, below all that did not; undefined: none. */
  readonly low: number | undefined
  /** Smallest load that failed, above all that held; undefined: none. */
  readonly high: number | undefined
  /** Smallest load above `low` at which the harness was the limit. */
  readonly ceiling: number | undefined
  /** Loads between them whose trials contradict one another, or those of other loads. */
  readonly doubtful: readonly number[]
}

/** A contradiction makes the interval wider: it then goes from what nothing speaks against to what nothing speaks for. */
export function boundsOf(evidence: readonly Evidence[]): Bounds {
  const valuesOf = (...wanted: Evidence['standing'][]) =>
    evidence.filter(({ standing }) => wanted.includes(standing)).map(({ value }) => value)
  const firstFailed = Math.min(...valuesOf('failed', 'unclear'))
  const lastHeld = Math.max(...valuesOf('held', 'unclear'))
  const low = valuesOf('held').findLast(value => value < firstFailed)
  const high = valuesOf('failed').find(value => value > lastHeld)
  const isInside = (value: number) => value > (low ?? -Infinity) && value < (high ?? Infinity)
  return {
    low,
    high,
    ceiling: valuesOf('harness').find(value => value > Math.max(low ?? 0, lastHeld)),
    doubtful: valuesOf('held', 'failed', 'unclear').filter(isInside),
  }
}
