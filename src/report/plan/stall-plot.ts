import { timesOut, tolerance } from '../../limits/resyncs.js'
import { times, type Estimate } from '../../limits/estimate.js'
import { escapeHtml } from '../html/escape.js'
import { durationText } from './figures.js'

const WIDTH = 900
const HEIGHT = 240
const LEFT = 100
const FLOOR = 200
const TOP = 14
const MOST_BARS = 60
const STYLES = { cannot: 'pass', can: 'inconclusive', must: 'regression' } as const

export interface StallPlotInputs {
  readonly title: string
  readonly slaves: number
  readonly retryDelayMs: number
  readonly listMs: Estimate
}

/** How long the lists of 1, 2, 3… slaves keep the lock, against what the others bear. */
export function stallPlot({ title, slaves, retryDelayMs, listMs }: StallPlotInputs): string {
  const bears = tolerance(retryDelayMs)
  const step = Math.ceil(slaves / MOST_BARS)
  const counts = Array.from({ length: Math.floor(slaves / step) }, (_, i) => (i + 1) * step)
  const most = Math.max(times(listMs, slaves).high, bears.highMs) * 1.05
  const x = (index: number) => LEFT + ((WIDTH - LEFT - 10) * (index + 0.5)) / counts.length
  const y = (ms: number) => FLOOR - ((FLOOR - TOP) * ms) / most
  const bars = counts.map((count, i) => {
    const stall = times(listMs, count)
    const style = STYLES[timesOut(stall, bears)]
    const [at, top] = [x(i).toFixed(1), y(stall.likely)]
    return `<line class="interval ${style}" x1="${at}" x2="${at}" y1="${y(stall.low).toFixed(1)}" y2="${y(stall.high).toFixed(1)}"/><rect class="${style}" x="${(x(i) - 4).toFixed(1)}" y="${(top - 4).toFixed(1)}" width="8" height="8"/>${label(count, i, counts.length, at)}`
  })
  const line = (ms: number, text: string, at: number, anchor: string) =>
    `<line class="limit" x1="${LEFT}" x2="${WIDTH}" y1="${y(ms).toFixed(1)}" y2="${y(ms).toFixed(1)}"/><text class="quiet" x="${at}" y="${(y(ms) - 4).toFixed(1)}" text-anchor="${anchor}">${escapeHtml(text)}</text>`
  return `<section class="panel"><h3>${escapeHtml(title)}</h3><svg class="plot" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(`${title}: how long the lists of so many slaves keep the lock, against what the others bear; the same is in the table below`)}"><line class="zero" x1="${LEFT}" x2="${WIDTH}" y1="${FLOOR}" y2="${FLOOR}"/><text class="quiet" x="${LEFT - 8}" y="${TOP + 4}" text-anchor="end">${durationText(most)}</text><text class="quiet" x="${LEFT - 8}" y="${FLOOR}" text-anchor="end">0</text>${line(bears.lowMs, `borne by all: ${durationText(bears.lowMs)}`, LEFT + 6, 'start')}${line(bears.highMs, `by none: ${durationText(bears.highMs)}`, WIDTH - 6, 'end')}${bars.join('')}<text class="quiet" x="${WIDTH}" y="${HEIGHT - 4}" text-anchor="end">slaves that restart at once</text></svg></section>`
}

function label(count: number, index: number, bars: number, at: string): string {
  const every = Math.ceil(bars / 15)
  return index % every === 0
    ? `<text class="quiet" x="${at}" y="${FLOOR + 16}" text-anchor="middle">${count}</text>`
    : ''
}
