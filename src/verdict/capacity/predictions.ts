import { type LimitInputs, predictedLimits } from '../../limits/limits.js'
import type { CapacityAxis, CapacityLimit, CapacityResult } from '../../metrics/capacity-result.js'

type Prediction = CapacityResult['predictions'][number]

/** A load more or less is no disagreement: formulas round. */
const SLACK = 1

/**
 * What formulas say of this axis, the lowest first, and whether it is what was found. Of limits of another kind that lie
 * above the found one nothing is said: they were not reached.
 */
export function predictionsOf(axis: CapacityAxis, inputs: LimitInputs, found: CapacityLimit): Prediction[] {
  return predictedLimits(inputs)
    .filter(limit => limit.axis === axis)
    .map(({ axis: _, ...limit }) => ({ ...limit, agrees: agreement(limit, found) }))
}

function agreement(predicted: Omit<Prediction, 'agrees'>, { low, high, cause }: CapacityLimit): boolean | null {
  const isReached = low !== null && low > predicted.high + SLACK
  // More held than could have.
  if (isReached) return false
  if (high === null) return null
  const isSame = cause?.resource === predicted.cause || cause?.also.includes(predicted.cause) === true
  const isAbove = predicted.low > high + SLACK
  if (isSame) return !isAbove
  // Another limit came first, where this one had not been reached yet.
  return null
}
