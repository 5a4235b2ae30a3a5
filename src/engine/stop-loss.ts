import { formatCount, formatDurationUs } from '../core/units.js'
import type { SlaveMove } from '../metrics/interval.js'
import type { MetricSummary } from '../metrics/run-result.js'

/** When a run is to end before more is lost. */
export interface StopLossPlan {
  /** A list that a slave is given may be shorter than those before by this part. */
  readonly shrinkShare: number
  /** NOOPs of slaves may take so long; Infinity: whatever they take. */
  readonly noopNs: number
}

/** Looks at what slaves are given, and for how long they wait; says why to stop. */
export class StopLoss {
  /** Longest list so far: of those who are given all of it, and of each of the others. */
  private mostRecords = 0
  private readonly mostOf = new Map<number, number>()
  /** So many names may be gone for good. */
  private deletes = 0

  /** @param wholeLists slaves below this number are given all mailboxes, the others perhaps those of some servers */
  constructor(
    private readonly plan: StopLossPlan,
    private readonly wholeLists: number,
  ) {}

  /** What the first list has to have. */
  expect(records: number): void {
    this.mostRecords = Math.max(this.mostRecords, records)
  }

  /** @returns why to stop; undefined where all is well */
  moved({ kind, slave, records }: SlaveMove): string | undefined {
    if (kind !== 'listed' || records === undefined) return undefined
    const isWhole = slave < this.wholeLists
    const most = (isWhole ? this.mostRecords : this.mostOf.get(slave)) ?? 0
    if (isWhole) this.mostRecords = Math.max(most, records)
    else this.mostOf.set(slave, Math.max(most, records))
    if (records >= (most - this.deletes) * (1 - this.plan.shrinkShare)) return undefined
    return `slave ${slave} was given a list of ${formatCount(records)} mailboxes, after one of ${formatCount(most)}: a real one deletes the others`
  }

  /** Before the lists of the same time: so many names went, but what is renamed, or deleted with delay, is reserved elsewhere. */
  deleted(deletes: number, reserves: number): void {
    this.deletes += Math.max(0, deletes - reserves)
  }

  /** @param commands of the last second */
  waited(commands: Readonly<Record<string, MetricSummary>>): string | undefined {
    const noop = commands['NOOP.slave']
    const max = (noop?.responseTimeUs ?? noop?.serviceTimeUs)?.max ?? 0
    return this.waits(max * 1e3)
  }

  /** @param ns for which a slave’s NOOP waited, or waits */
  waits(ns: number): string | undefined {
    const { noopNs } = this.plan
    if (ns <= noopNs) return undefined
    return `a frontend’s NOOP waited ${formatDurationUs(ns / 1e3)}, more than ${formatDurationUs(noopNs / 1e3)}`
  }
}
