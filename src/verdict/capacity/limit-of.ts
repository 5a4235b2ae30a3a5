import type { CapacityCause, CapacityLimit, CapacityTrial } from '../../metrics/capacity-result.js'
import type { Conclusion } from './search.js'

/** A search's conclusion, with what its trials say of the reason. @param trials of this search alone */
export function limitOf(conclusion: Conclusion, trials: readonly CapacityTrial[]): CapacityLimit {
  const { confirmed, doubtful, ...rest } = conclusion
  return {
    limit: conclusion.low,
    ...rest,
    confirmed: { ...confirmed },
    doubtful: [...doubtful],
    cause: causeBeyond(conclusion, trials),
  }
}

/** Of the smallest load that failed, by the longest trials of it; where the harness was the limit, of that. */
function causeBeyond({ high, ceiling, beyond }: Conclusion, trials: readonly CapacityTrial[]): CapacityCause | null {
  const at = beyond === 'failed' ? high : beyond === 'harness' ? ceiling : null
  const wanted = beyond === 'failed' ? 'failed' : 'harness'
  const there = trials.filter(({ value, outcome }) => value === at && outcome === wanted)
  return (there.findLast(({ length }) => length === 'full') ?? there.at(-1))?.cause ?? null
}
