import { formatCount, formatDurationUs } from '../core/units.js'
import type { SlaveMove } from '../metrics/interval.js'
import type { MetricSummary } from '../metrics/run-result.js'

/** When a run is to end before more is lost. */
export interface StopLossPlan {
  /** A list that a slave is given may be shorter than those before by this part. */
  readonly shrinkShare: number
  /** NOOPs of slaves may take so long. */
  readonly noopNs: number
}

/** Looks at what slaves are given, and for how long they wait; says once why to stop. */
export class StopLoss {
  private mostRecords = 0

  constructor(private readonly plan: StopLossPlan) {}

  /** @returns why to stop; undefined where all is well */
  moved({ kind, slave, records }: SlaveMove): string | undefined {
    if (kind !== 'listed' || records === undefined) return undefined
    const most = this.mostRecords
    this.mostRecords = Math.max(most, records)
    if (records >= most * (1 - this.plan.shrinkShare)) return undefined
    return `slave ${slave} was given a list of ${formatCount(records)} mailboxes, after one of ${formatCount(most)}: a real one deletes the others`
  }

  /** @param commands of the last second */
  waited(commands: Readonly<Record<string, MetricSummary>>): string | undefined {
    const { 'NOOP.slave': noop } = commands
    const max = (noop?.responseTimeUs ?? noop?.serviceTimeUs)?.max ?? 0
    if (max * 1e3 <= this.plan.noopNs) return undefined
    return `a frontend’s NOOP waited ${formatDurationUs(max)}, more than ${formatDurationUs(this.plan.noopNs / 1e3)}: the next step is a time-out`
  }
}
