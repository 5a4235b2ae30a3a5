import Table from 'cli-table3'
import pc from 'picocolors'
import { clip, printable, widthOf, wrap } from '../core/text-width.js'
import { formatBytes, formatCount, formatDurationUs } from '../core/units.js'
import type { MetricSummary, PhaseResult, RunResult, TimeSummary } from '../metrics/run-result.js'
import { NO_LINES } from './plain-table.js'
import { slavesText } from './slaves-text.js'
import { whyUnwatched } from './unwatched.js'

const COLUMNS = 80

/** A run in words and figures, for a terminal of 80 columns: what people noticed first, percentiles after. */
export function summaryText(run: RunResult): string {
  return [
    headline(run),
    '',
    ...wrapped(peopleSentences(run)),
    '',
    ...wrapped(masterSentences(run)),
    '',
    ...run.phases.filter(worthATable).map(phaseTable),
    ...closingLines(run),
  ].join('\n')
}

function headline(run: RunResult): string {
  const { result, reasons } = run.verdict
  const colour = { pass: pc.green, fail: pc.red, invalid: pc.magenta, inconclusive: pc.yellow }[result]
  const cut =
    run.state === 'running'
      ? ' (cut off: the harness did not end this run)'
      : run.state === 'interrupted'
        ? ' (interrupted)'
        : ''
  const word = result.toUpperCase()
  const title = wrap(
    `${word}  ${run.profile.name}, seed ${run.profile.seed}, ${formatDurationUs(run.durationMs * 1e3)}${cut}`,
    COLUMNS,
  )
  title[0] = title[0].replace(word, colour(pc.bold(word)))
  return [...title, ...reasons.flatMap(reason => reasonLines(mark(run, reason), reason))].join('\n')
}

function reasonLines(sign: string, reason: string): string[] {
  return wrap(reason, COLUMNS - 4).map((line, index) => (index === 0 ? `  ${sign} ${line}` : `    ${line}`))
}

function mark(run: RunResult, reason: string): string {
  const known = run.verdict.thresholds.find(threshold => threshold.reason === reason)
  const result = known?.result ?? (run.verdict.result === 'pass' ? 'pass' : 'fail')
  return result === 'pass' ? pc.green('✓') : result === 'fail' ? pc.red('✗') : pc.yellow('?')
}

function wrapped(sentences: readonly string[]): string[] {
  return sentences.flatMap(sentence => wrap(sentence, COLUMNS - 2)).map(line => `  ${line}`)
}

/** What people noticed. */
export function peopleSentences(run: RunResult): string[] {
  const lines: string[] = []
  const { slaves } = run
  if (slaves.count > 0) {
    const lost = slaves.leastStreaming < slaves.count ? slaves.count - slaves.leastStreaming : 0
    const details = `${times(slaves.timeouts, 'time-out')}, ${times(slaves.resyncs, 'resync')}`
    lines.push(
      `frontends lost at one time: ${lost} of ${slaves.count} (${details}, ${slaves.streaming} stream at the end)`,
    )
  }
  lines.push(...slavesText(run))
  const loaded = run.phases.filter(
    phase => phase.commands.ACTIVATE !== undefined && Object.keys(phase.operations).length === 0,
  )
  for (const phase of loaded) {
    const { count, ratePerSecond, failed, unfinished } = phase.commands.ACTIVATE
    const trouble = failed + unfinished > 0 ? `; ${failed} refused, ${unfinished} unanswered` : ''
    lines.push(
      `${phase.name}: ${formatCount(count - failed - unfinished)} mailboxes created, ${formatCount(ratePerSecond)} a second${trouble}`,
    )
  }
  const create = run.total.operations.create
  const waited = create?.responseTimeUs ?? create?.serviceTimeUs
  if (create !== undefined && waited !== undefined) {
    const unanswered = create.unfinished > 0 ? `; ${create.unfinished} never ended` : ''
    lines.push(
      `a create waited up to ${value(waited, 'max')}, half of them ${value(waited, 'p50')} (${formatCount(create.count)} creates${unanswered})`,
    )
  }
  const update = run.total.commands.UPDATE
  if (update?.serviceTimeUs !== undefined) {
    lines.push(
      `a frontend read the whole list in ${value(update.serviceTimeUs, 'p50')}, at worst ${value(update.serviceTimeUs, 'max')} (${formatCount(update.count)} lists)`,
    )
  }
  return [...lines, ...noopLines(run)]
}

/** What was asked in the phase that was measured; a frontend's own NOOPs are few, so those of the whole run. */
function noopLines(run: RunResult): string[] {
  const phase = measuredPhase(run)
  const lines = [
    noopLine(phase, 'NOOP.plain', 'NOOP'),
    noopLine(phase, 'NOOP.stream', 'NOOP on a stream'),
    noopLine(run.total, 'NOOP.slave', 'the frontends’ own NOOPs'),
  ]
  return lines.filter(line => line !== undefined)
}

function noopLine(
  scope: Pick<PhaseResult, 'commands'> & { name?: string },
  name: string,
  what: string,
): string | undefined {
  const metric = scope.commands[name]
  const time = metric?.responseTimeUs
  if (metric === undefined || time === undefined) return undefined
  const unanswered = metric.unfinished > 0 ? `; ${formatCount(metric.unfinished)} never answered` : ''
  const where = scope.name === undefined ? '' : `${scope.name}: `
  return `${where}${what} took ${value(time, 'p50')}, 1 % ${value(time, 'p99')} or more, at worst ${value(time, 'max')}${unanswered}`
}

/** That in which most was probed, of those that last as long as the profile says. */
function measuredPhase(run: RunResult): PhaseResult | typeof run.total {
  const probed = (phase: PhaseResult) =>
    (phase.commands['NOOP.plain']?.count ?? 0) + (phase.commands['NOOP.stream']?.count ?? 0)
  const timed = run.phases.filter(phase => phase.ended !== 'condition' && phase.ended !== 'limit')
  return timed.sort((a, b) => probed(b) - probed(a))[0] ?? run.total
}

/** Who was asked, and what it cost it. */
export function masterSentences(run: RunResult): string[] {
  const { master } = run
  const lines = [
    run.simulated
      ? `simulated, against the ${master.version} (${master.mailboxDatabase})`
      : `master: ${master.kind === 'embedded' || master.kind === 'model' ? '' : `${master.kind} `}${master.version}, ${master.mailboxDatabase}, ${master.address}`,
  ]
  if (master.security !== null) lines.push(securityLine(master.security))
  const { meanCores, peakThreadShare, peggedMs, waitMs } = master.cpu
  if (meanCores === null) {
    lines.push(`CPU of the master: not measured: ${whyUnwatched(run)}`)
  } else {
    lines.push(
      `CPU: ${meanCores.toFixed(2)} cores on average; its busiest thread reached ${percent(peakThreadShare ?? 0)} of one; ` +
        `pegged for ${formatDurationUs((peggedMs ?? 0) * 1e3)}, waited ${formatDurationUs((waitMs ?? 0) * 1e3)}`,
    )
    const busiest = master.threads.slice(0, 4).map(thread => `${thread.tid}: ${formatDurationUs(thread.cpuMs * 1e3)}`)
    lines.push(
      `CPU per thread: ${busiest.join(', ')}${master.threads.length > 4 ? `, and ${master.threads.length - 4} more` : ''}`,
    )
    lines.push(
      `memory ${formatBytes(master.rssPeakBytes ?? 0)}, ${master.descriptorsPeak ?? '?'} descriptors, ${master.threadsPeak} threads at most`,
    )
  }
  if (meanCores !== null && master.probe !== null) lines.push(...probeLines(master.probe))
  const workers = workersLine(run)
  if (workers !== undefined) lines.push(workers)
  if (master.mailboxesListed !== null)
    lines.push(
      `mailboxes on it afterwards${run.simulated ? '' : ', by a LIST'}: ${formatCount(master.mailboxesListed)}`,
    )
  if (master.restarts > 0) lines.push(`the master was restarted ${times(master.restarts, 'time')}`)
  const bytes = bytesLine(run)
  if (bytes !== undefined) lines.push(bytes)
  return lines
}

function probeLines({ name, host, missedMs, lost }: NonNullable<RunResult['master']['probe']>): string[] {
  const who = `probe ${name} on ${host}`
  if (missedMs === 0) return [`its process was watched by ${who}`]
  const end = lost === null ? '' : `, and it did not come back: ${lost}`
  return [
    `NOT WATCHED for ${formatDurationUs(missedMs * 1e3)}, since ${who} was not heard${end}. CPU, memory and threads are those of the rest`,
  ]
}

function securityLine({ tls, verified, mechanism, compression }: NonNullable<RunResult['master']['security']>): string {
  const layers = [
    tls === null ? 'without TLS' : `over ${tls}`,
    ...(verified === false ? ['its certificate not verified'] : []),
    ...(compression === null ? [] : [compression]),
  ]
  return `logged in by ${mechanism}, ${layers.join(', ')}`
}

/** Only where there is a difference. */
function bytesLine({ generator }: RunResult): string | undefined {
  const { bytesRead, bytesWritten, plainBytesRead, plainBytesWritten } = generator
  if (bytesRead === null || bytesWritten === null || plainBytesRead === null || plainBytesWritten === null)
    return undefined
  if (bytesRead === plainBytesRead && bytesWritten === plainBytesWritten) return undefined
  return (
    `${formatBytes(plainBytesRead)} read and ${formatBytes(plainBytesWritten)} written; ` +
    `on the wire ${formatBytes(bytesRead)} and ${formatBytes(bytesWritten)}`
  )
}

/** Each streaming connection keeps a worker for good (imap/mupdate.c): a limit that nobody sees coming. */
function workersLine({ master, slaves, probes }: RunResult): string | undefined {
  const kept = slaves.count + probes.streaming
  if (master.kind === 'embedded' || kept === 0) return undefined
  const most = master.settings.mupdate_workers_max ?? (master.kind === 'remote' ? 'unknown' : '50')
  const probing = probes.streaming > 0 ? ` and ${times(probes.streaming, 'streaming probe')}` : ''
  return `workers kept by streaming connections: ${kept} (${times(slaves.count, 'slave')}${probing}); mupdate_workers_max is ${most}`
}

export function worthATable(phase: PhaseResult): boolean {
  return phase.durationMs > 0 && Object.keys(phase.commands).length + Object.keys(phase.operations).length > 0
}

function phaseTable(phase: PhaseResult): string {
  const body = [...Object.entries(phase.operations), ...Object.entries(phase.commands)].flatMap(([name, metric]) =>
    rows(name, metric),
  )
  const ended = phase.ended === 'limit' ? pc.yellow(', stopped at its limit') : ''
  const title = `${pc.bold(clip(phase.name, COLUMNS / 2))} (${formatDurationUs(phase.durationMs * 1e3)}${ended})`
  return `${title}\n${fittingTable(body)}\n`
}

const HEAD = ['', 'count', '/s', 'p50', 'p90', 'p99', 'max', 'lost']
/** Times of minutes and counts of millions leave no room for all: then without those that are missed least. */
const LEFT_OUT = [[], ['p90'], ['p90', '/s']]

function fittingTable(body: readonly string[][]): string {
  const tables = LEFT_OUT.map(left =>
    tableOf(
      body,
      [...HEAD.keys()].filter(column => !left.includes(HEAD[column])),
    ),
  )
  return tables.find(table => table.split('\n').every(line => widthOf(line) <= COLUMNS)) ?? tables.at(-1)!
}

function tableOf(body: readonly string[][], columns: readonly number[]): string {
  const table = new Table({
    head: columns.map(column => HEAD[column]),
    colAligns: columns.map(column => (column === 0 ? 'left' : 'right')),
    chars: NO_LINES,
    style: { head: [], border: [], 'padding-left': 1, 'padding-right': 0, compact: true },
  })
  for (const row of body) table.push(columns.map(column => row[column]))
  return table.toString()
}

/** Response time (r, from the intended start) and service time (s, from the send) where both are there. */
function rows(name: string, metric: MetricSummary): string[][] {
  const both = metric.responseTimeUs !== undefined && metric.serviceTimeUs !== undefined
  const counts = [formatCount(metric.count), rate(metric.ratePerSecond)]
  const lost = metric.unfinished + metric.failed > 0 ? String(metric.unfinished + metric.failed) : ''
  const out: string[][] = []
  if (metric.responseTimeUs !== undefined)
    out.push([both ? `${name} r` : name, ...counts, ...values(metric.responseTimeUs), lost])
  if (metric.serviceTimeUs !== undefined) {
    out.push(
      both
        ? ['  s', '', '', ...values(metric.serviceTimeUs), '']
        : [name, ...counts, ...values(metric.serviceTimeUs), lost],
    )
  }
  return out.length > 0 ? out : [[name, ...counts, '', '', '', '', lost]]
}

function values(time: TimeSummary): string[] {
  return [value(time, 'p50'), value(time, 'p90'), value(time, 'p99'), value(time, 'max')]
}

/** `≥` before what is a lower bound. */
export function value(time: TimeSummary, statistic: 'p50' | 'p90' | 'p99' | 'max'): string {
  return `${time.lowerBounds.includes(statistic) ? '≥' : ''}${formatDurationUs(time[statistic])}`
}

function closingLines(run: RunResult): string[] {
  const lines = ['r: response time, from the intended start; s: service time, from the send.']
  lines.push('lost: never answered (counted as lower bounds, ≥) or refused.')
  const { generator, noiseFloor } = run
  const slip =
    generator.scheduleSlipUs === null
      ? ''
      : `, arrivals sent up to ${formatDurationUs(generator.scheduleSlipUs.p99)} late (p99)`
  if (generator.cpuCores === null) return lines
  const { workers, agents } = generator
  const on = agents === null ? '' : `, ${agents.length} agent${agents.length === 1 ? '' : 's'}`
  const threads = (workers ?? 1) > 1 ? `, ${workers} threads of load${on}` : ''
  lines.push(
    `harness: ${generator.cpuCores.toFixed(2)} cores${threads}${slip}${generator.saturated ? pc.magenta(', SATURATED') : ''}.`,
  )
  lines.push(...(agents ?? []).map(agentLine))
  if (noiseFloor !== null) {
    lines.push(
      `noise floor (loopback echo, same code): p50 ${formatDurationUs(noiseFloor.p50Ns / 1e3)}, p99 ${formatDurationUs(noiseFloor.p99Ns / 1e3)}.`,
    )
  }
  if (run.master.kind === 'embedded') {
    lines.push('')
    lines.push('The embedded master says nothing yet about your own Cyrus; to ask that one:')
    lines.push(`npx mupdate-bench run ${run.profile.name} --master cyrus`)
  }
  return lines.flatMap(line => wrap(line, COLUMNS))
}

/** In words: an agent's part, what it took, and how far its times can be believed. */
export function agentLine(agent: NonNullable<RunResult['generator']['agents']>[number]): string {
  const { name, host, shards, cpuCores, stealShare, clockOffsetUs, clockErrorUs, lost } = agent
  const used = cpuCores === null ? [] : [`${cpuCores.toFixed(2)} cores`]
  const steal = stealShare !== null && stealShare >= 0.01 ? [`${Math.round(100 * stealShare)} % steal`] : []
  const ahead = `${formatDurationUs(Math.abs(clockOffsetUs))} ${clockOffsetUs < 0 ? 'behind' : 'ahead'}`
  const clock = clockErrorUs === 0 ? 'the same clock' : `its clock ${ahead} ± ${formatDurationUs(clockErrorUs)}`
  const gone = lost === null ? [] : [pc.magenta(`LOST: ${printable(lost)}`)]
  return `agent ${printable(name)} on ${printable(host)}: ${[shards.join(', '), ...used, ...steal, clock, ...gone].join('; ')}.`
}

export function rate(perSecond: number): string {
  return perSecond >= 100 ? formatCount(perSecond) : perSecond.toFixed(1)
}

function times(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}
