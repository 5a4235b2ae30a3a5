import { ALL_TIMED, type ComparisonPageData, type Series } from '../page/page-data.js'
import { ChartGroup } from './chart-group.js'
import { CurveChart, type DrawnCurve } from './curve-chart.js'
import type { Unit } from './format.js'
import { toolbar } from './toolbar.js'
import type { Backdrop } from './shades.js'
import { type Ink, onInkChange } from './theme.js'
import { type Line, TimeChart } from './time-chart.js'

const RUN_LOOKS: readonly { colour: Ink; shape: Line['shape'] }[] = [
  { colour: 'blue', shape: 'line' },
  { colour: 'orange', shape: 'dashed' },
  { colour: 'green', shape: 'dotted' },
  { colour: 'purple', shape: 'line' },
  { colour: 'amber', shape: 'dashed' },
  { colour: 'sky', shape: 'dotted' },
]

const OVERLAID: readonly { id: string; title: string; key: string; unit: Unit; logFrom?: number }[] = [
  { id: 'slaves', title: 'Slaves that stream', key: 'slaves.streaming', unit: 'count' },
  { id: 'noop-slave', title: 'NOOP of the frontends, 99 % within', key: 'noop.slave.p99', unit: 'us', logFrom: 1 },
  {
    id: 'noop-stream',
    title: 'NOOP on a streaming connection, 99 % within',
    key: 'noop.stream.p99',
    unit: 'us',
    logFrom: 1,
  },
  { id: 'noop-plain', title: 'NOOP on a plain connection, 99 % within', key: 'noop.plain.p99', unit: 'us', logFrom: 1 },
  { id: 'creates', title: 'Creates done a second', key: 'create.done', unit: 'perSecond' },
  { id: 'cpu', title: 'CPU of the master', key: 'cpu.total', unit: 'cores' },
  { id: 'lag', title: 'Propagation, 99 % within', key: 'lag.p99', unit: 'us', logFrom: 1000 },
  { id: 'memory', title: 'Memory of the master', key: 'memory.rss', unit: 'bytes' },
]

const CURVES = ['NOOP.slave', 'NOOP.stream', 'NOOP.plain', 'create', 'UPDATE']

/** Several runs laid over each other. */
export function drawComparison(root: HTMLElement, { runs }: ComparisonPageData): void {
  const spans = runs.map(({ data, originS }) => ({ from: -originS, to: data.durationS - originS }))
  const full = { min: Math.min(...spans.map(({ from }) => from)), max: Math.max(...spans.map(({ to }) => to)) }
  const group = new ChartGroup('comparison', full)
  const [{ data: first, originS }] = runs
  const shift = (seconds: number) => seconds - originS
  const phases = first.phases.map(phase => ({ ...phase, fromS: shift(phase.fromS), toS: shift(phase.toS) }))
  const backdrop: Backdrop = { phases, thrash: null, events: [] }
  const label = (i: number) => `${runs[i].label} ${runs[i].data.name}`
  const charts = OVERLAID.map(({ id, title, key, unit, logFrom }) => {
    const series = overlaid({ runs }, key)
    const lines = runs.map((_, i) => ({ key: String(i), label: label(i), ...looksOf(i), width: 2 }))
    const spec = { id, title, note: '', unit, lines: () => lines, ...(logFrom === undefined ? {} : { logFrom }) }
    const chart = new TimeChart(spec, series, group, () => backdrop, 'None of these runs measured it.')
    return { chart, series }
  })
  const curves = CURVES.map(metric => {
    const drawn: DrawnCurve[] = runs.flatMap(({ data }, i) =>
      data.curves
        .filter(curve => curve.scope === ALL_TIMED && curve.metric === metric && curve.time === 'response')
        .map(curve => ({ curve, label: label(i), ...looksOf(i) })),
    )
    const title = `${metric}: how long a share of all took at most`
    return new CurveChart(
      `curve-${metric.replace('.', '-').toLowerCase()}`,
      title,
      'Response time.',
      () => drawn,
      [],
      'None of these runs measured it.',
    )
  })
  root.append(
    toolbar(group),
    ...charts.map(({ chart }) => chart.panel.figure),
    ...curves.map(({ panel }) => panel.figure),
  )
  for (const { chart, series } of charts) chart.update(series)
  onInkChange(() => {
    group.repaint()
    for (const curve of curves) curve.repaint()
  })
}

function looksOf(run: number) {
  return RUN_LOOKS[run % RUN_LOOKS.length]
}

/** One column of each run on one grid of seconds, so that they can be read at the same time. */
function overlaid({ runs }: ComparisonPageData, key: string): Series {
  const gridS = Math.max(...runs.map(({ data }) => data.binS))
  const cells = runs.map(({ data, originS }) => {
    const cell = new Map<number, number | null>()
    for (const [i, value] of (data.series.columns[key] ?? []).entries()) {
      const at = Math.round((data.series.times[i] - originS) / gridS)
      const before = cell.get(at)
      cell.set(at, typeof before === 'number' && (value === null || before > value) ? before : value)
    }
    return cell
  })
  const grid = [...new Set(cells.flatMap(cell => [...cell.keys()]))].sort((a, b) => a - b)
  // A second without a point of a run is no gap in its line (uPlot: undefined); one in which it measured nothing is.
  const columns = cells.map((cell, i) => [String(i), grid.map(at => cell.get(at) as number | null)])
  return { times: grid.map(at => at * gridS), columns: Object.fromEntries(columns) }
}
