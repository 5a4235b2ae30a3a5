import type { MetricDelta } from '../metrics/recorder.js'
import type { MetricSummary } from '../metrics/run-result.js'
import { decodedDelta, Tally } from '../metrics/tally.js'

export interface MetricGroups {
  readonly operations: Record<string, MetricSummary>
  readonly steps: Record<string, MetricSummary>
  readonly commands: Record<string, MetricSummary>
  readonly harness: Record<string, MetricSummary>
}

/** The metrics of a span: a phase, the whole run, or the last second. */
export class SpanTallies {
  private readonly tallies = new Map<string, { group: keyof MetricGroups; name: string; tally: Tally }>()

  /** Adds it to all the spans that it lies in. */
  static addTo(spans: readonly (SpanTallies | undefined)[], delta: MetricDelta): void {
    const decoded = decodedDelta(delta)
    for (const span of spans) span?.tally(delta).add(delta, decoded)
  }

  merge(other: SpanTallies): void {
    for (const entry of other.tallies.values()) this.tally(entry).merge(entry.tally)
  }

  private tally({ group, name }: Pick<MetricDelta, 'group' | 'name'>): Tally {
    const key = `${group} ${name}`
    let entry = this.tallies.get(key)
    if (entry === undefined) {
      entry = { group, name, tally: new Tally() }
      this.tallies.set(key, entry)
    }
    return entry.tally
  }

  summary(durationNs: number): MetricGroups {
    const groups: MetricGroups = { operations: {}, steps: {}, commands: {}, harness: {} }
    for (const { group, name, tally } of this.tallies.values()) groups[group][name] = tally.summary(durationNs)
    return groups
  }

  destroy(): void {
    for (const { tally } of this.tallies.values()) tally.destroy()
    this.tallies.clear()
  }
}

/**
 * A second's metrics. What many threads and agents send is added to these alone, by the phase that it is of, and they are
 * merged into what is longer once a second: with a hundred agents that is a hundredth as often.
 */
export class SecondTallies {
  private readonly byPhase = new Map<number, SpanTallies>()
  /** What was handed on. */
  readonly whole = new SpanTallies()

  add(delta: MetricDelta): void {
    const span = this.byPhase.get(delta.phase) ?? new SpanTallies()
    this.byPhase.set(delta.phase, span)
    SpanTallies.addTo([span], delta)
  }

  /**
   * Hands on what was added since.
   *
   * @param phaseOf where that of a phase goes
   * @param total where all of it goes, too
   */
  handOn(phaseOf: (index: number) => SpanTallies | undefined, total: SpanTallies): void {
    for (const [index, span] of this.byPhase) {
      for (const longer of [phaseOf(index), total, this.whole]) longer?.merge(span)
      span.destroy()
    }
    this.byPhase.clear()
  }
}
