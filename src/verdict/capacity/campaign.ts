import { durationOf, type TrialLength, type Tried } from './evidence.js'
import { type Conclusion, nextStep, type SearchOptions } from './search.js'

/** A trial of a search along one axis, or of one of those of a frontier. */
export interface CampaignTrial extends Tried {
  /** Where the first axis was held while the second was searched; null while the first is. */
  readonly at: number | null
}

export interface CampaignOptions {
  readonly first: SearchOptions
  /** Where the first axis is held there, which may leave nothing to search; undefined without a frontier. */
  readonly second?: (at: number) => SearchOptions | undefined
}

export interface FrontierPoint {
  readonly at: number
  readonly conclusion: Conclusion
}

export type CampaignStep =
  | { readonly kind: 'trial'; readonly at: number | null; readonly value: number; readonly length: TrialLength }
  | { readonly kind: 'end'; readonly first: Conclusion; readonly points: readonly FrontierPoint[] }

/** Shares of the first axis's limit at which the second is searched. */
const FRONTIER_SHARES = [0.25, 0.5, 0.75] as const

/** What comes after these trials: the first axis's limit, then that of the second at shares of it. Each has its part of the budget. */
export function nextOfCampaign({ first, second }: CampaignOptions, trials: readonly CampaignTrial[]): CampaignStep {
  const of = (at: number | null) => trials.filter(trial => trial.at === at)
  const searches = second === undefined ? 1 : 1 + FRONTIER_SHARES.length
  const main = nextStep({ ...first, budgetMs: first.budgetMs / searches }, of(null))
  if (main.kind === 'trial') return { at: null, ...main }
  const { conclusion } = main
  const points: FrontierPoint[] = []
  if (second === undefined || conclusion.low === null) return { kind: 'end', first: conclusion, points }
  const searched = frontierValues(conclusion.low, first.least).flatMap(at => {
    const options = second(at)
    return options === undefined ? [] : [{ at, options }]
  })
  // Those at points that are none any more, since a larger budget has moved the limit, took their time as well.
  let spentMs = durationOf(trials.filter(trial => !searched.some(({ at }) => at === trial.at)))
  for (const [i, { at, options }] of searched.entries()) {
    const budgetMs = (first.budgetMs - spentMs) / (searched.length - i)
    const step = nextStep({ ...options, budgetMs }, of(at))
    if (step.kind === 'trial') return { at, ...step }
    points.push({ at, conclusion: step.conclusion })
    spentMs += durationOf(of(at))
  }
  return { kind: 'end', first: conclusion, points }
}

/** @param limit of the first axis */
function frontierValues(limit: number, least: number): number[] {
  return [...new Set(FRONTIER_SHARES.map(share => Math.max(least, Math.floor(limit * share))))].filter(
    value => value < limit,
  )
}
