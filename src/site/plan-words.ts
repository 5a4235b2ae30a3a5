import { formatCount, formatDurationUs } from '../core/units.js'
import type { Estimate } from '../limits/estimate.js'

export function ms(value: number): string {
  return formatDurationUs(value * 1e3)
}

/** `3.18 s (2.66 s to 3.69 s)` */
export function span({ low, likely, high }: Estimate): string {
  return low === high ? ms(likely) : `${ms(likely)} (${ms(low)} to ${ms(high)})`
}

export function perSecond(rate: number): string {
  return `${rate >= 10 ? formatCount(rate) : Number(rate.toPrecision(2))}/s`
}
