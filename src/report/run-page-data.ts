import type { RunResult } from '../metrics/run-result.js'
import type { EventLine, SlaveLine } from '../metrics/second-line.js'
import { ColumnTable } from './page/columns.js'
import { decimated } from './page/decimate.js'
import { isMarked, MOST_ROWS, telling } from './page/marked.js'
import {
  ALL_TIMED,
  type Curve,
  type PageEvent,
  type PhaseSpan,
  type RunPageData,
  type SlaveRows,
} from './page/page-data.js'
import { coarsened, SLAVE_STATES, SlaveTracks, STATE_LETTERS } from './page/slave-states.js'
import type { DrawnSecond, RunFiles } from './run-files.js'
import { whyUnwatched } from './unwatched.js'

/** A report of an hour with 60 slaves has to stay below 1 MB. */
const MOST_POINTS = 1_800
const MOST_TRANSITIONS = 40_000
const MOST_EVENTS = 300
const MOST_THREADS = 8

/** Phases that count: they last as long as the profile says. All, where none does. */
export function timedPhases(run: RunResult): Set<string> {
  const timed = run.phases.filter(isTimed)
  return new Set((timed.length > 0 ? timed : run.phases).map(({ name }) => name))
}

function isTimed({ ended }: RunResult['phases'][number]): boolean {
  return ended !== 'condition' && ended !== 'limit'
}

/** Pure: everything that is drawn of a run, short enough to be sent. */
export function runPageData(run: RunResult, files: RunFiles): RunPageData {
  const { seconds, events, slaveMoves } = files
  const moves = [...(slaveMoves ?? [])].sort((a, b) => a.atMs - b.atMs)
  const slaveCount = new Set(moves.map(({ slave }) => slave)).size
  const threads = busiestThreads(seconds)
  const table = tableOf(seconds, slaveCount > MOST_ROWS ? moves : [], new Set(threads))
  const bin = Math.ceil((2 * table.times.length) / MOST_POINTS)
  const isLong = table.times.length > MOST_POINTS
  const durationS = Math.max(run.durationMs / 1000, table.times.at(-1) ?? 0)
  const { onsetMs, endMs } = run.slaves.thrash
  return {
    name: run.profile.name,
    durationS,
    binS: isLong ? Math.round((bin * durationS) / table.times.length) : 1,
    series: isLong ? decimated(table, bin) : { times: table.times, columns: table.columns },
    threads,
    phases: phaseSpans(run),
    thrash: onsetMs === null ? null : [onsetMs / 1000, (endMs ?? run.durationMs) / 1000],
    pegged: joined(seconds.flatMap(({ peggedSpansMs }) => peggedSpansMs)),
    events: pageEvents(events),
    slaves: slaveRows(moves, slaveCount, durationS * 1000),
    curves: files.curves.map(curve => withUnfinished(curve, run)),
    missing: missingOf(run, files),
  }
}

function tableOf(seconds: readonly DrawnSecond[], moves: readonly SlaveLine[], threads: ReadonlySet<number>) {
  const table = new ColumnTable()
  const tracks = new SlaveTracks()
  let next = 0
  for (const second of seconds) {
    const row = { ...second.row }
    for (const name of Object.keys(row))
      if (isThread(name) && !threads.has(threadOf(name))) {
        row['thread.others'] = (row['thread.others'] ?? 0) + row[name]
        delete row[name]
      }
    for (; next < moves.length && moves[next].atMs <= second.atMs; next++) tracks.add(moves[next])
    if (moves.length > 0) {
      const counts = tracks.counts()
      for (const letter of STATE_LETTERS) row[`state.${SLAVE_STATES[letter]}`] = counts[letter]
    }
    table.add(second.atMs / 1000, row)
  }
  return table
}

function busiestThreads(seconds: readonly DrawnSecond[]): number[] {
  const used = new Map<string, number>()
  for (const { row } of seconds)
    for (const name of Object.keys(row)) if (isThread(name)) used.set(name, (used.get(name) ?? 0) + row[name])
  return [...used]
    .sort((a, b) => b[1] - a[1])
    .slice(0, MOST_THREADS)
    .map(([name]) => threadOf(name))
}

const THREAD = 'thread.'

function isThread(column: string): boolean {
  return column.startsWith(THREAD)
}

function threadOf(column: string): number {
  return Number(column.slice(THREAD.length))
}

function phaseSpans(run: RunResult): PhaseSpan[] {
  return run.phases.map(phase => ({
    name: phase.name,
    fromS: phase.startMs / 1000,
    toS: (phase.startMs + phase.durationMs) / 1000,
    timed: isTimed(phase),
  }))
}

/** Stretches up to here, and from here on, are one: their ends are rounded. A sample in between is a quarter second. */
const TOUCH_MS = 5

/** Stretches that touch are one. */
function joined(spansMs: readonly (readonly [number, number])[]): [number, number][] {
  const spans: [number, number][] = []
  for (const [fromMs, toMs] of spansMs) {
    const last = spans.at(-1)
    if (last !== undefined && fromMs / 1000 - last[1] < TOUCH_MS / 1000) last[1] = toMs / 1000
    else spans.push([fromMs / 1000, toMs / 1000])
  }
  return spans
}

function pageEvents(events: readonly EventLine[]): PageEvent[] {
  const marked = events.filter(({ kind, atMs }) => atMs !== null && isMarked(kind))
  return telling(marked, MOST_EVENTS).map(({ atMs, kind, detail }) => ({ atS: atMs! / 1000, kind, detail }))
}

function slaveRows(moves: readonly SlaveLine[], count: number, durationMs: number): SlaveRows {
  if (count > MOST_ROWS) return { count, resolutionS: 0, rows: [] }
  const tracks = new SlaveTracks()
  for (const move of moves) tracks.add(move)
  const { rows } = tracks
  const transitions = rows.reduce((sum, { states }) => sum + states.length, 0)
  if (transitions <= MOST_TRANSITIONS) return { count, resolutionS: 0, rows }
  const binMs = Math.ceil((durationMs * count) / MOST_TRANSITIONS)
  return { count, resolutionS: binMs / 1000, rows: rows.map(row => coarsened(row, binMs)) }
}

/** The log of histograms does not have them apart: `run.json` does. */
function withUnfinished(curve: Curve, run: RunResult): Curve {
  const timed = timedPhases(run)
  const unfinished = run.phases
    .filter(({ name }) => (curve.scope === ALL_TIMED ? timed.has(name) : name === curve.scope))
    .flatMap(({ operations, commands }) => [operations[curve.metric], commands[curve.metric]])
    .reduce((sum, metric) => sum + (metric?.unfinished ?? 0), 0)
  return unfinished === 0 ? curve : { ...curve, unfinished }
}

/** An empty chart would claim that nothing happened. */
function missingOf(run: RunResult, { seconds, slaveMoves }: RunFiles): Record<string, string> {
  const { plain, streaming } = run.probes
  const cpu = `Not measured: ${whyUnwatched(run)}.`
  const own = run.simulated ? 'A simulation has no clock, no threads and no connections to be late.' : 'Not recorded.'
  return {
    series: seconds.length === 0 ? 'No second of this run was recorded.' : 'Not recorded.',
    'noop-plain':
      plain === 0 ? 'Not measured: the profile has no probes on plain connections.' : 'No answer was timed.',
    'noop-stream':
      streaming === 0
        ? 'Not measured: the profile has no probes on streaming connections; the frontends’ own NOOPs are above.'
        : 'No answer was timed.',
    'noop-slave':
      run.slaves.count === 0
        ? 'There were no frontends.'
        : 'The frontends sent no NOOP: none was left without updates for a retry delay.',
    creates: 'No mailbox was created by backends.',
    cpu,
    memory: cpu,
    slaves:
      slaveMoves === undefined
        ? 'Not recorded: this run was made before slaves.ndjson was written.'
        : 'There were no slaves.',
    lag: 'Not measured: no slave’s records were followed, or nothing was changed.',
    own,
    'own-cpu': own,
    curves: 'No histograms were recorded in the phases that count.',
  }
}
