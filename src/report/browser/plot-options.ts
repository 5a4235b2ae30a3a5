import type uPlot from 'uplot'
import { formatClock, formatTick, type Unit } from './format.js'
import { FONT, ink } from './theme.js'
import { TOP_PX } from './shades.js'

/** The same for all charts, so that their times stand below each other. */
const LEFT_PX = 64
const RIGHT_PX = 14

export const PADDING: uPlot.Padding = [TOP_PX, RIGHT_PX, 0, 0]

const CLOCK_STEPS_S = [
  0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400,
]

/** Minutes and seconds from the run's start. */
export function timeAxis(): uPlot.Axis {
  return {
    ...looks(),
    incrs: CLOCK_STEPS_S,
    space: 64,
    size: 30,
    values: (_, ticks) => {
      const tenths = ticks.length > 1 && ticks[1] - ticks[0] < 1
      return ticks.map(tick => formatClock(tick, tenths))
    },
  }
}

export function valueAxis(unit: Unit, isLog = false): uPlot.Axis {
  return {
    ...looks(),
    ...(isLog ? { splits: powersOfTen, filter: (_: uPlot, splits: number[]) => splits } : {}),
    size: LEFT_PX,
    space: 26,
    values: (_, ticks) => ticks.map(tick => (tick === null ? '' : formatTick(unit, tick))),
  }
}

export function looks(): uPlot.Axis {
  return {
    stroke: () => ink('muted'),
    font: FONT,
    grid: { stroke: () => ink('grid'), width: 1 },
    ticks: { stroke: () => ink('line'), width: 1, size: 4 },
    border: { show: true, stroke: () => ink('line'), width: 1 },
  }
}

/**
 * Whole powers of ten around the values.
 *
 * @param floor what is less is drawn at the bottom: times below a microsecond are no times
 */
export function logRange(floor = 1): (plot: uPlot, min: number | null, max: number | null) => [number, number] {
  return (_, min, max) => {
    if (min === null || max === null) return [floor, floor * 10]
    const low = 10 ** Math.floor(Math.log10(Math.max(floor, min)))
    const high = 10 ** Math.ceil(Math.log10(Math.max(floor, max) * 1.0001))
    return [low, Math.max(high, low * 10)]
  }
}

/** Whole powers of ten alone: the lines between them would be a grey field. */
export function powersOfTen(_: uPlot, __: number, min: number, max: number): number[] {
  const splits: number[] = []
  for (let value = min; value <= max * 1.001; value *= 10) splits.push(value)
  return splits
}

/** From nothing to a little more than the largest. */
export function fromZero(_: uPlot, __: number | null, max: number | null): [number, number] {
  return [0, max === null || max <= 0 ? 1 : max * 1.08]
}

/** Single values between gaps would not be seen: a line needs two. */
export function loneValues(plot: uPlot, series: number): number[] | null {
  const values = plot.data[series]
  const lone: number[] = []
  for (let i = 0; i < values.length; i++)
    if (isNumber(values[i]) && !isNumber(values[i - 1]) && !isNumber(values[i + 1])) lone.push(i)
  return lone
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number'
}
