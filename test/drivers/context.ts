import type { MasterAddress } from '../../src/core/address.js'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import type { DriverContext } from '../../src/drivers/context.js'
import { newCounters } from '../../src/metrics/interval.js'
import { Recorder } from '../../src/metrics/recorder.js'

export const clock = monotonicClock(monotonicOriginS())

/** Of a driver by itself; histograms must have been loaded. */
export function contextAt(address: MasterAddress): DriverContext & { readonly events: string[] } {
  const events: string[] = []
  return {
    clock,
    address,
    credentials: { user: 'u', password: 'p' },
    seed: 1,
    recorder: new Recorder(),
    counters: newCounters(),
    phase: () => 0,
    move: () => {},
    unserved: () => {},
    event: (kind, detail) => void events.push(`${kind}: ${detail}`),
    journal: () => {},
    events,
  }
}
