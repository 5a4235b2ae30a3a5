import { describe, expect, it } from 'vitest'
import { pooled } from '../../bench/pooled.js'
import { type Calibration, calibrationSchema } from '../../src/masters/model/calibration.js'
import { loadCalibration } from '../../src/masters/model/load-calibration.js'

const shipped = loadCalibration()

/** As on a host that is so much slower. */
function slowed(factor: number): Calibration {
  const costs = Object.fromEntries(
    Object.entries(shipped.costs).map(([name, { p10, p50, p90, low, high, samples }]) => [
      name,
      { p10: p10 * factor, p50: p50 * factor, p90: p90 * factor, low: low * factor, high: high * factor, samples },
    ]),
  ) as Calibration['costs']
  return { ...shipped, costs, betweenMasters: factor / 100 }
}

describe('calibrations of one host', () => {
  it('make one that is between them, whose interval holds them all', () => {
    const all = pooled([slowed(1), slowed(1.3), slowed(1.1)])
    expect(calibrationSchema.parse(all)).toEqual(all)
    const { dumpPerMailbox: list } = all.costs
    const { dumpPerMailbox: one } = shipped.costs
    expect(list.p50).toBeCloseTo(1.1 * one.p50)
    expect(list.low).toBeCloseTo(one.low)
    expect(list.high).toBeCloseTo(1.3 * one.high)
    expect(list.samples).toBe(3 * one.samples)
    expect(all.betweenMasters).toBeCloseTo(0.011)
  })

  it('are the one that there is', () => {
    expect(pooled([shipped])).toEqual(shipped)
  })
})
