import type { MetricDelta } from '../metrics/recorder.js'
import type { MetricSummary } from '../metrics/run-result.js'
import { type DecodedDelta, decodedDelta, Tally } from '../metrics/tally.js'

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
    for (const span of spans) span?.add(delta, decoded)
  }

  private add(delta: MetricDelta, decoded: DecodedDelta): void {
    const key = `${delta.group} ${delta.name}`
    let entry = this.tallies.get(key)
    if (entry === undefined) {
      entry = { group: delta.group, name: delta.name, tally: new Tally() }
      this.tallies.set(key, entry)
    }
    entry.tally.add(delta, decoded)
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
