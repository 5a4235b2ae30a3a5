import type { SecondLine } from '../../metrics/second-line.js'
import type { MetricSummary, TimeSummary } from '../../metrics/run-result.js'

export type Row = Record<string, number>

/** A column of this name's end holds 1 where the value of the column before its end is a lower bound. */
export const AT_LEAST = '.atLeast'

/**
 * A second of `series.ndjson` as named values; what was not measured in it has none. Node and the browser share it, so
 * that a page that is fed live draws what a report draws.
 */
export function rowOf(line: SecondLine): Row {
  const row: Row = {}
  for (const kind of ['plain', 'stream', 'slave'])
    addTime(row, `noop.${kind}`, line.commands[`NOOP.${kind}`]?.responseTimeUs)
  addOperations(row, line)
  addMaster(row, line)
  addTime(row, 'lag', line.propagationUs?.all)
  addHarness(row, line)
  row['slaves.streaming'] = line.counters.slavesStreaming
  return row
}

function addTime(row: Row, name: string, time: TimeSummary | null | undefined): void {
  if (time === null || time === undefined) return
  for (const statistic of ['p50', 'p99', 'max'] as const) {
    const key = `${name}.${statistic}`
    row[key] = time[statistic]
    if (time.lowerBounds.includes(statistic)) row[`${key}${AT_LEAST}`] = 1
  }
}

function addOperations(row: Row, { operations, offeredPerSecond, counters, commands }: SecondLine): void {
  const { create, ...others } = operations
  const offered = offeredPerSecond?.create ?? (isOpenLoop(create) && offeredPerSecond !== undefined ? 0 : undefined)
  if (offered !== undefined) row['create.offered'] = offered
  if (create !== undefined || offered !== undefined) row['create.done'] = okPerSecond(create)
  if (Object.keys(others).length > 0)
    row['others.done'] = Object.values(others).reduce((sum, metric) => sum + okPerSecond(metric), 0)
  row['operations.waiting'] = counters.operationsQueued + counters.operationsInFlight
  if (commands.ACTIVATE !== undefined && Object.keys(operations).length === 0)
    row['preload.done'] = okPerSecond(commands.ACTIVATE)
}

/** In a closed loop nothing is due, which is no zero. Older runs have not recorded what was. */
function isOpenLoop(metric: MetricSummary | undefined): boolean {
  return metric?.responseTimeUs !== undefined
}

/** What ended well: the rate counts refused ones too. */
export function okPerSecond(metric: MetricSummary | undefined): number {
  if (metric === undefined) return 0
  const ended = metric.count - metric.unfinished
  return ended === 0 ? 0 : Math.round(metric.ratePerSecond * (1 - metric.failed / ended) * 1000) / 1000
}

function addMaster(row: Row, { master }: SecondLine): void {
  if (master === null) return
  row['cpu.total'] = master.meanCores
  row['cpu.waiting'] = master.sampledMs > 0 ? master.waitMs / master.sampledMs : 0
  row['memory.rss'] = master.rssPeakBytes
  for (const { tid, runShare } of master.threads ?? []) row[`thread.${tid}`] = runShare
}

function addHarness(row: Row, { harness }: SecondLine): void {
  if (harness === null) return
  row['own.cpu'] = harness.cpuCores
  if (harness.stealShare !== null) row['own.steal'] = harness.stealShare
  if (harness.eventLoopDelayUs) row['own.loop'] = harness.eventLoopDelayUs.p99
  if (harness.scheduleSlipUs) row['own.slip'] = harness.scheduleSlipUs.p99
  if (harness.probeSlipUs) row['own.probeSlip'] = harness.probeSlipUs.p99
  for (const { name, id, cpuCores, isLost } of harness.agents ?? [])
    if (cpuCores !== null && !isLost) row[`agent.${name} (${id})`] = cpuCores
}

/** Rows put together to columns, as they come. */
export class ColumnTable {
  readonly times: number[] = []
  readonly columns: Record<string, (number | null)[]> = {}

  add(atS: number, row: Row): void {
    for (const name of Object.keys(row)) this.columns[name] ??= this.times.map(() => null)
    this.times.push(atS)
    for (const [name, column] of Object.entries(this.columns)) column.push(row[name] ?? null)
  }
}
