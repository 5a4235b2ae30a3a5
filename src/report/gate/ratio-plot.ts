import type { GateMetric } from '../../metrics/gate-result.js'
import { escapeHtml } from '../html/escape.js'
import { WORDS } from './figures.js'

const WIDTH = 900
const LABEL = 230
const RIGHT = 70
const ROW = 30
const TOP = 26
/** Share by which B is worse, at the right edge at least; the left one is as far away the other way. */
const LEAST_EDGE = Math.log(1.1)
const MOST_EDGE = Math.log(3)
const TICKS = [-0.5, -0.25, -0.1, -0.05, 0, 0.05, 0.1, 0.25, 0.5, 1]

/** A row for each measure that has a ratio, right is worse; the text beside is in the table too. */
export function ratioPlot(metrics: readonly GateMetric[], label: string): string {
  const rows = metrics.filter(({ ratio }) => ratio !== null)
  if (rows.length === 0) return '<p class="missing">None of them has a ratio.</p>'
  const edge = Math.min(MOST_EDGE, Math.max(LEAST_EDGE, ...rows.flatMap(worseLogs).map(Math.abs)) * 1.05)
  const x = (log: number) => {
    const share = (Math.max(-edge, Math.min(edge, log)) + edge) / (2 * edge)
    return (LABEL + share * (WIDTH - LABEL - RIGHT)).toFixed(1)
  }
  const height = TOP + rows.length * ROW + 6
  const ticks = TICKS.filter(share => Math.abs(Math.log1p(share)) <= edge).map(share => {
    const at = x(Math.log1p(share))
    return `<line${share === 0 ? ' class="zero"' : ''} x1="${at}" x2="${at}" y1="${TOP - 6}" y2="${height}"/><text class="quiet" x="${at}" y="${TOP - 11}" text-anchor="middle">${share > 0 ? '+' : ''}${100 * share} %</text>`
  })
  const bodies = rows.map((metric, i) => row(metric, TOP + i * ROW + ROW / 2, x))
  return `<svg class="plot" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeHtml(`${label}: how much worse B is; the same is in the table below`)}">${ticks.join('')}${bodies.join('')}</svg>`
}

function row(metric: GateMetric, y: number, x: (log: number) => string): string {
  const { title, result, minimumEffect, ci, ratio } = metric
  const limit = x(Math.log1p(minimumEffect))
  const [left, right] = [x(-Math.log1p(minimumEffect)), limit]
  const points = worseLogs(metric).map(log => `<circle cx="${x(log)}" cy="${y}" r="3.5"/>`)
  const sign = metric.better === 'less' ? 1 : -1
  const ends = ci === null ? [] : ci.map(end => sign * Math.log(end)).sort((a, b) => a - b)
  const interval =
    ends.length === 0
      ? ''
      : `<line class="interval ${result}" x1="${x(ends[0])}" x2="${x(ends[1])}" y1="${y}" y2="${y}"/>`
  const middle = x(sign * Math.log(ratio ?? 1))
  return `<rect class="allowed" x="${left}" y="${y - ROW / 2 + 3}" width="${(Number(right) - Number(left)).toFixed(1)}" height="${ROW - 6}"/><line class="limit" x1="${limit}" x2="${limit}" y1="${y - ROW / 2 + 3}" y2="${y + ROW / 2 - 3}"/><text x="0" y="${y + 4}">${escapeHtml(title)}</text>${points.join('')}${interval}<rect class="${result}" x="${(Number(middle) - 4).toFixed(1)}" y="${y - 4}" width="8" height="8"/><text x="${WIDTH - RIGHT + 10}" y="${y + 4}">${WORDS[result]}</text>`
}

/** Of each pair, or of each run of B against A's median: above 0 is worse. */
function worseLogs({ a, b, paired, better }: GateMetric): number[] {
  const sign = better === 'less' ? 1 : -1
  return b.values.map((value, i) => sign * Math.log(value / (paired ? a.values[i] : a.median)))
}
