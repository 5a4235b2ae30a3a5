import type { Series } from '../page/page-data.js'
import type { Line, TimeChartSpec } from './time-chart.js'
import type { Ink } from './theme.js'

type Spans = () => readonly (readonly [number, number])[]

const LINE_INKS: readonly Ink[] = ['blue', 'orange', 'green', 'purple', 'amber', 'sky', 'brown', 'grey']

/** What is drawn of a run over its time, above and below the rows of slaves. */
export function chartSpecs(pegged: Spans): { readonly first: TimeChartSpec[]; readonly others: TimeChartSpec[] } {
  return {
    first: [slaveCounts()],
    others: [
      timeBands('noop-slave', 'NOOP of the frontends', 'noop.slave', SLAVE_NOTE, 'purple'),
      timeBands('noop-stream', 'NOOP on a streaming connection', 'noop.stream', PROBE_NOTE, 'orange'),
      timeBands('noop-plain', 'NOOP on a plain connection', 'noop.plain', PROBE_NOTE, 'blue'),
      creates(),
      cpu(pegged),
      timeBands('lag', 'Propagation: from the writer’s OK to each slave', 'lag', LAG_NOTE, 'green', 1000),
      memory(),
      ownDelays(),
      ownCpu(),
    ],
  }
}

const PROBE_NOTE =
  'Response time of the harness’s probes, from when each was due: half, 99 %, the slowest of each second. ≥: some never ended.'
const SLAVE_NOTE =
  'Response time as the frontends themselves see it. One that is not answered within a retry delay costs the connection.'
const LAG_NOTE =
  'Half, 99 %, the slowest delivery in each second; what took less than a millisecond lies at the bottom.'

/** Half, 99 % and all of the answers, as two bands. */
function timeBands(id: string, title: string, key: string, note: string, colour: Ink, logFrom = 1): TimeChartSpec {
  return {
    id,
    title,
    note,
    unit: 'us',
    logFrom,
    lines: () => [
      { key: `${key}.p50`, label: 'half within', colour, shape: 'line', width: 2 },
      { key: `${key}.p99`, label: '99 % within', colour, shape: 'dashed', bandAlpha: 0.3 },
      { key: `${key}.max`, label: 'slowest', colour, shape: 'dotted', bandAlpha: 0.14, width: 1 },
    ],
  }
}

function creates(): TimeChartSpec {
  return {
    id: 'creates',
    title: 'Creates a second',
    note: 'Offered: those that were due; in a closed loop none are, and older runs did not record it. Done: those that the master confirmed. Where they part, backends wait.',
    unit: 'perSecond',
    lines: () => [
      { key: 'create.offered', label: 'offered', colour: 'grey', shape: 'dashed', width: 2 },
      { key: 'create.done', label: 'done', colour: 'green', shape: 'line', width: 2 },
      { key: 'others.done', label: 'other operations done', colour: 'sky', shape: 'dotted' },
    ],
  }
}

function cpu(spans: Spans): TimeChartSpec {
  return {
    id: 'cpu',
    title: 'CPU of the master, by thread',
    note: 'Shares of one CPU. Tinted: pegged, all threads together on a CPU or waiting for one at least 95 % of the time.',
    unit: 'cores',
    spans,
    lines: series => [
      { key: 'cpu.total', label: 'all threads', colour: 'text', shape: 'line', width: 2 },
      ...threadLines(series),
      { key: 'thread.others', label: 'other threads', colour: 'muted', shape: 'line', width: 1 },
      { key: 'cpu.waiting', label: 'waiting for a CPU', colour: 'orange', shape: 'dotted', width: 2 },
    ],
  }
}

function threadLines(series: Series): Line[] {
  return busiestLines(series, /^thread\.(?=\d+$)/, 'thread ')
}

/** @param prefix of the keys of such lines */
function busiestLines({ columns }: Series, prefix: RegExp, label: string): Line[] {
  const sums = Object.entries(columns)
    .filter(([key]) => prefix.test(key))
    .map(([key, values]) => ({ key, sum: values.reduce<number>((sum, value) => sum + (value ?? 0), 0) }))
    .sort((a, b) => b.sum - a.sum)
    .slice(0, LINE_INKS.length)
  return sums.map(({ key }, i) => ({
    key,
    label: key.replace(prefix, label),
    colour: LINE_INKS[i],
    shape: i % 2 === 0 ? 'line' : 'dashed',
  }))
}

function memory(): TimeChartSpec {
  return {
    id: 'memory',
    title: 'Memory of the master',
    note: 'Resident, the most in each second.',
    unit: 'bytes',
    height: 130,
    lines: () => [{ key: 'memory.rss', label: 'resident', colour: 'blue', shape: 'line', width: 2 }],
  }
}

function ownDelays(): TimeChartSpec {
  return {
    id: 'own',
    title: 'The harness: how late it was',
    note: 'The slowest hundredth of each second. Beyond 50 ms figures are the harness’s own, and the run is invalid.',
    unit: 'us',
    logFrom: 1,
    height: 150,
    lines: () => [
      { key: 'own.loop', label: 'event loop', colour: 'grey', shape: 'line' },
      { key: 'own.slip', label: 'operations sent', colour: 'green', shape: 'dashed' },
      { key: 'own.probeSlip', label: 'probes sent', colour: 'blue', shape: 'dotted', width: 2 },
    ],
  }
}

function ownCpu(): TimeChartSpec {
  return {
    id: 'own-cpu',
    title: 'The harness: its CPU, and what the host lost',
    note: 'Cores the harness used, and its busiest agents; steal is the share of the host’s CPU that its hypervisor gave to others.',
    unit: 'cores',
    height: 130,
    lines: series => [
      { key: 'own.cpu', label: 'harness', colour: 'grey', shape: 'line', width: 2 },
      ...busiestLines(series, /^agent\./, 'agent '),
      { key: 'own.steal', label: 'steal', colour: 'orange', shape: 'dotted', width: 2 },
    ],
  }
}

/** In place of rows where there are too many slaves; the lines lie above each other. */
function slaveCounts(): TimeChartSpec {
  return {
    id: 'slave-counts',
    title: 'Slaves by state',
    note: 'More than can be told apart as rows.',
    unit: 'count',
    height: 220,
    lines: () => [
      { key: 'state.streaming', label: 'streaming', colour: 'green', shape: 'line', width: 2 },
      { key: 'state.dumping', label: 'dumping', colour: 'blue', shape: 'line', width: 2 },
      { key: 'state.merging', label: 'merging', colour: 'sky', shape: 'dashed' },
      { key: 'state.connecting', label: 'connecting', colour: 'amber', shape: 'dashed' },
      { key: 'state.timed out', label: 'timed out', colour: 'orange', shape: 'dotted', width: 2 },
      { key: 'state.lost', label: 'lost', colour: 'purple', shape: 'dotted' },
    ],
  }
}
