import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'

/** How late the event loop came round; the wait that was meant to be is taken off. */
export interface EventLoopDelay {
  readonly count: number
  readonly p50Us: number
  readonly p99Us: number
  readonly maxUs: number
}

/**
 * Event-loop delay of the thread that makes it: each worker needs its own.
 *
 * Node records the time between two ticks of a timer of `resolutionMs`, so that much is taken off. A loop that is
 * stuck for long gives one value, not one per missed tick: read `max` beside the percentiles.
 */
export class EventLoopDelayMeter {
  readonly #interval: IntervalHistogram
  /** A second one, since Node cannot add a monitor's histogram to another before it is reset. */
  readonly #whole: IntervalHistogram

  constructor(private readonly resolutionMs = 10) {
    this.#interval = monitorEventLoopDelay({ resolution: resolutionMs })
    this.#whole = monitorEventLoopDelay({ resolution: resolutionMs })
  }

  start(): void {
    this.#interval.enable()
    this.#whole.enable()
  }

  stop(): void {
    this.#interval.disable()
    this.#whole.disable()
  }

  /** The delay since the last call. */
  take(): EventLoopDelay {
    const delay = this.#summary(this.#interval)
    this.#interval.reset()
    return delay
  }

  /** The delay since the start: percentiles of the whole, which those of the parts do not give. */
  whole(): EventLoopDelay {
    return this.#summary(this.#whole)
  }

  #summary(histogram: IntervalHistogram): EventLoopDelay {
    const { count } = histogram
    if (count === 0) return { count, p50Us: 0, p99Us: 0, maxUs: 0 }
    const beyondUs = (ns: number) => Math.max(0, ns / 1e3 - this.resolutionMs * 1e3)
    return {
      count,
      p50Us: beyondUs(histogram.percentile(50)),
      p99Us: beyondUs(histogram.percentile(99)),
      maxUs: beyondUs(histogram.max),
    }
  }
}
