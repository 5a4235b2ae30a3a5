import type { EventLine, SecondLine, SlaveLine } from '../../metrics/second-line.js'
import { ColumnTable, rowOf } from '../page/columns.js'
import { isMarked, MOST_ROWS } from '../page/marked.js'
import { ALL_TIMED, type PageEvent, type PhaseSpan, type RunPageData, type SlaveRows } from '../page/page-data.js'
import { SLAVE_STATES, SlaveTracks, STATE_LETTERS } from '../page/slave-states.js'
import { ChartGroup } from './chart-group.js'
import { CurveChart, curvesOfRun } from './curve-chart.js'
import { element } from './elements.js'
import { formatClock } from './format.js'
import { chartSpecs } from './run-charts.js'
import type { Backdrop } from './shades.js'
import { SlavesChart } from './slaves-chart.js'
import { onInkChange } from './theme.js'
import { toolbar } from './toolbar.js'
import { TimeChart } from './time-chart.js'

/** A run's charts; those of one that goes on grow with what is appended. */
export interface RunView {
  appendSecond(line: SecondLine): void
  appendSlaveMove(line: SlaveLine): void
  appendEvent(line: EventLine): void
}

/** Draws all charts of a run below `root`. */
export function drawRun(root: HTMLElement, data: RunPageData): RunView {
  const model = new RunModel(data)
  const group = new ChartGroup('run', { min: 0, max: Math.max(1, data.durationS) })
  const backdrop = () => model.backdrop
  const specs = chartSpecs(() => model.pegged)
  const chart = (spec: (typeof specs.others)[number]) =>
    new TimeChart(spec, model.table, group, backdrop, missingText(data, spec.id))
  const slaves = new SlavesChart(() => model.slaves, model.table, group, backdrop, missingText(data, 'slaves'))
  const counts = specs.first.map(chart)
  const others = specs.others.map(chart)
  const scopes = [...new Set(data.curves.map(({ scope }) => scope))].sort(
    (a, b) => Number(b === ALL_TIMED) - Number(a === ALL_TIMED),
  )
  const curves = new CurveChart(
    'curves',
    'How long a share of all took at most',
    'To the right the slowest, ten times fewer at each step. Response time counts from the intended start, service time from the sending.',
    scope => curvesOfRun(data.curves, scope),
    scopes,
    missingText(data, 'curves'),
  )
  const events = element('ol', { class: 'events' })
  root.append(toolbar(group), slaves.panel.figure)
  for (const { panel } of counts) root.append(panel.figure)
  root.append(events)
  for (const { panel } of others) root.append(panel.figure)
  root.append(curves.panel.figure)

  const listEvents = () =>
    events.replaceChildren(
      ...model.backdrop.events.map(({ atS, kind, detail }) =>
        element(
          'li',
          {},
          element('b', {}, formatClock(atS, true)),
          ` ${kind === 'timeline' ? '' : `${kind}: `}${detail}`,
        ),
      ),
    )
  const update = () => {
    const many = model.slaves.count > MOST_ROWS
    slaves.panel.figure.hidden = many
    for (const { panel } of counts) panel.figure.hidden = !many
    slaves.update(model.table)
    for (const each of [...counts, ...others]) each.update(model.table)
  }
  onInkChange(() => {
    group.repaint()
    curves.repaint()
  })
  listEvents()
  update()
  // Who comes late gets an hour at once: it is drawn when all of it is there, and not while nobody looks.
  let isDue = false
  const drawSoon = () => {
    if (isDue) return
    isDue = true
    requestAnimationFrame(() => {
      isDue = false
      listEvents()
      update()
    })
  }
  return {
    appendSecond(line) {
      model.addSecond(line)
      group.extend(line.atMs / 1000)
      drawSoon()
    },
    appendSlaveMove: line => model.addSlaveMove(line),
    appendEvent(line) {
      model.addEvent(line)
      drawSoon()
    },
  }
}

function missingText({ missing }: RunPageData, id: string): string {
  return missing[id] ?? missing.series ?? ''
}

/** What has come of a run so far. */
class RunModel {
  readonly table = new ColumnTable()
  readonly pegged: (readonly [number, number])[]
  private readonly tracks = new SlaveTracks()
  private readonly phases: PhaseSpan[]
  private readonly events: PageEvent[]
  private rows: SlaveRows

  constructor(private readonly data: RunPageData) {
    this.table.times.push(...data.series.times)
    for (const [key, values] of Object.entries(data.series.columns)) this.table.columns[key] = [...values]
    this.pegged = [...data.pegged]
    this.phases = [...data.phases]
    this.events = [...data.events]
    this.rows = data.slaves
    for (const row of data.slaves.rows) this.tracks.restore(row)
  }

  get backdrop(): Backdrop {
    return { phases: this.phases, thrash: this.data.thrash, events: this.events }
  }

  get slaves(): SlaveRows {
    return this.rows
  }

  addSecond(line: SecondLine): void {
    const row = rowOf(line)
    if (this.rows.count > MOST_ROWS) {
      const counts = this.tracks.counts()
      for (const letter of STATE_LETTERS) row[`state.${SLAVE_STATES[letter]}`] = counts[letter]
    }
    this.table.add(line.atMs / 1000, row)
    for (const [from, to] of line.master?.peggedSpansMs ?? []) this.pegged.push([from / 1000, to / 1000])
    this.endPhase(line.atMs / 1000)
  }

  /** The one under way reaches up to here. */
  private endPhase(toS: number): void {
    const phase = this.phases.at(-1)
    if (phase !== undefined) this.phases[this.phases.length - 1] = { ...phase, toS }
  }

  addSlaveMove(line: SlaveLine): void {
    this.tracks.add(line)
    const { rows } = this.tracks
    this.rows = { count: rows.length, resolutionS: 0, rows: rows.length > MOST_ROWS ? [] : rows }
  }

  addEvent({ atMs, kind, detail }: EventLine): void {
    if (atMs === null) return
    const atS = atMs / 1000
    if (kind === 'phase') {
      this.endPhase(atS)
      this.phases.push({ name: detail, fromS: atS, toS: atS, timed: false })
    }
    if (isMarked(kind)) this.events.push({ atS, kind, detail })
  }
}
