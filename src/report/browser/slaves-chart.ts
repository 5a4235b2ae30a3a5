import uPlot from 'uplot'
import type { Series, SlaveRow, SlaveRows } from '../page/page-data.js'
import { SLAVE_STATES, type StateLetter } from '../page/slave-states.js'
import type { ChartGroup } from './chart-group.js'
import { formatClock } from './format.js'
import { listenToKeys } from './keys.js'
import { type LegendEntry, Panel, type TableRows } from './panel.js'
import { looks, PADDING, timeAxis } from './plot-options.js'
import { type Backdrop, backdropPlugin } from './shades.js'
import { ink, type Ink } from './theme.js'
import { groupCursor, zoomToSelection } from './time-chart.js'

/** Colour, and height of the bar in its row: a murder at rest is quiet to look at, and time-outs are not. */
const STATES: readonly { letter: StateLetter; colour: Ink; share: number; shape: LegendEntry['shape'] }[] = [
  { letter: 's', colour: 'green', share: 0.28, shape: 'thin' },
  { letter: 'd', colour: 'blue', share: 0.86, shape: 'block' },
  { letter: 'm', colour: 'sky', share: 0.6, shape: 'block' },
  { letter: 'c', colour: 'amber', share: 0.4, shape: 'block' },
  { letter: 't', colour: 'orange', share: 1, shape: 'block' },
  { letter: 'l', colour: 'purple', share: 0.6, shape: 'block' },
]

/** A row a slave: where each stood at what time. */
export class SlavesChart {
  readonly panel: Panel
  private plot: uPlot | undefined

  constructor(
    private readonly rows: () => SlaveRows,
    private series: Series,
    private readonly group: ChartGroup,
    private readonly backdrop: () => Backdrop,
    missing: string,
  ) {
    this.panel = new Panel(
      'slaves',
      'Slaves',
      'A row each. Thick bars are trouble: while a slave fetches the list, merges or is lost, its frontend turns clients away.',
      () => this.tableRows(),
    )
    listenToKeys(this.panel.frame, () => this.plot, group)
    this.panel.sayMissing(missing)
    this.panel.fit(() => this.plot)
  }

  update(series: Series): void {
    this.series = series
    const { rows } = this.rows()
    if (rows.length === 0) return
    if (this.plot === undefined) this.make(rows.length)
    else {
      if (this.plot.height !== heightOf(rows.length))
        this.plot.setSize({ width: this.panel.width, height: heightOf(rows.length) })
      this.plot.setData(this.data())
    }
    this.panel.describe(this.inWords(rows))
  }

  private make(count: number): void {
    this.panel.clearMissing()
    this.panel.setLegend(STATES.map(({ letter, ...looks }) => ({ label: SLAVE_STATES[letter], ...looks })))
    this.plot = new uPlot(this.options(count), this.data(), this.panel.frame)
    this.group.add(this.plot)
  }

  private data(): uPlot.AlignedData {
    const { times } = this.series
    return [times as number[], times.map(() => null)]
  }

  private options(count: number): uPlot.Options {
    return {
      width: this.panel.width,
      height: heightOf(count),
      padding: PADDING,
      legend: { show: false },
      cursor: groupCursor(this.group),
      scales: {
        x: { time: false, range: () => [this.group.shown.min, this.group.shown.max] },
        y: { dir: -1, range: () => [0, this.rows().rows.length] },
      },
      axes: [timeAxis(), rowAxis(() => this.rows().rows)],
      series: [{}, { points: { show: false } }],
      plugins: [backdropPlugin(this.backdrop)],
      hooks: {
        drawAxes: [plot => drawRows(plot, this.rows().rows, this.group.shown)],
        setCursor: [() => this.showCursor()],
        setSelect: [plot => zoomToSelection(plot, this.group)],
      },
    }
  }

  /** How many were where at that time. */
  private showCursor(): void {
    const { plot } = this
    const { idx, left } = plot?.cursor ?? {}
    if (plot === undefined || idx === null || idx === undefined || left === undefined || left < 0) {
      this.panel.showValues([])
      return
    }
    const atMs = plot.posToVal(left, 'x') * 1000
    const states = this.rows().rows.map(row => stateAt(row, atMs))
    this.panel.showValues(STATES.map(({ letter }) => String(states.filter(state => state === letter).length)))
  }

  private tableRows(): TableRows {
    const endMs = (this.series.times.at(-1) ?? 0) * 1000
    return {
      head: ['slave', 'lists begun', 'time-outs', 'lost otherwise', 'streaming', 'first time-out'],
      body: this.rows().rows.map(row => {
        const { streamingMs, firstTimeoutMs } = timesOf(row, endMs)
        const count = (letter: StateLetter) => String([...row.states].filter(state => state === letter).length)
        return [
          String(row.slave),
          count('d'),
          count('t'),
          count('l'),
          `${endMs > 0 ? Math.round((streamingMs / endMs) * 100) : 0} %`,
          firstTimeoutMs === undefined ? '–' : formatClock(firstTimeoutMs / 1000, true),
        ]
      }),
    }
  }

  private inWords(rows: readonly SlaveRow[]): string {
    const troubled = rows.filter(({ states }) => states.includes('t')).length
    return `${rows.length} slaves; ${troubled} of them timed out at some time.`
  }
}

function heightOf(count: number): number {
  const row = count <= 12 ? 16 : count <= 30 ? 12 : count <= 80 ? 7 : 4
  return count * row + 52
}

function rowAxis(rows: () => readonly SlaveRow[]): uPlot.Axis {
  return {
    ...looks(),
    size: 64,
    grid: { show: false },
    ticks: { show: false },
    splits: () => {
      const count = rows().length
      const step = Math.max(1, Math.ceil(count / 10))
      return Array.from({ length: Math.ceil(count / step) }, (_, i) => i * step + 0.5)
    },
    values: (_, splits) => splits.map(split => `slave ${rows()[Math.floor(split)]?.slave ?? ''}`),
  }
}

function drawRows(plot: uPlot, rows: readonly SlaveRow[], shown: { min: number; max: number }): void {
  const { ctx, bbox } = plot
  const rowPx = bbox.height / Math.max(1, rows.length)
  const x = (ms: number) => plot.valToPos(ms / 1000, 'x', true)
  const looksOf = new Map(STATES.map(state => [state.letter as string, state]))
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  for (const [i, { stepsMs, states }] of rows.entries()) {
    let atMs = 0
    for (let s = 0; s < states.length; s++) {
      atMs += stepsMs[s]
      const state = looksOf.get(states[s])
      const untilMs = s + 1 < states.length ? atMs + stepsMs[s + 1] : shown.max * 1000
      if (state === undefined || untilMs < shown.min * 1000 || atMs > shown.max * 1000) continue
      const height = Math.max(1, rowPx * 0.9 * state.share)
      const left = x(atMs)
      ctx.fillStyle = ink(state.colour)
      ctx.fillRect(left, bbox.top + (i + 0.5) * rowPx - height / 2, Math.max(x(untilMs) - left, 1), height)
    }
  }
  ctx.restore()
}

/** A letter; that of no state before the first. */
export function stateAt({ stepsMs, states }: SlaveRow, atMs: number): string {
  let sum = 0
  let state = '-'
  for (let i = 0; i < states.length; i++) {
    sum += stepsMs[i]
    if (sum > atMs) break
    state = states[i]
  }
  return state
}

function timesOf({ stepsMs, states }: SlaveRow, endMs: number) {
  let atMs = 0
  let streamingMs = 0
  let firstTimeoutMs: number | undefined
  for (let i = 0; i < states.length; i++) {
    atMs += stepsMs[i]
    const untilMs = i + 1 < states.length ? atMs + stepsMs[i + 1] : endMs
    if (states[i] === 's') streamingMs += untilMs - atMs
    if (states[i] === 't') firstTimeoutMs ??= atMs
  }
  return { streamingMs, firstTimeoutMs }
}
