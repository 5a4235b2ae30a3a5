import { printable, wrap } from '../core/text-width.js'
import { formatCount, formatDurationUs } from '../core/units.js'
import type { ReplayResult } from '../metrics/replay-result.js'
import { plainTable } from './plain-table.js'
import { value } from './summary.js'

const COLUMNS = 80

export function replayText(result: ReplayResult): string {
  const { original, speed, master, preloaded, masterRestarts, invalid } = result
  const pace = speed === 'max' ? 'as fast as it went' : speed === 1 ? 'at its own speed' : `at ${speed} times its speed`
  const sent = result.commands.filter(({ kind }) => kind !== 'LOGIN').reduce((sum, { count }) => sum + count, 0)
  const lines = [
    ...(result.interrupted ? ['interrupted: this is what there was up to then'] : []),
    ...invalid.map(reason => `INVALID: ${reason}`),
    `${counted(sent, 'command')} of ${formatCount(original.commands)} replayed ${pace}, on ${counted(original.connections, 'connection')}, at most ${formatCount(original.mostAtOnce)} at one time, in ${seconds(result.seconds)}; they took ${seconds(original.seconds)} when they were recorded`,
    `master: ${master.kind === 'cyrus' || master.kind === 'remote' ? `${master.kind} ` : ''}${master.version}, ${master.address}; ${counted(preloaded, 'mailbox', 'mailboxes')} put there first${masterRestarts > 0 ? `; it restarted ${counted(masterRestarts, 'time')}` : ''}`,
    '',
    commandTable(result),
    speed === 'max'
      ? 'p50, p99 and max are service times, from the send: at that speed nothing is meant for any time.'
      : 'p50, p99 and max are response times, from the moment a command was meant to be sent.',
    ...(result.records > 0 ? [`${formatCount(result.records)} records were read by UPDATE.`] : []),
    ...(result.slipUs === null ? [] : [`The harness was late by up to ${formatDurationUs(result.slipUs.p99)} (p99).`]),
    ...list('not sent', result.skipped),
    ...list('connections that could not be made', result.unserved),
    ...list('answered otherwise than when they were recorded', result.otherAnswers),
    ...list('in the logs, and left out', original.leftOut),
  ]
  return `${lines.flatMap(line => (line.includes('\n') ? [line] : wrap(line, COLUMNS))).join('\n')}\n`
}

function commandTable({ commands }: ReplayResult): string {
  const right = 'right' as const
  const table = plainTable(
    ['', 'sent', 'OK', 'NO', 'BAD', 'lost', 'p50', 'p99', 'max'],
    ['left', right, right, right, right, right, right, right, right],
  )
  for (const { kind, count, failed, unfinished, answers, responseTimeUs, serviceTimeUs } of commands) {
    const time = responseTimeUs ?? serviceTimeUs
    const { OK, NO, BAD } = answers ?? { OK: count - failed - unfinished, NO: failed, BAD: 0 }
    table.push([
      kind,
      formatCount(count),
      ...[OK, NO, BAD, unfinished].map(number => (number === 0 ? '' : formatCount(number))),
      ...(time === undefined
        ? ['', '', '']
        : (['p50', 'p99', 'max'] as const).map(statistic => value(time, statistic))),
    ])
  }
  return `${table.toString()}\n`
}

function list(title: string, counts: Readonly<Record<string, number>>): string[] {
  const entries = Object.entries(counts)
  if (entries.length === 0) return []
  return ['', `${title}:`, ...entries.map(([what, count]) => `  ${formatCount(count)} ${printable(what)}`)]
}

function counted(count: number, one: string, more = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : more}`
}

function seconds(value: number): string {
  return formatDurationUs(value * 1e6)
}
