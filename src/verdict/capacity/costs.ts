import type { CapacityAxis, CapacityCost, CapacityTrial } from '../../metrics/capacity-result.js'
import { lawOf } from './laws.js'

type Measure = CapacityCost['measure']

const MEASURES: readonly Measure[] = ['dumpMs', 'noopSlaveP99Us', 'createP99Us', 'masterCores', 'masterRssBytes']
const TIMES: readonly Measure[] = ['dumpMs', 'noopSlaveP99Us', 'createP99Us']
/** Loads that are numbers of clients, as the universal scalability law wants them. */
const CLIENTS: readonly CapacityAxis[] = ['slaves', 'resyncs']

/** What each thing cost, against mailboxes, slaves and the axis itself, wherever these were not the same in all trials. */
export function costsOf(axis: CapacityAxis, trials: readonly CapacityTrial[]): CapacityCost[] {
  const own = trials.filter(trial => trial.at === null && trial.outcome !== 'harness')
  const axes = [...new Set<CapacityAxis>(['mailboxes', 'slaves', axis])]
  return axes.flatMap(against => MEASURES.flatMap(measure => costOf(own, axis, against, measure) ?? []))
}

function costOf(
  trials: readonly CapacityTrial[],
  axis: CapacityAxis,
  against: CapacityAxis,
  measure: Measure,
): CapacityCost | undefined {
  const points = trials
    .flatMap(trial => {
      const y = trial.figures[measure]
      const isBound = trial.figures.lowerBounds.some(name => name === measure)
      return y === null ? [] : [{ x: loadOf(trial, axis, against), y, isFitted: trial.outcome === 'held' && !isBound }]
    })
    .sort((a, b) => a.x - b.x)
  if (new Set(points.map(({ x }) => x)).size < 2) return undefined
  const mayScale = CLIENTS.includes(against) && TIMES.includes(measure)
  const fit = lawOf(
    points.filter(({ isFitted }) => isFitted),
    mayScale,
  )
  return { measure, against, points, fit }
}

function loadOf({ value, figures }: CapacityTrial, axis: CapacityAxis, against: CapacityAxis): number {
  if (against === axis) return value
  return against === 'mailboxes' ? figures.mailboxes : figures.slaves
}
