import { type LimitInputs, predictedLimits } from '../../limits/limits.js'
import type { CapacityAxis, CapacityLimit, CapacityResult } from '../../metrics/capacity-result.js'

type Prediction = CapacityResult['predictions'][number]

/** A load more or less is no disagreement: formulas round. */
const SLACK = 1

/**
 * What formulas say of this axis, the lowest first, and whether it is what was found. Of limits of another kind, which were
 * not what broke first, nothing is said as long as they lie above what held.
 */
export function predictionsOf(axis: CapacityAxis, inputs: LimitInputs, found: CapacityLimit): Prediction[] {
  return predictedLimits(inputs)
    .filter(limit => limit.axis === axis)
    .map(({ axis: _, ...limit }) => ({ ...limit, agrees: agreement(axis, limit, found) }))
}

function agreement(
  axis: CapacityAxis,
  predicted: Omit<Prediction, 'agrees'>,
  { low, high, cause }: CapacityLimit,
): boolean | null {
  // More held than could have.
  if (low !== null && low > predicted.high + SLACK) return false
  if (high === null || cause?.resource !== predicted.cause) return null
  // These formulas are of slaves that time out; creates that wait for too long are another matter, and come before.
  const isOfTimeouts = axis === 'resyncs' || axis === 'mailboxes'
  if (isOfTimeouts && !cause.broken.some(text => text.startsWith('slaves.timeouts'))) return null
  return predicted.low <= high + SLACK
}
