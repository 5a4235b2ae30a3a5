import { type HarnessError, isHarnessError } from '../core/errors.js'
import { EXIT, type ExitStatus } from '../core/exit-status.js'
import type { TrialLength, Tried } from '../verdict/capacity/evidence.js'
import { type Conclusion, nextStep, type SearchOptions } from '../verdict/capacity/search.js'

/** A rehearsal at one rate. */
export interface RateTrial<T> {
  readonly mailboxesPerSecond: number
  readonly outcome: Tried['outcome']
  readonly rehearsed: T
}

export interface FoundRate<T> {
  readonly trials: readonly RateTrial<T>[]
  readonly conclusion: Conclusion
  /** What ended it before it was done. */
  readonly broken?: 'interrupted' | HarnessError
}

/** Nobody plans a night to the last mailbox a second. */
const RESOLUTION = 0.1
/** Beyond it no master that anybody has seen goes. */
const MOST_PER_SECOND = 100_000
/** A rehearsal of which nothing is known yet. */
const GUESS_MS = 60_000

/**
 * The highest rate of all steps at which it is a go: doubled until it is none, then halved on a log scale, as capacity
 * searches; each trial is a whole rehearsal. What was found is kept, whatever ends it.
 *
 * @param signal also between two trials
 * @throws what the first trial throws, and what is no {@link HarnessError}
 */
export async function findRate<T extends { readonly status: ExitStatus }>(
  startPerSecond: number,
  budgetMs: number,
  signal: AbortSignal,
  rehearse: (mailboxesPerSecond: number) => Promise<T>,
): Promise<FoundRate<T>> {
  const alike = <V>(value: V): Readonly<Record<TrialLength, V>> => ({ short: value, full: value })
  const options: SearchOptions = {
    start: Math.max(1, Math.round(startPerSecond)),
    least: 1,
    most: MOST_PER_SECOND,
    resolution: RESOLUTION,
    budgetMs,
    fixedMs: alike(0),
    guessMs: alike(GUESS_MS),
  }
  const trials: RateTrial<T>[] = []
  const tried: Tried[] = []
  for (;;) {
    // As long as they all take: a higher rate is over sooner.
    const longestMs = Math.max(GUESS_MS, ...tried.map(({ durationMs }) => durationMs))
    const step = nextStep(
      tried.length === 0 ? { ...options, budgetMs: Infinity } : { ...options, fixedMs: alike(longestMs) },
      tried,
    )
    if (step.kind === 'end') return { trials, conclusion: step.conclusion }
    const brokenBy = (broken: NonNullable<FoundRate<T>['broken']>) => ({
      trials,
      conclusion: ended(options, tried),
      broken,
    })
    if (signal.aborted) return brokenBy('interrupted')
    const startedMs = performance.now()
    let rehearsed: T
    try {
      rehearsed = await rehearse(step.value)
    } catch (error) {
      if (tried.length === 0 || !isHarnessError(error)) throw error
      return brokenBy(error)
    }
    if (rehearsed.status === EXIT.interrupted) return brokenBy('interrupted')
    const outcome = outcomeOf(rehearsed.status)
    const durationMs = performance.now() - startedMs
    trials.push({ mailboxesPerSecond: step.value, outcome, rehearsed })
    tried.push({ value: step.value, length: step.length, outcome, marginal: false, durationMs })
  }
}

function outcomeOf(status: ExitStatus): Tried['outcome'] {
  if (status === EXIT.pass) return 'held'
  // What is inconclusive, or broke in the harness, says nothing of the master.
  return status === EXIT.threshold || status === EXIT.master ? 'failed' : 'harness'
}

/** What is known so far, as if the time were up. */
function ended(options: SearchOptions, tried: readonly Tried[]): Conclusion {
  const step = nextStep({ ...options, budgetMs: 0 }, tried)
  if (step.kind === 'end') return step.conclusion
  throw new Error('a search without time goes on')
}
