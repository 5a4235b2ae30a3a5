import { stripVTControlCharacters } from 'node:util'
import { formatBytes, formatCount, formatDurationUs } from '../core/units.js'
import type { MetricSummary, PhaseResult, RunResult, TimeSummary } from '../metrics/run-result.js'
import { caveatsOf } from './caveats.js'
import { markdownList, markdownTable, markdownText, VERDICT_SIGNS } from './markdown-text.js'
import { masterSentences, peopleSentences, rate, value, worthATable } from './summary.js'

/** A run for a pull request's comment, in GitHub-flavoured Markdown. */
export function markdown(run: RunResult): string {
  const { verdict } = run
  const timed = run.phases.filter(worthATable).filter(({ ended }) => ended !== 'condition' && ended !== 'limit')
  const parts = [
    headline(run),
    caveatsOf(run)
      .map(caveat => `> **${markdownText(caveat)}**`)
      .join('\\\n'),
    markdownList(verdict.reasons),
    section('Thresholds', thresholdTable(run)),
    section('What happened', markdownList(peopleSentences(run).map(stripVTControlCharacters))),
    ...timed.map(phase => section(phaseTitle(phase), phaseTable(phase))),
    timed.length === 0
      ? ''
      : 'Response time counts from the intended start, service time from the sending; ≥: a lower bound.',
    section('Master and host', markdownList([...masterSentences(run).map(stripVTControlCharacters), ...hostText(run)])),
  ]
  return `${parts.filter(part => part !== '').join('\n\n')}\n`
}

function headline({ verdict, profile, durationMs }: RunResult): string {
  const what = `${profile.name}, seed ${profile.seed}, ${formatDurationUs(durationMs * 1e3)}`
  return `## ${VERDICT_SIGNS[verdict.result]} ${verdict.result.toUpperCase()}: ${markdownText(what)}`
}

function section(title: string, content: string): string {
  return content === '' ? '' : `### ${markdownText(title)}\n\n${content}`
}

/** Of an invalid run they are told, not judged. */
function thresholdTable({ verdict }: RunResult): string {
  const { thresholds } = verdict
  if (thresholds.length === 0) return ''
  const rows = thresholds.map(({ threshold, result, reason }) => {
    const measured = reason.startsWith(`${threshold}: `) ? reason.slice(threshold.length + 2) : reason
    const judged =
      verdict.result === 'invalid' ? `${VERDICT_SIGNS.invalid} not judged` : `${VERDICT_SIGNS[result]} ${result}`
    return [judged, threshold, measured]
  })
  return markdownTable(['result', 'threshold', 'measured'], rows, 3)
}

function phaseTitle({ name, durationMs, ended }: PhaseResult): string {
  return `${name} (${formatDurationUs(durationMs * 1e3)}${ended === 'duration' ? '' : `, ${ended}`})`
}

function phaseTable({ operations, commands }: PhaseResult): string {
  const head = ['', 'count', '/s', 'response p50', 'p99', 'max', 'service p50', 'p99', 'max', 'failed', 'unanswered']
  return markdownTable(head, [...Object.entries(operations), ...Object.entries(commands)].map(phaseRow))
}

function phaseRow([name, metric]: [string, MetricSummary]): string[] {
  const { count, ratePerSecond, responseTimeUs, serviceTimeUs, failed, unfinished } = metric
  return [
    name,
    formatCount(count),
    rate(ratePerSecond),
    ...times(responseTimeUs),
    ...times(serviceTimeUs),
    formatCount(failed),
    formatCount(unfinished),
  ]
}

function times(time: TimeSummary | undefined): string[] {
  return (['p50', 'p99', 'max'] as const).map(statistic => (time === undefined ? '' : value(time, statistic)))
}

function hostText({ harness, generator, noiseFloor, id, startedAt }: RunResult): string[] {
  const { cpuModel, cores, memoryBytes, kernel } = harness.host
  const host = [
    ...(typeof cpuModel === 'string' ? [cpuModel] : []),
    ...(typeof cores === 'number' ? [`${cores} cores`] : []),
    ...(typeof memoryBytes === 'number' ? [formatBytes(memoryBytes)] : []),
    ...(typeof kernel === 'string' ? [kernel] : []),
  ]
  return [
    ...(host.length === 0 ? [] : [`host: ${host.join(', ')}`]),
    ...(generator.cpuCores === null ? [] : [`harness: ${generator.cpuCores.toFixed(2)} cores`]),
    ...(noiseFloor === null
      ? []
      : [
          `noise floor (loopback echo, same code): p50 ${formatDurationUs(noiseFloor.p50Ns / 1e3)}, p99 ${formatDurationUs(noiseFloor.p99Ns / 1e3)}`,
        ]),
    `mupdate-bench ${harness.version}, Node ${harness.node}, run ${id} of ${startedAt}`,
  ]
}
