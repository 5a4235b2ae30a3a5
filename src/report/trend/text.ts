import type { TrendHistory, TrendMetric, TrendResult } from '../../metrics/trend-result.js'
import { percent, probability } from '../../verdict/gate.js'
import { figure } from '../gate/figures.js'
import { plainTable } from '../plain-table.js'
import { sparkline } from '../sparkline.js'

const COLUMNS = 24

/** A table of sparklines for each history, and its changes in sentences. */
export function trendText(trend: TrendResult): string {
  const parts = trend.histories.map(history =>
    [headingOf(history), metricTable(history), ...changeSentences(history)].join('\n'),
  )
  return `${[...parts, methodText(trend)].join('\n\n')}\n`
}

export function headingOf({ profile, seed, masterKind, runs }: TrendHistory): string {
  const [from, to] = [runs[0], runs.at(-1)!].map(({ startedAt }) => startedAt.slice(0, 10))
  return `${profile}, seed ${seed}, ${masterKind}: ${runs.length} runs, ${from === to ? from : `${from} to ${to}`}`
}

function metricTable({ metrics }: TrendHistory): string {
  const table = plainTable(['', '', 'first', 'last', 'changes'], ['left', 'left', 'right', 'right', 'left'])
  for (const { title, unit, values, changes } of metrics) {
    const known = values.filter(value => value !== null)
    table.push([
      title,
      sparkline(
        values.map(value => value ?? undefined),
        COLUMNS,
      ),
      figure(known[0], unit),
      figure(known.at(-1)!, unit),
      changes.map(({ worseBy }) => changeText(worseBy)).join(', '),
    ])
  }
  return table.toString()
}

function changeText(worseBy: number | null): string {
  if (worseBy === null) return 'changed'
  return `${percent(Math.abs(worseBy))} ${worseBy >= 0 ? 'worse' : 'better'}`
}

export function changeSentences({ metrics }: TrendHistory): string[] {
  return metrics.flatMap(metric => metric.changes.map(change => changeSentence(metric, change)))
}

function changeSentence({ title, unit }: TrendMetric, change: TrendMetric['changes'][number]): string {
  const { at, worseBy, before, after, p, masterBefore, masterAfter, run } = change
  const master = masterBefore === masterAfter ? '' : ` (master: ${masterBefore} → ${masterAfter})`
  return `${title}: ${changeText(worseBy)} from ${at.slice(0, 16)}Z on: ${figure(before, unit)} → ${figure(after, unit)}, p ${probability(p)}${master}; ${run}`
}

export function methodText({ method: { window, maxP, minimumChange }, leftOut }: TrendResult): string {
  const gone =
    leftOut.length === 0
      ? ''
      : ` ${leftOut.length} runs were left out: ${[...new Set(leftOut.map(({ reason }) => reason))].join(', ')}.`
  return `Changes: E-divisive with Student’s test, p < ${maxP}, windows of ${window} runs, at least ${percent(minimumChange)}. This is no gate: runs of different days differ by more than the master.${gone}`
}
