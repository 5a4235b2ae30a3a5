import type { MetricSummary, RunResult } from '../metrics/run-result.js'
import type { SeriesPoint } from './read-series.js'

/**
 * The series as a wide table, a row per second: RFC 4180, with a header. What a row says of its run stands in its first
 * columns, so that several runs can be put in one sheet; any other column is named by the path of its value in
 * `series.ndjson`. What is null or absent there is empty here.
 *
 * @param series read twice: first for the names that occur, so that the header can come first
 */
export async function* csv(run: RunResult, series: () => AsyncIterable<SeriesPoint>): AsyncGenerator<string> {
  const names = await namesIn(series())
  const columns = [...RUN, ...SECOND, ...offeredColumns(names.offeredPerSecond), ...metricColumns(names)]
  yield csvLine(columns.map(({ name }) => name))
  for await (const point of series()) yield csvLine(columns.map(({ value }) => value(point, run)))
}

type Cell = string | number | boolean | null | undefined

interface Column {
  readonly name: string
  readonly value: (point: SeriesPoint, run: RunResult) => Cell
}

const RUN: readonly Column[] = [
  { name: 'id', value: (_, run) => run.id },
  { name: 'profile', value: (_, run) => run.profile.name },
  { name: 'seed', value: (_, run) => run.profile.seed },
  { name: 'simulated', value: (_, run) => run.simulated },
  { name: 'masterKind', value: (_, run) => run.master.kind },
  { name: 'state', value: (_, run) => run.state },
]

const MASTER = [
  'meanCores',
  'peakThreadShare',
  'peggedMs',
  'waitMs',
  'rssPeakBytes',
  'descriptorsPeak',
  'threadsPeak',
] as const

const COUNTERS = [
  'slavesStreaming',
  'slaveResyncs',
  'slaveTimeouts',
  'slaveDrops',
  'slaveKicks',
  'slaveListBytes',
  'slaveUpdateBytes',
  'operationsInFlight',
  'operationsQueued',
  'droppedArrivals',
  'skippedOperations',
  'preloaded',
  'bytesRead',
  'bytesWritten',
] as const

const STATISTICS = ['p50', 'p99', 'max'] as const

const SECOND: readonly Column[] = [
  { name: 'atMs', value: ({ atMs }) => atMs },
  { name: 'spanMs', value: ({ spanMs }) => spanMs },
  { name: 'phase', value: ({ phase }) => phase },
  ...MASTER.map(key => ({ name: `master.${key}`, value: ({ master }: SeriesPoint) => master?.[key] })),
  { name: 'harness.cpuCores', value: ({ harness }) => harness?.cpuCores },
  { name: 'harness.stealShare', value: ({ harness }) => harness?.stealShare },
  ...COUNTERS.map(key => ({ name: `counters.${key}`, value: ({ counters }: SeriesPoint) => counters[key] })),
  { name: 'harness.eventLoopDelayUs.p99', value: ({ harness }) => harness?.eventLoopDelayUs?.p99 },
  { name: 'harness.scheduleSlipUs.p99', value: ({ harness }) => harness?.scheduleSlipUs?.p99 },
  { name: 'harness.probeSlipUs.p99', value: ({ harness }) => harness?.probeSlipUs?.p99 },
  ...(['first', 'median', 'last'] as const).flatMap(which => [
    ...STATISTICS.map(statistic => ({
      name: `propagationUs.${which}.${statistic}`,
      value: ({ propagationUs }: SeriesPoint) => propagationUs?.[which]?.[statistic],
    })),
    {
      name: `propagationUs.${which}.lowerBounds`,
      value: ({ propagationUs }: SeriesPoint) => propagationUs?.[which]?.lowerBounds.join(' '),
    },
  ]),
]

const GROUPS = ['operations', 'commands'] as const
type Names = Readonly<Record<(typeof GROUPS)[number] | 'offeredPerSecond', ReadonlySet<string>>>

async function namesIn(series: AsyncIterable<SeriesPoint>): Promise<Names> {
  const names = {
    operations: new Set<string>(),
    commands: new Set<string>(),
    offeredPerSecond: new Set<string>(),
  }
  for await (const point of series)
    for (const group of [...GROUPS, 'offeredPerSecond'] as const)
      for (const name of Object.keys(point[group] ?? {})) names[group].add(name)
  return names
}

function offeredColumns(names: ReadonlySet<string>): Column[] {
  return [...names]
    .sort()
    .map(name => ({ name: `offeredPerSecond.${name}`, value: point => point.offeredPerSecond?.[name] }))
}

const COUNTS = ['count', 'failed', 'unfinished', 'ratePerSecond'] as const
const TIMES = ['responseTimeUs', 'serviceTimeUs'] as const

function metricColumns(names: Names): Column[] {
  return GROUPS.flatMap(group =>
    [...names[group]].sort().flatMap(name => {
      const column = (path: string, of: (metric: MetricSummary) => Cell): Column => ({
        name: `${group}.${name}.${path}`,
        value: point => {
          const metric = point[group][name]
          return metric === undefined ? undefined : of(metric)
        },
      })
      return [
        ...COUNTS.map(key => column(key, metric => metric[key])),
        ...TIMES.flatMap(time => [
          ...STATISTICS.map(statistic => column(`${time}.${statistic}`, metric => metric[time]?.[statistic])),
          column(`${time}.lowerBounds`, metric => metric[time]?.lowerBounds.join(' ')),
        ]),
      ]
    }),
  )
}

/** One record of RFC 4180: CRLF, and quotes where a cell holds what would end it. */
export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`
}

function csvCell(cell: Cell): string {
  const text = cell === null || cell === undefined ? '' : String(cell)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
