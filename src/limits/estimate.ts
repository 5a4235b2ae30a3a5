/** A figure that is not known to the last digit: between `low` and `high`, `likely` if one has to be named. */
export interface Estimate {
  readonly low: number
  readonly likely: number
  readonly high: number
}

export function exactly(value: number): Estimate {
  return { low: value, likely: value, high: value }
}

export function times({ low, likely, high }: Estimate, factor: number): Estimate {
  return { low: low * factor, likely: likely * factor, high: high * factor }
}

export function plus(a: Estimate, b: Estimate): Estimate {
  return { low: a.low + b.low, likely: a.likely + b.likely, high: a.high + b.high }
}
