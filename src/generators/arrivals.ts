import type { Random } from '../core/random.js'
import type { ArrivalSpec } from './spec.js'

/** The models whose arrivals do not wait for answers. A closed loop has no schedule. */
export type OpenArrivalSpec = Exclude<ArrivalSpec, { readonly kind: 'closed' }>

/**
 * Intended starts in whole nanoseconds from the phase's, ascending and endless, whatever the master does meanwhile.
 * A rate of 0 ends them.
 */
export function arrivalTimes(spec: OpenArrivalSpec, random: Random): Generator<number, void, undefined> {
  switch (spec.kind) {
    case 'constant':
      return constantTimes(spec.ratePerSecond)
    case 'poisson':
      return poissonTimes(spec.ratePerSecond, random)
    case 'ramp':
      return rampTimes(spec.fromPerSecond, spec.toPerSecond, spec.durationNs)
    case 'burst':
      return burstTimes(spec.size, spec.everyNs)
  }
}

/** As {@link arrivalTimes}. */
export function* constantTimes(ratePerSecond: number): Generator<number, void, undefined> {
  if (ratePerSecond <= 0) return
  // From the count each time, not from the time before: roundings must not add up.
  for (let k = 0; ; k++) yield Math.round((k * 1e9) / ratePerSecond)
}

function* poissonTimes(ratePerSecond: number, random: Random): Generator<number, void, undefined> {
  if (ratePerSecond <= 0) return
  const meanNs = 1e9 / ratePerSecond
  for (let timeNs = 0; ; ) {
    timeNs -= Math.log(1 - random()) * meanNs
    yield Math.round(timeNs)
  }
}

/** The rate goes from one to the other in a straight line; the last one holds from then on. */
function* rampTimes(from: number, to: number, durationNs: number): Generator<number, void, undefined> {
  const durationS = durationNs / 1e9
  const slope = durationS > 0 ? (to - from) / durationS : 0
  const inRamp = ((from + to) / 2) * durationS
  let k = 0
  for (; k < inRamp; k++) {
    // Where the integral of the rate, from·t + slope·t²/2, reaches k; in the form without cancellation.
    const root = Math.sqrt(Math.max(0, from * from + 2 * slope * k))
    yield k === 0 ? 0 : Math.round(((2 * k) / (from + root)) * 1e9)
  }
  if (to <= 0) return
  for (; ; k++) yield Math.round(durationNs + ((k - inRamp) / to) * 1e9)
}

function* burstTimes(size: number, everyNs: number): Generator<number, void, undefined> {
  if (size < 1 || everyNs <= 0) return
  for (let burst = 0; ; burst++) {
    for (let i = 0; i < size; i++) yield Math.round(burst * everyNs)
  }
}
