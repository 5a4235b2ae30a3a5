import type { Reached } from '../slaves/ledger.js'

/** Called for so many changes that waited equally long, as finely as a histogram tells times apart. */
export type PropagationSink = (which: Reached, lagNs: number, count: number) => void

/**
 * Mantissa bits kept: 0.1 %, as a histogram of three digits has it. A day of a large site is a quarter of a billion
 * deliveries: they are counted here by the upper word of their time as a double, and told in portions.
 */
const MANTISSA_BITS = 10
const SHIFT = 20 - MANTISSA_BITS
/** Of 2^43 ns, two hours; what is longer counts as that. */
const MOST = (1023 + 43) << MANTISSA_BITS
const LEAST = 1023 << MANTISSA_BITS

/** From the writer's OK of each change to its arrival at slaves: numbered changes, no names. */
export class Propagation {
  /** By change; 0 until its writer has the OK. */
  private okNs = new Float64Array(1024)
  private seen = new Uint16Array(1024)
  /** Slaves that were to get it when its writer had the OK. */
  private needs = new Uint16Array(1024)
  private readonly counts: Record<Reached, Uint32Array> = {
    first: newCounts(),
    median: newCounts(),
    last: newCounts(),
    all: newCounts(),
  }
  private readonly double = new Float64Array(1)
  private readonly words = new Uint32Array(this.double.buffer)
  /** Slaves that are to get what is changed now. */
  followers = 0

  succeeded(change: number, nowNs: number): void {
    this.reserve(change + 1)
    this.okNs[change] = nowNs
    this.needs[change] = this.followers
    // Slaves can be told before the writer is: then nobody waited.
    const early = this.seen[change]
    for (let seen = 1; seen <= early; seen++) this.tell(seen, this.followers, 0)
  }

  /** A slave has the changes from one up to, not including, another. */
  reached(from: number, to: number, nowNs: number): void {
    this.reserve(to)
    const { okNs, seen, needs } = this
    for (let change = from; change < to; change++) {
      const times = ++seen[change]
      const ok = okNs[change]
      if (ok > 0) this.tell(times, needs[change], nowNs - ok)
    }
  }

  /** Hands over what was counted, and begins anew. */
  take(sink: PropagationSink): void {
    for (const which of ['first', 'median', 'last', 'all'] as const) {
      const counts = this.counts[which]
      for (let i = 0; i < counts.length; i++) if (counts[i] > 0) sink(which, this.timeOf(i), counts[i])
      counts.fill(0)
    }
  }

  private tell(seen: number, needs: number, lagNs: number): void {
    const { counts } = this
    this.double[0] = Math.max(1, lagNs)
    const bucket = Math.min(MOST, this.words[1] >>> SHIFT) - LEAST
    counts.all[bucket]++
    if (seen === 1) counts.first[bucket]++
    if (seen === (needs + 1) >> 1) counts.median[bucket]++
    if (seen === needs) counts.last[bucket]++
  }

  private timeOf(bucket: number): number {
    this.words[1] = (bucket + LEAST) << SHIFT
    this.words[0] = 0
    return Math.floor(this.double[0])
  }

  private reserve(length: number): void {
    if (length <= this.okNs.length) return
    const size = Math.max(length, this.okNs.length * 2)
    const okNs = new Float64Array(size)
    okNs.set(this.okNs)
    const seen = new Uint16Array(size)
    seen.set(this.seen)
    const needs = new Uint16Array(size)
    needs.set(this.needs)
    this.okNs = okNs
    this.seen = seen
    this.needs = needs
  }
}

function newCounts(): Uint32Array {
  return new Uint32Array(MOST - LEAST + 1)
}
