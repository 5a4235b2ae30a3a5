import { formatDurationUs } from '../core/units.js'
import type { TimeStatistic } from '../metrics/latency.js'
import type { MetricSummary, PhaseResult, RunResult, Verdict } from '../metrics/run-result.js'
import type { Comparison, Threshold } from './threshold.js'

export interface ThresholdResult {
  readonly threshold: string
  readonly result: 'pass' | 'fail' | 'inconclusive'
  /** The measured value, in the field's own unit; absent when there was none. */
  readonly value?: number
  readonly reason: string
}

/** What takes a host, names of mailboxes or web servers. */
const NOT_SIMULATED =
  /^(master\.(cpu|rss|descriptors|threads|write|diskFlushes)|generator\.|noiseFloor|http|slaves\.(differenceCount|openMailboxes|realSlaveUnknown|propagationUs\.missing))/

const OF_ITS_PROCESS = /^master\.(cpu|rss|descriptors|threads|write)/

/** Missing data fails, but for what no simulation has; a lower bound passes only what it cannot leave, and is inconclusive otherwise. */
export function judgeThreshold(run: RunResult, threshold: Threshold): ThresholdResult {
  const found = lookUp(run, threshold)
  const name = threshold.text
  if (found === undefined) {
    return run.simulated && NOT_SIMULATED.test(threshold.path)
      ? { threshold: name, result: 'inconclusive', reason: `${name}: a simulation has no such figure` }
      : { threshold: name, result: 'fail', reason: `${name}: nothing was measured` }
  }
  const { value, lowerBound, isOfAPart = false } = found
  const holds = compare(value, threshold.comparison, threshold.value)
  const shown = `${lowerBound ? '≥ ' : ''}${withUnit(threshold.path, value)}`
  // What was seen may still grow: does growing change the answer?
  if (lowerBound && holds !== compare(Infinity, threshold.comparison, threshold.value)) {
    return { threshold: name, value, result: 'inconclusive', reason: `${name}: measured ${shown}, a lower bound` }
  }
  // What was not seen may have broken it.
  if (isOfAPart && holds)
    return {
      threshold: name,
      value,
      result: 'inconclusive',
      reason: `${name}: measured ${shown}, of a part of the time`,
    }
  return { threshold: name, value, result: holds ? 'pass' : 'fail', reason: `${name}: measured ${shown}` }
}

function withUnit(path: string, value: number): string {
  if (/Us\./.test(path) && !path.endsWith('.count')) return formatDurationUs(value)
  return path.endsWith('Ms') ? formatDurationUs(value * 1e3) : String(value)
}

/** It has to hold in each part that has such a figure. */
function judgeParts(parts: readonly RunResult[], threshold: Threshold): ThresholdResult {
  const measured = parts.filter(part => lookUp(part, threshold) !== undefined)
  const results = (measured.length > 0 ? measured : parts.slice(-1)).map(part => judgeThreshold(part, threshold))
  return ORDER.flatMap(wanted => results.filter(({ result }) => result === wanted))[0]!
}

const ORDER = ['fail', 'inconclusive', 'pass'] as const

export interface Conditions {
  readonly saturated: readonly string[]
  /** What is gone or wrong on somebody's list: no slowness of the harness brings that about. */
  readonly losses: readonly string[]
  readonly inconclusive: readonly string[]
  readonly failures: readonly string[]
  /** What would have been a failure, had the profile not expected it. */
  readonly expected: readonly string[]
}

/**
 * The one verdict of a run: what is lost, then a harness that was the limit, which makes all times worthless, then failures,
 * then doubts. Nothing of it is kept back.
 *
 * @param parts the run; more where it was broken off, and gone on with
 */
export function judge(parts: readonly RunResult[], thresholds: readonly Threshold[], conditions: Conditions): Verdict {
  const results = thresholds.map(threshold => judgeParts(parts, threshold))
  const reasons = (wanted: ThresholdResult['result']) => results.filter(r => r.result === wanted).map(r => r.reason)
  const { saturated, losses } = conditions
  const failures = [...losses, ...conditions.failures]
  if (saturated.length > 0) {
    const result = losses.length > 0 ? 'fail' : 'invalid'
    return { result, reasons: [...losses, ...saturated, ...conditions.failures], failures, thresholds: results }
  }
  const failed = [...failures, ...reasons('fail')]
  if (failed.length > 0) return { result: 'fail', reasons: failed, failures, thresholds: results }
  const doubts = [...conditions.inconclusive, ...reasons('inconclusive')]
  if (doubts.length > 0) return { result: 'inconclusive', reasons: doubts, failures, thresholds: results }
  return {
    result: 'pass',
    reasons: [...results.map(r => r.reason), ...conditions.expected],
    failures,
    thresholds: results,
  }
}

interface Found {
  readonly value: number
  readonly lowerBound: boolean
  readonly isOfAPart?: boolean
}

function lookUp(run: RunResult, threshold: Threshold): Found | undefined {
  const scope = threshold.phase === undefined ? run.total : run.phases.find(phase => phase.name === threshold.phase)
  if (scope === undefined) return undefined
  return inMetrics(scope, threshold.path) ?? inRun(run, threshold.path)
}

/** Metric names hold dots (`NOOP.slave`): the name is whatever is left of a path inside a metric. */
function inMetrics(scope: Pick<PhaseResult, 'operations' | 'steps' | 'commands'>, path: string): Found | undefined {
  const parts = path.split('.')
  for (let cut = parts.length - 1; cut > 0; cut--) {
    const name = parts.slice(0, cut).join('.')
    const metric = scope.operations[name] ?? scope.steps[name] ?? scope.commands[name]
    if (metric !== undefined) return inMetric(metric, parts.slice(cut))
  }
  return undefined
}

function inMetric(metric: MetricSummary, path: readonly string[]): Found | undefined {
  const value = numberAt(metric, path)
  if (value === undefined) return undefined
  const time =
    path[0] === 'responseTimeUs'
      ? metric.responseTimeUs
      : path[0] === 'serviceTimeUs'
        ? metric.serviceTimeUs
        : undefined
  return { value, lowerBound: time?.lowerBounds.includes(path[1] as TimeStatistic) ?? false }
}

function inRun(run: RunResult, path: string): Found | undefined {
  const value = numberAt(run, path.split('.'))
  return value === undefined ? undefined : { value, lowerBound: false, isOfAPart: isOfAPart(run, path) }
}

/** Of the master's process, where it was not watched all the time. */
function isOfAPart({ master: { probe } }: RunResult, path: string): boolean {
  return (probe?.missedMs ?? 0) > 0 && OF_ITS_PROCESS.test(path)
}

function numberAt(root: unknown, path: readonly string[]): number | undefined {
  let at = root
  for (const key of path) {
    if (typeof at !== 'object' || at === null) return undefined
    at = (at as Record<string, unknown>)[key]
  }
  return typeof at === 'number' ? at : undefined
}

function compare(value: number, comparison: Comparison, limit: number): boolean {
  switch (comparison) {
    case '<':
      return value < limit
    case '<=':
      return value <= limit
    case '>':
      return value > limit
    case '>=':
      return value >= limit
    case '==':
      return value === limit
  }
}
