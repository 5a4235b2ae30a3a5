import { formatDurationUs } from '../../core/units.js'
import type { TimeSummary } from '../../metrics/run-result.js'

/** A statistic of times as people read it; each is a lower bound by itself or is none. */
export function boundedTime(
  time: Pick<TimeSummary, 'p50' | 'p99' | 'max' | 'lowerBounds'>,
  statistic: 'p50' | 'p99' | 'max',
): string {
  return `${time.lowerBounds.includes(statistic) ? '≥ ' : ''}${formatDurationUs(time[statistic])}`
}
