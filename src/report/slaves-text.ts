import { formatDurationUs } from '../core/units.js'
import type { RunResult } from '../metrics/run-result.js'
import { adviceOf, simultaneousResyncs } from '../verdict/advice.js'

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
    ...lockText(run),
    ...(troubled
      ? adviceOf(run).map(({ setting, value, because }) => `→ ${setting}: ${value} or more: ${because}`)
      : []),
  ]
}

function thrashText({ slaves: { thrash } }: RunResult): string[] {
  if (thrash.state === 'none' || thrash.onsetMs === null) return []
  const until = thrash.endMs === null ? 'to the end' : `until ${seconds(thrash.endMs)}`
  const began = thrash.trigger === null ? '' : `, after ${thrash.trigger}`
  return [
    `THRASH from ${seconds(thrash.onsetMs)} ${until}${began}: ${thrash.causedTimeouts} time-outs while other frontends’ lists were on their way, in chains of up to ${thrash.cycles}: resyncs cause resyncs`,
    `meanwhile some list was on its way ${Math.round(thrash.dumpShare * 100)} % of the time`,
  ]
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
