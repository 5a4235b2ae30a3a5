import { isHarnessError } from '../core/errors.js'
import type { CapacityAxis } from '../metrics/capacity-result.js'
import { loadProfile, type Profile } from '../profile/load.js'
import { objectiveOf } from '../profile/objective.js'
import { type Variation, variationOf } from '../profile/variation.js'
import type { TrialLength } from '../verdict/capacity/evidence.js'
import type { Objective } from '../verdict/capacity/outcome.js'
import type { SearchOptions } from '../verdict/capacity/search.js'

/** One trial that is to be made. */
export interface WantedTrial {
  /** Value of the first axis, where the second is varied. */
  readonly at: number | null
  readonly value: number
  readonly length: TrialLength
  /** How many trials of this load there were before. */
  readonly repeat: number
}

export interface VariedTrial {
  readonly profile: Profile
  readonly objective: Objective
}

/** A profile that is varied along one axis, or two. */
export class VariedProfile {
  readonly base: Profile
  readonly variations: readonly Variation[]

  /**
   * @param path of the profile
   * @param given thresholds, none for the default ones
   * @throws {HarnessError} `PROFILE_INVALID`, `USAGE` where it cannot be varied so
   */
  constructor(
    private readonly path: string,
    private readonly sets: readonly string[],
    private readonly axes: readonly CapacityAxis[],
    private readonly given: readonly string[],
  ) {
    this.base = loadProfile(path, sets)
    this.variations = axes.map(axis => variationOf(this.base, axis))
  }

  /** As it is where the search begins. */
  private get first(): VariedTrial {
    return this.trial({ at: null, value: this.variations[0]!.start, length: 'full', repeat: 0 })
  }

  get start(): Profile {
    return this.first.profile
  }

  /** Which thresholds hold, whatever the load. */
  get objective(): Objective {
    return this.first.objective
  }

  /** The second axis, where the first is held there; undefined where that leaves nothing to vary. */
  secondAt(at: number): Variation | undefined {
    try {
      return variationOf(loadProfile(this.path, this.heldAt(at)), this.axes[1]!)
    } catch (error) {
      if (isHarnessError(error, 'USAGE')) return undefined
      throw error
    }
  }

  private heldAt(at: number): string[] {
    return [...this.sets, ...this.variations[0]!.sets(at, 'full')]
  }

  trial({ at, value, length, repeat }: WantedTrial): VariedTrial {
    const axis = at === null ? this.axes[0]! : this.axes[1]!
    const before = at === null ? this.sets : this.heldAt(at)
    const variation = at === null ? this.variations[0]! : this.secondAt(at)!
    const sets = [...before, ...variation.sets(value, length)]
    const objective = objectiveOf(loadProfile(this.path, sets), axis, this.given)
    const asked = objective.thresholds.filter(({ isOptional }) => !isOptional).map(({ text }) => text)
    const profile = loadProfile(this.path, [
      ...sets,
      // What fails a trial is the objective's business; comparing what slaves hold is another's.
      'converge=false',
      'expects=[]',
      `thresholds=${JSON.stringify(asked)}`,
      `seed=${this.base.seed + repeat}`,
    ])
    return { profile, objective }
  }
}

/** Start and end of a master, and phases that last until something has happened, before any was seen. */
const OVERHEAD_MS = 8_000
/** Of what ends a search: nobody wants to know it better, and trials are dear. */
const RESOLUTION: Readonly<Record<CapacityAxis, number>> = {
  slaves: 0.01,
  resyncs: 0.01,
  mailboxes: 0.05,
  creates: 0.05,
  kicks: 0.05,
  connections: 0.05,
}
/** Beyond it no master that anybody has seen goes, and no harness. */
const MOST: Readonly<Record<CapacityAxis, number>> = {
  slaves: 20_000,
  resyncs: 20_000,
  mailboxes: 50_000_000,
  creates: 1_000_000,
  kicks: 1_000_000,
  connections: 100_000,
}

/** @param range of the first axis, where it was given */
export function searchOptionsOf(
  { start, least, most, fixedMs }: Variation,
  axis: CapacityAxis,
  budgetMs: number,
  range: { readonly from: number | null; readonly to: number | null },
): SearchOptions {
  const to = Math.min(most, MOST[axis], range.to ?? Infinity)
  return {
    start: range.from ?? Math.min(to, Math.max(least, start)),
    least,
    most: to,
    resolution: RESOLUTION[axis],
    budgetMs,
    fixedMs,
    guessMs: { short: fixedMs.short + OVERHEAD_MS, full: fixedMs.full + OVERHEAD_MS },
  }
}
