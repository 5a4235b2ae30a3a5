import { formatDurationUs } from '../../core/units.js'
import type { MetricSummary, RunResult, TimeSummary } from '../../metrics/run-result.js'
import { timedPhases } from '../run-page-data.js'
import { boundedTime } from '../page/bounded.js'
import { escapeHtml } from './escape.js'

interface Tile {
  readonly name: string
  readonly value: string
  readonly more: string
}

/** The few figures that people ask for first. */
export function tiles(run: RunResult): string {
  const shown = [
    lost(run),
    timeouts(run),
    slowest(run, 'NOOP.slave', 'a frontend’s NOOP'),
    slowest(run, 'NOOP.plain', 'NOOP, plain'),
    create(run),
    cpu(run),
  ]
  const html = shown
    .filter(tile => tile !== undefined)
    .map(
      ({ name, value, more }) =>
        `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)} <small>${escapeHtml(more)}</small></dd></div>`,
    )
  return `<dl class="tiles">${html.join('')}</dl>`
}

function lost({ slaves }: RunResult): Tile | undefined {
  if (slaves.count === 0) return undefined
  const most = Math.max(0, slaves.count - slaves.leastStreaming)
  return { name: 'frontends lost at one time', value: String(most), more: `of ${slaves.count}` }
}

function timeouts({ slaves }: RunResult): Tile | undefined {
  if (slaves.count === 0) return undefined
  return {
    name: '“connection to master timed out”',
    value: String(slaves.timeouts),
    more: `times, ${slaves.resyncs} resyncs`,
  }
}

/** In the phases that count, the worst of them. */
function slowest(run: RunResult, command: string, what: string): Tile | undefined {
  const timed = timedPhases(run)
  const times = run.phases
    .filter(({ name }) => timed.has(name))
    .map(({ name, commands }) => ({ name, time: (commands[command] as MetricSummary | undefined)?.responseTimeUs }))
    .filter((phase): phase is { name: string; time: TimeSummary } => phase.time !== undefined)
    .sort((a, b) => b.time.p99 - a.time.p99)
  if (times.length === 0) return undefined
  const [{ name, time }] = times
  return { name: `${what}, 99 % within`, value: boundedTime(time, 'p99'), more: `in ${name}` }
}

function create({ total }: RunResult): Tile | undefined {
  const time = total.operations.create?.responseTimeUs
  return (
    time && {
      name: 'a create waited up to',
      value: boundedTime(time, 'max'),
      more: `half within ${boundedTime(time, 'p50')}`,
    }
  )
}

function cpu({ master: { cpu, kind } }: RunResult): Tile | undefined {
  // Of a model there is none.
  if (cpu.meanCores === null)
    return kind === 'remote' ? { name: 'CPU of the master', value: 'not measured', more: '' } : undefined
  return {
    name: 'the master was pegged for',
    value: formatDurationUs((cpu.peggedMs ?? 0) * 1e3),
    more: `${cpu.meanCores.toFixed(2)} cores on average`,
  }
}
