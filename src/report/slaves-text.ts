import { formatCount, formatDurationUs } from '../core/units.js'
import { simultaneousResyncs } from '../limits/resyncs.js'
import type { RunResult } from '../metrics/run-result.js'
import { adviceOf } from '../verdict/advice.js'

/** Differences named in the summary; more are in run.json. */
const MOST_NAMED = 5

/** What slaves went through, why, and what would help: in words, worst first. */
export function slavesText(run: RunResult): string[] {
  const { slaves } = run
  if (slaves.count === 0) return []
  const troubled = slaves.thrash.state !== 'none' || slaves.timeouts > 0 || slaves.conditions.length > 0
  return [
    ...thrashText(run),
    ...slaves.conditions.flatMap(({ name, atMs, detail, remedy }) => [
      `${name} (from ${seconds(atMs)}): ${detail}`,
      `→ ${remedy}`,
    ]),
    ...convergenceText(run),
    ...lossText(run),
    ...propagationText(run),
    ...lockText(run),
    ...(troubled
      ? adviceOf(run).map(({ setting, value, because }) => `→ ${setting}: ${value} or more: ${because}`)
      : []),
  ]
}

function thrashText({ slaves }: RunResult): string[] {
  const { thrash } = slaves
  const ready =
    thrash.leastReady === null ? '' : `; at worst ${thrash.leastReady} of ${slaves.count} frontends were ready`
  if (thrash.state === 'none' || thrash.onsetMs === null) return []
  const until = thrash.endMs === null ? 'to the end' : `until ${seconds(thrash.endMs)}`
  const began = thrash.trigger === null ? '' : `, after ${thrash.trigger}`
  return [
    `THRASH from ${seconds(thrash.onsetMs)} ${until}${began}: ${thrash.causedTimeouts} time-outs while other frontends’ lists were on their way, in chains of up to ${thrash.cycles}: resyncs cause resyncs`,
    `meanwhile some list was on its way ${Math.round(thrash.dumpShare * 100)} % of the time${ready}`,
    ...(slaves.amplification === null
      ? []
      : [
          `for each byte of change the master sent ${formatCount(Math.round(slaves.amplification - 1))} bytes of lists once more`,
        ]),
  ]
}

function convergenceText({ slaves }: RunResult): string[] {
  const { comparisons, differences } = slaves
  return comparisons.flatMap(comparison => {
    const { phase, failure } = comparison
    if (failure !== null) return [`${phase}: slaves were NOT COMPARED: ${failure}`]
    const own = differences.filter(difference => difference.phase === phase)
    const lines = comparisonText(comparison, slaves, own)
    return comparisons.length === 1 ? lines : lines.map(line => (line.startsWith(' ') ? line : `${phase}: ${line}`))
  })
}

function comparisonText(
  { followed, away, differenceCount, openMailboxes, convergeMs }: RunResult['slaves']['comparisons'][number],
  { count }: RunResult['slaves'],
  differences: RunResult['slaves']['differences'],
): string[] {
  const who =
    followed < count && differenceCount !== null
      ? `${followed} of ${count} slaves, those that were followed,`
      : count === 1
        ? 'the slave'
        : `all ${count} slaves`
  const open =
    (openMailboxes ?? 0) > 0
      ? ` (${formatCount(openMailboxes ?? 0)} mailboxes left out: their last operation failed or never ended)`
      : ''
  const lines: string[] = []
  if (away.length === 0 && differenceCount === null) {
    lines.push(
      `${who} came through ${seconds(convergeMs ?? 0)} after the last operation; what they hold is not simulated`,
    )
  } else if (away.length === 0 && differenceCount === 0) {
    lines.push(
      `${who} ${count === 1 ? 'holds what it' : 'hold what they'} should${open}, ${seconds(convergeMs ?? 0)} after the last operation`,
    )
  }
  if (away.length > 0)
    lines.push(
      `${away.length} slaves did not come through: ${away.slice(0, 10).join(', ')}${away.length > 10 ? ' …' : ''}`,
    )
  if (differenceCount !== null && differenceCount > 0) {
    lines.push(
      `${formatCount(differenceCount)} DIFFERENCES between what slaves or the master hold and what they should${open}:`,
    )
    lines.push(...differences.slice(0, MOST_NAMED).map(({ where, kind, name }) => `  ${where}: ${kind} ${name}`))
  }
  return lines
}

function lossText({ slaves: { realSlaveWouldLose: losses, realSlaveUnknown } }: RunResult): string[] {
  const unknown =
    realSlaveUnknown !== null && realSlaveUnknown > 0
      ? [`${formatCount(realSlaveUnknown)} resyncs were not looked at for what real slaves lose`]
      : []
  if (losses === null || losses.length === 0) return unknown
  const worst = losses.reduce((a, b) => (b.byMerge + b.byList > a.byMerge + a.byList ? b : a))
  const { slave, atMs, held, byMerge, byList, names } = worst
  const parts = [
    ...(byMerge > 0 ? [`${formatCount(byMerge)} that are in the list, by the order of its merge`] : []),
    ...(byList > 0 ? [`${formatCount(byList)} that the master’s list had no more`] : []),
  ]
  return [
    `real slaves would have LOST mailboxes at ${formatCount(losses.length)} resyncs; the worst, slave ${slave} at ${seconds(atMs)}, of ${formatCount(held)}: ${parts.join(', and ')}: ${names.slice(0, MOST_NAMED).join(', ')}${byMerge + byList > MOST_NAMED ? ' …' : ''}`,
    ...unknown,
  ]
}

function propagationText({ slaves: { propagationUs } }: RunResult): string[] {
  if (propagationUs === null) return []
  const { first, median, last, missing } = propagationUs
  const of = (time: typeof first, what: string) =>
    time === null
      ? []
      : [`the ${what} slave after ${formatDurationUs(time.p50)}, 1 % ${formatDurationUs(time.p99)} or more`]
  const parts = [...of(first, 'first'), ...of(median, 'middle'), ...of(last, 'last')]
  const owed = missing !== null && missing > 0 ? `; ${formatCount(missing)} deliveries never came` : ''
  return [`a change reached ${parts.join('; ')}${owed} (without a NOOP updates go out every 5 s)`]
}

function lockText({ slaves }: RunResult): string[] {
  if (slaves.dumpHoldMs === null) return []
  const { safe, certain } = simultaneousResyncs(slaves.retryDelayMs, slaves.dumpHoldMs)
  const delay = formatDurationUs(slaves.retryDelayMs * 1e3)
  return [
    `one list keeps the others waiting for ${formatDurationUs(slaves.dumpHoldMs * 1e3)}: with a retry delay of ${delay}, up to ${safe} frontends may fetch it at once; beyond that some may time out, beyond ${certain} some must`,
  ]
}

function seconds(ms: number): string {
  return formatDurationUs(ms * 1e3)
}
