import type { TrendHistory, TrendMetric, TrendResult } from '../../metrics/trend-result.js'
import { figure } from '../gate/figures.js'
import { stillDocument } from '../html/document.js'
import { escapeHtml } from '../html/escape.js'
import { folded, list, table } from '../html/parts.js'
import { changeSentences, headingOf, methodText } from './text.js'

const WIDTH = 900
const HEIGHT = 150
const LEFT = 70
const FLOOR = 130

/** A chart of each measure of each history, from 0, with its changes and the level before and after. */
export function trendHtml(trend: TrendResult): string {
  const histories = trend.histories.map(
    history => `<h2>${escapeHtml(headingOf(history))}</h2>
${list(changeSentences(history))}
${history.metrics.map(metric => chart(metric, history)).join('\n')}`,
  )
  return stillDocument(
    'mupdate-bench: how runs changed',
    `<header><h1>How runs changed</h1><p class="note">${escapeHtml(methodText(trend))}</p></header>${histories.join('\n')}`,
  )
}

function chart(metric: TrendMetric, history: TrendHistory): string {
  const { title, unit, values, changes } = metric
  const most = Math.max(...values.map(value => value ?? 0)) || 1
  const x = (index: number) => LEFT + ((WIDTH - LEFT - 10) * (index + 0.5)) / values.length
  const y = (value: number) => FLOOR - (FLOOR - 12) * (value / most)
  const points = values.flatMap((value, i) => (value === null ? [] : [`${x(i).toFixed(1)},${y(value).toFixed(1)}`]))
  const lines = changes.map(({ index }) => {
    const at = ((x(index - 1) + x(index)) / 2).toFixed(1)
    return `<line class="change" x1="${at}" x2="${at}" y1="8" y2="${FLOOR}"/>`
  })
  const levels = changes.flatMap(({ index, before, after }, i) => [
    ...(i === 0 ? [level(x, y, 0, index - 1, before)] : []),
    level(x, y, index, (changes[i + 1]?.index ?? values.length) - 1, after),
  ])
  const dots = points.map(point => {
    const [cx, cy] = point.split(',')
    return `<circle cx="${cx}" cy="${cy}" r="2.5"/>`
  })
  return `<section class="panel"><h3>${escapeHtml(title)}</h3>
<svg class="plot" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(`${title}, run by run; the same is in the table below`)}"><line class="zero" x1="${LEFT}" x2="${WIDTH}" y1="${FLOOR}" y2="${FLOOR}"/><text class="quiet" x="${LEFT - 8}" y="16" text-anchor="end">${figure(most, unit)}</text><text class="quiet" x="${LEFT - 8}" y="${FLOOR}" text-anchor="end">0</text><text class="quiet" x="${LEFT}" y="${HEIGHT - 4}">${history.runs[0].startedAt.slice(0, 10)}</text><text class="quiet" x="${WIDTH}" y="${HEIGHT - 4}" text-anchor="end">${history.runs.at(-1)!.startedAt.slice(0, 10)}</text><polyline class="trend" points="${points.join(' ')}"/>${dots.join('')}${levels.join('')}${lines.join('')}</svg>
${folded('Table', valueTable(metric, history))}</section>`
}

function level(x: (i: number) => number, y: (v: number) => number, from: number, to: number, value: number): string {
  return `<line class="level" x1="${(x(from) - 3).toFixed(1)}" x2="${(x(to) + 3).toFixed(1)}" y1="${y(value).toFixed(1)}" y2="${y(value).toFixed(1)}"/>`
}

function valueTable({ title, unit, values }: TrendMetric, { runs }: TrendHistory): string {
  return table({
    caption: title,
    head: ['run', title, 'master'],
    body: runs.map(({ startedAt, master }, i) => {
      const value = values[i]
      return [startedAt.slice(0, 19), value === null ? '–' : figure(value, unit), master]
    }),
  })
}
