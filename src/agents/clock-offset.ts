/** One question about another host's clock, in ns: when it was asked here, what it said, when that had come. */
export interface RoundTrip {
  readonly askedNs: number
  readonly saidNs: number
  readonly heardNs: number
}

export interface ClockOffset {
  /** By how much the other clock is ahead. */
  readonly ns: number
  /** It is not wrong by more than this: half of the way there and back. */
  readonly errorNs: number
}

/** Of the shortest round trip: nothing that waited on the way makes it wrong by more than half of that. @param trips at least one */
export function clockOffset(trips: readonly RoundTrip[]): ClockOffset {
  const lengthOf = ({ askedNs, heardNs }: RoundTrip) => heardNs - askedNs
  const best = trips.reduce((a, b) => (lengthOf(b) < lengthOf(a) ? b : a))
  return { ns: Math.round(best.saidNs - (best.askedNs + best.heardNs) / 2), errorNs: Math.ceil(lengthOf(best) / 2) }
}
