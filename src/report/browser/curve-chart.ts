import uPlot from 'uplot'
import { ALL_TIMED, type Curve } from '../page/page-data.js'
import { element } from './elements.js'
import { formatCount } from '../../core/units.js'
import { formatValue } from './format.js'
import { listenToKeys } from './keys.js'
import { type LegendEntry, Panel, type TableRows } from './panel.js'
import { looks, logRange, valueAxis } from './plot-options.js'
import { ink, type Ink } from './theme.js'

/** A curve with how it is drawn. */
export interface DrawnCurve extends LegendEntry {
  readonly curve: Curve
}

const COLOURS: Readonly<Record<string, Ink>> = {
  'NOOP.plain': 'blue',
  'NOOP.stream': 'orange',
  'NOOP.slave': 'purple',
  create: 'green',
  UPDATE: 'brown',
}

/** How long a share of all answers took at most; the axis stretches the slowest. */
export class CurveChart {
  readonly panel: Panel
  private plot: uPlot | undefined
  private drawn: readonly DrawnCurve[] = []

  constructor(
    id: string,
    title: string,
    note: string,
    private readonly curvesOf: (scope: string) => readonly DrawnCurve[],
    scopes: readonly string[],
    missing: string,
  ) {
    this.panel = new Panel(id, title, note, () => this.tableRows())
    listenToKeys(this.panel.frame, () => this.plot, undefined)
    this.panel.sayMissing(missing)
    if (scopes.length > 1) this.panel.frame.before(this.choice(scopes))
    this.panel.fit(() => this.plot)
    this.show(scopes[0] ?? ALL_TIMED)
  }

  private choice(scopes: readonly string[]): HTMLElement {
    const select = element('select', {}, ...scopes.map(scope => element('option', { value: scope }, scope)))
    select.addEventListener('change', () => this.show(select.value))
    return element('label', { class: 'choice' }, 'phase ', select)
  }

  private show(scope: string): void {
    this.drawn = this.curvesOf(scope)
    if (this.drawn.length === 0) return
    if (this.plot === undefined) this.panel.clearMissing()
    this.plot?.destroy()
    this.panel.setLegend(this.drawn)
    this.panel.caution(inWaiting(this.drawn))
    this.plot = new uPlot(this.options(), this.data(), this.panel.frame)
    this.panel.describe(
      this.drawn
        .map(({ label, curve }) => `${label}: half within ${valueAt(curve, 2)}, 99 % within ${valueAt(curve, 100)}`)
        .join('; '),
    )
  }

  repaint(): void {
    this.plot?.redraw()
  }

  private data(): uPlot.AlignedData {
    return uPlot.join(this.drawn.map(({ curve }) => [curve.inverse as number[], curve.us as number[]]))
  }

  private options(): uPlot.Options {
    return {
      width: this.panel.width,
      height: 320,
      padding: [10, 14, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
      scales: { x: { time: false, distr: 3, range: (_, min, max) => [min, max] }, y: { distr: 3, range: logRange() } },
      axes: [shareAxis(), valueAxis('us', true)],
      series: [{}, ...this.drawn.map(curveOptions)],
      hooks: { setCursor: [() => this.showCursor()] },
    }
  }

  private showCursor(): void {
    const { plot } = this
    const { idx } = plot?.cursor ?? {}
    if (plot === undefined || idx === null || idx === undefined) {
      this.panel.showValues([])
      return
    }
    const inverse = plot.data[0][idx]
    this.panel.showValues(
      this.drawn.map(({ curve }) =>
        inverse === curve.count
          ? `${valueAt(curve, inverse)}, the largest`
          : `${valueAt(curve, inverse)} at ${percentOf(inverse)}`,
      ),
    )
  }

  private tableRows(): TableRows {
    return {
      head: ['of all answers', ...this.drawn.map(({ label, curve }) => `${label} (${formatCount(curve.count)})`)],
      body: [2, 4, 10, 20, 100, 1e3, 1e4, 1e5, 1e6]
        .filter(inverse => this.drawn.some(({ curve }) => inverse < curve.count))
        .map(inverse => [percentOf(inverse), ...this.drawn.map(({ curve }) => valueAt(curve, inverse))])
        .concat([['largest', ...this.drawn.map(({ curve }) => formatValue('us', curve.us.at(-1)))]]),
    }
  }
}

/** Of a curve's slow end nobody knows how slow it is, if some never ended. */
function inWaiting(drawn: readonly DrawnCurve[]): string {
  const bounded = drawn
    .filter(({ curve }) => curve.unfinished !== undefined)
    .map(({ label, curve }) => `${label} (${formatCount(curve.unfinished!)} of ${formatCount(curve.count)})`)
  return bounded.length === 0
    ? ''
    : `Unfinished ones are in it with the time they were waited for, so that its slow end is a lower bound: ${bounded.join('; ')}.`
}

/** Curves of one run: colour by what was asked, solid from the intended start, dashed from the sending. */
export function curvesOfRun(curves: readonly Curve[], scope: string): DrawnCurve[] {
  return curves
    .filter(curve => curve.scope === scope && curve.metric !== 'UPDATE')
    .sort((a, b) => Object.keys(COLOURS).indexOf(a.metric) - Object.keys(COLOURS).indexOf(b.metric))
    .map(curve => ({
      curve,
      label: `${curve.metric}, ${curve.time} time`,
      colour: COLOURS[curve.metric] ?? 'grey',
      shape: curve.time === 'response' ? 'line' : 'dashed',
    }))
}

/** 90 %, 99 %, 99.9 %…: each is as far from the next as the last was. */
function shareAxis(): uPlot.Axis {
  return {
    ...looks(),
    size: 30,
    space: 40,
    splits: (_, __, min, max) => [1, 2, 4, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7].filter(x => x >= min && x <= max),
    filter: (_, splits) => splits,
    values: (_, splits) => splits.map(percentOf),
  }
}

function percentOf(inverse: number): string {
  if (inverse <= 1) return '0 %'
  const percent = 100 - 100 / inverse
  return `${Number(percent.toFixed(Math.max(0, Math.ceil(Math.log10(inverse)) - 1)))} %`
}

function valueAt({ inverse, us }: Curve, wanted: number): string {
  const i = inverse.findIndex(x => x >= wanted)
  return formatValue('us', i < 0 ? undefined : us[i])
}

function curveOptions({ label, colour, shape }: DrawnCurve): uPlot.Series {
  const dash = shape === 'dashed' ? [6, 4] : shape === 'dotted' ? [2, 3] : undefined
  return {
    label,
    stroke: () => ink(colour),
    width: 1.75,
    spanGaps: true,
    points: { show: false },
    ...(dash === undefined ? {} : { dash }),
  }
}
