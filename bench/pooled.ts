import type { Calibration, Cost } from '../src/masters/model/calibration.js'
import { median } from './pairs.js'

/** Of calibrations made in turn: what things cost over the time in which they were made, since a host is not equally fast. */
export function pooled(all: readonly [Calibration, ...Calibration[]]): Calibration {
  const [first] = all
  const costs = Object.fromEntries(
    Object.keys(first.costs).map(name => [name, pooledCost(all.map(({ costs }) => costs[name as keyof typeof costs]))]),
  ) as Calibration['costs']
  const between = all.map(({ betweenMasters }) => betweenMasters).filter(value => value !== null)
  return { ...first, costs, betweenMasters: between.length === 0 ? null : median(between) }
}

function pooledCost(all: readonly Cost[]): Cost {
  const middle = (of: (cost: Cost) => number) => median(all.map(of))
  return {
    p10: middle(({ p10 }) => p10),
    p50: middle(({ p50 }) => p50),
    p90: middle(({ p90 }) => p90),
    low: Math.min(...all.map(({ low }) => low)),
    high: Math.max(...all.map(({ high }) => high)),
    samples: all.reduce((sum, { samples }) => sum + samples, 0),
  }
}
