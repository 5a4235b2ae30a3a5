import { ALL_TIMED, type ComparisonPageData } from '../page/page-data.js'
import { overlaid } from '../page/overlay.js'
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

interface Overlaid {
  readonly id: string
  readonly title: string
  readonly key: string
  readonly unit: Unit
  readonly logFrom?: number
  /** Where several points of a run fall together the worse one is drawn: the largest, unless less is worse. */
  readonly worst?: 'least'
}

const OVERLAID: readonly Overlaid[] = [
  { id: 'slaves', title: 'Slaves that stream', key: 'slaves.streaming', unit: 'count', worst: 'least' },
  { id: 'noop-slave', title: 'NOOP of the frontends, 99 % within', key: 'noop.slave.p99', unit: 'us', logFrom: 1 },
  {
    id: 'noop-stream',
    title: 'NOOP on a streaming connection, 99 % within',
    key: 'noop.stream.p99',
    unit: 'us',
    logFrom: 1,
  },
  { id: 'noop-plain', title: 'NOOP on a plain connection, 99 % within', key: 'noop.plain.p99', unit: 'us', logFrom: 1 },
  { id: 'creates', title: 'Creates done a second', key: 'create.done', unit: 'perSecond', worst: 'least' },
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
  const charts = OVERLAID.map(({ id, title, key, unit, logFrom, worst }) => {
    const series = overlaid({ runs }, key, worst)
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
