/** Monotonic time in whole nanoseconds since an origin that all threads of a run share. */
export interface Clock {
  nowNs(): number
}

/** Seconds of the machine's monotonic clock; hand it to other threads so that their times are one run's. */
export function monotonicOriginS(): number {
  return process.hrtime()[0]
}

/**
 * CLOCK_MONOTONIC, the same for every thread and process of a host.
 *
 * @param originS from {@link monotonicOriginS}; keeps the numbers small enough to stay whole (2^53 ns is 104 days)
 * @param offsetNs by which this host's clock is ahead of the one that the run goes by
 */
export function monotonicClock(originS: number, offsetNs = 0): Clock {
  return {
    nowNs() {
      const [seconds, nanoseconds] = process.hrtime()
      return (seconds - originS) * 1e9 + nanoseconds - offsetNs
    },
  }
}
