import uPlot from 'uplot'
import { AT_LEAST } from '../page/columns.js'
import type { Series } from '../page/page-data.js'
import { raised } from '../page/raised.js'
import type { ChartGroup } from './chart-group.js'
import { formatClock, formatValue, type Unit } from './format.js'
import { listenToKeys } from './keys.js'
import { type LegendEntry, Panel, type TableRows } from './panel.js'
import { fromZero, logRange, loneValues, PADDING, timeAxis, valueAxis } from './plot-options.js'
import { type Backdrop, backdropPlugin } from './shades.js'
import { ink, type Ink } from './theme.js'

/** A line over time; `key` is a column of the series. */
export interface Line {
  readonly key: string
  readonly label: string
  readonly colour: Ink
  readonly shape: LegendEntry['shape']
  /** Filled down to the line before it. */
  readonly bandAlpha?: number
  readonly width?: number
}

export interface TimeChartSpec {
  readonly id: string
  readonly title: string
  readonly note: string
  readonly unit: Unit
  /** On a logarithmic axis; what is less than this is drawn at its bottom. */
  readonly logFrom?: number
  readonly lines: (series: Series) => readonly Line[]
  readonly height?: number
  /** Tinted behind the lines, such as spans in which a CPU was pegged. */
  readonly spans?: () => readonly (readonly [number, number])[]
}

const HEIGHT_PX = 190

/** One chart of values over the run's time. */
export class TimeChart {
  readonly panel: Panel
  private plot: uPlot | undefined
  private lines: readonly Line[] = []

  constructor(
    private readonly spec: TimeChartSpec,
    private series: Series,
    private readonly group: ChartGroup,
    private readonly backdrop: () => Backdrop,
    missing: string,
  ) {
    this.panel = new Panel(spec.id, spec.title, spec.note, () => this.tableRows())
    listenToKeys(this.panel.frame, () => this.plot, group)
    this.panel.sayMissing(missing)
    this.panel.fit(() => this.plot)
  }

  /** Draws, or draws again with more; a chart whose lines have changed is made anew. */
  update(series: Series): void {
    this.series = series
    const lines = this.spec.lines(series).filter(({ key }) => series.columns[key]?.some(value => value !== null))
    if (lines.length === 0) return
    const same = lines.length === this.lines.length && lines.every(({ key }, i) => key === this.lines[i].key)
    this.lines = lines
    if (this.plot !== undefined && same) this.plot.setData(this.data())
    else this.make()
    this.panel.describe(this.inWords())
  }

  private make(): void {
    if (this.plot === undefined) this.panel.clearMissing()
    else {
      this.group.remove(this.plot)
      this.plot.destroy()
    }
    this.panel.setLegend(this.lines)
    this.plot = new uPlot(this.options(), this.data(), this.panel.frame)
    this.group.add(this.plot)
  }

  private data(): uPlot.AlignedData {
    const { times, columns } = this.series
    const { logFrom } = this.spec
    const drawn = this.lines.map(({ key }) => columns[key] as (number | null)[])
    return [times as number[], ...(logFrom === undefined ? drawn : drawn.map(values => raised(values, logFrom)))]
  }

  private options(): uPlot.Options {
    const { unit, logFrom, height, spans } = this.spec
    return {
      width: this.panel.width,
      height: height ?? HEIGHT_PX,
      padding: PADDING,
      legend: { show: false },
      cursor: groupCursor(this.group),
      scales: {
        x: { time: false, range: () => [this.group.shown.min, this.group.shown.max] },
        y: logFrom === undefined ? { range: fromZero } : { distr: 3, range: logRange(logFrom) },
      },
      axes: [timeAxis(), valueAxis(unit, logFrom !== undefined)],
      series: [{}, ...this.lines.map(lineOptions)],
      bands: this.lines.flatMap(({ bandAlpha, colour }, i) =>
        bandAlpha === undefined ? [] : [{ series: [i + 1, i] as [number, number], fill: () => ink(colour, bandAlpha) }],
      ),
      plugins: [backdropPlugin(this.backdrop, spans)],
      hooks: { setCursor: [() => this.showCursor()], setSelect: [plot => zoomToSelection(plot, this.group)] },
    }
  }

  private showCursor(): void {
    const { idx } = this.plot?.cursor ?? {}
    this.panel.showValues(idx === null || idx === undefined ? [] : this.lines.map(({ key }) => this.valueAt(key, idx)))
  }

  /** As the tables have it: `≥` where some of what was asked then never ended. */
  private valueAt(key: string, i: number): string {
    const { columns } = this.series
    return `${columns[`${key}${AT_LEAST}`]?.[i] === 1 ? '≥ ' : ''}${formatValue(this.spec.unit, columns[key][i])}`
  }

  private tableRows(): TableRows {
    const { times } = this.series
    return {
      head: ['time', ...this.lines.map(({ label }) => label)],
      body: times.map((time, i) => [formatClock(time, true), ...this.lines.map(({ key }) => this.valueAt(key, i))]),
    }
  }

  /** The largest value of each line, and when. */
  private inWords(): string {
    const { times, columns } = this.series
    return this.lines
      .map(({ key, label }) => {
        const values = columns[key]
        let at = 0
        for (const [i, value] of values.entries()) if ((value ?? 0) > (values[at] ?? 0)) at = i
        return `${label}: largest ${this.valueAt(key, at)} at ${formatClock(times[at])}`
      })
      .join('; ')
  }
}

/** One for all charts of a group: where it is, and what is dragged over. */
export function groupCursor(group: ChartGroup): uPlot.Cursor {
  const shared = new Set(['mousemove', 'mouseleave'])
  return {
    y: false,
    points: { size: 6 },
    drag: { x: true, y: false, setScale: false },
    bind: {
      dblclick: () => () => {
        group.reset()
        return null
      },
    },
    sync: { key: group.key, scales: ['x', null], filters: { pub: type => shared.has(type), sub: () => true } },
  }
}

export function zoomToSelection(plot: uPlot, group: ChartGroup): void {
  const { left, width } = plot.select
  if (width < 4) return
  group.zoom(plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x'))
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
}

const DASHES: Partial<Record<LegendEntry['shape'], number[]>> = { dashed: [6, 4], dotted: [2, 3] }

function lineOptions({ label, colour, shape, width }: Line): uPlot.Series {
  const dash = DASHES[shape]
  return {
    label,
    stroke: () => ink(colour),
    width: width ?? 1.5,
    ...(dash === undefined ? {} : { dash }),
    points: { filter: loneValues, size: 4, fill: () => ink(colour) },
  }
}
