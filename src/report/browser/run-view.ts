import type { EventLine, SlaveLine } from '../../metrics/second-line.js'
import type { LiveSecond, PhaseBegun } from '../page/live-facts.js'
import { ALL_TIMED, type RunPageData } from '../page/page-data.js'
import { RunModel } from '../page/run-model.js'
import { ChartGroup } from './chart-group.js'
import { CurveChart, curvesOfRun } from './curve-chart.js'
import { element } from './elements.js'
import { formatClock } from './format.js'
import { chartSpecs } from './run-charts.js'
import { SlavesChart } from './slaves-chart.js'
import { onInkChange } from './theme.js'
import { toolbar } from './toolbar.js'
import { TimeChart } from './time-chart.js'

/** A run's charts; those of one that goes on grow with what is appended. */
export interface RunView {
  appendPhase(phase: PhaseBegun): void
  appendSecond(line: LiveSecond): void
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
    const many = model.hasTooManyRows
    slaves.panel.figure.hidden = many
    for (const { panel } of counts) panel.figure.hidden = !many
    if (!many) slaves.update(model.table)
    for (const each of many ? [...counts, ...others] : others) each.update(model.table)
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
    appendPhase: phase => model.addPhase(phase),
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
