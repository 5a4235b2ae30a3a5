import { expect, it } from 'vitest'
import { type Cost, calibrationSchema } from '../../../src/masters/model/calibration.js'
import { calibrationOf } from './calibration.js'

function withNoop(changed: Partial<Cost>) {
  const calibration = calibrationOf()
  return { ...calibration, costs: { ...calibration.costs, noop: { ...calibration.costs.noop, ...changed } } }
}

it.each([
  { p10: 11, p50: 10, p90: 20 },
  { p10: 1, p50: 21, p90: 20 },
])('no calibration has %j', cost => {
  const { error } = calibrationSchema.safeParse(withNoop(cost))
  expect(error?.issues).toMatchObject([{ path: ['costs', 'noop'], message: 'p10 ≤ p50 ≤ p90 does not hold' }])
})
