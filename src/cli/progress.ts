import pc from 'picocolors'
import { formatCount, formatDurationUs } from '../core/units.js'
import type { Run, RunEvent, Second } from '../engine/run.js'
import type { PhaseState } from '../engine/run-state.js'
import type { MetricSummary } from '../metrics/run-result.js'

/** Events a person wants to see while a run goes on; all are in `events.ndjson`. */
const SHOWN = new Set([
  'master-restarted',
  'master-died',
  'slave-timed-out',
  'phase-limit',
  'worker-died',
  'probe-lost',
  'preload-connect',
])
const MOST_SHOWN_PER_SECOND = 3
const PLAIN_EVERY_S = 5

/** What a run tells while it goes on, on stderr: one line that changes on a terminal, a line now and then otherwise. */
export class Progress {
  private current = ''
  private shown = 0
  private seconds = 0
  private phaseCount = 0
  private phaseNumber = 0

  constructor(
    private readonly stream: NodeJS.WriteStream = process.stderr,
    private readonly quiet = false,
  ) {}

  /** What has to be said whatever was asked for. */
  warn(text: string): void {
    this.clear()
    this.stream.write(`${text}\n`)
    this.redraw()
  }

  line(text: string): void {
    if (this.quiet) return
    this.clear()
    this.stream.write(`${text}\n`)
    this.redraw()
  }

  /** A line that the next one replaces; terminals only. */
  note(text: string): void {
    if (!this.stream.isTTY) return
    this.current = text
    this.redraw()
  }

  event(event: RunEvent): void {
    if (!SHOWN.has(event.kind) || this.shown++ >= MOST_SHOWN_PER_SECOND) return
    this.line(pc.dim(`${event.kind}: ${event.detail}`))
  }

  phase(phase: PhaseState, index: number, count: number): void {
    this.phaseNumber = index + 1
    this.phaseCount = count
    if (!this.stream.isTTY) this.line(`phase ${index + 1}/${count}: ${phase.plan.name}`)
  }

  second(run: Run, second: Second): void {
    this.shown = 0
    this.seconds++
    const text = statusLine(run, second, `${this.phaseNumber}/${this.phaseCount}`)
    if (this.stream.isTTY) this.note(text)
    else if (this.seconds % PLAIN_EVERY_S === 0 && run.endNs === undefined) this.line(text)
  }

  clear(): void {
    if (this.stream.isTTY && this.current !== '') this.stream.write('\r\x1b[K')
    this.current = ''
  }

  private redraw(): void {
    if (this.quiet || !this.stream.isTTY || this.current === '') return
    this.stream.write(`\r\x1b[K${this.current.slice(0, (this.stream.columns ?? 80) - 1)}`)
  }
}

/** Phase, time left, what is done a second, NOOP now, the master's CPU now. */
function statusLine(run: Run, second: Second, position: string): string {
  const { plan, startNs } = second.phase
  const { operations, commands } = second.tallies.summary(second.spanNs)
  const parts = [
    `${position} ${plan.name} ${timeLeft(plan.durationNs ?? plan.limitNs, second.atNs - startNs, plan.durationNs === undefined)}`,
  ]
  if (second.counters.preloaded > 0 && plan.run.includes('preload')) {
    parts.push(
      `${formatCount(second.counters.preloaded)} mailboxes, ${formatCount(commands.ACTIVATE?.ratePerSecond ?? 0)}/s`,
    )
  }
  const rate = Object.values(operations).reduce((sum, { ratePerSecond }) => sum + ratePerSecond, 0)
  if (Object.keys(operations).length > 0) parts.push(`${formatCount(rate)} ops/s`)
  const waiting = second.counters.operationsQueued + second.counters.operationsInFlight
  if (waiting > 0) parts.push(`${formatCount(waiting)} under way`)
  if (run.slaveCount > 0) parts.push(`slaves ${second.counters.slavesStreaming}/${run.slaveCount}`)
  const noop = noopNow(commands['NOOP.plain'])
  if (noop !== undefined) parts.push(noop)
  const master = second.watch.master.summary()
  if (master !== undefined) parts.push(`master ${master.meanCores.toFixed(2)} CPU`)
  return parts.join(' · ')
}

function noopNow(noop: MetricSummary | undefined): string | undefined {
  const time = noop?.responseTimeUs
  return (
    time && `NOOP p50 ${formatDurationUs(time.p50)} p99 ${formatDurationUs(time.p99)} max ${formatDurationUs(time.max)}`
  )
}

function timeLeft(lengthNs: number, goneNs: number, isLimit: boolean): string {
  const seconds = Math.max(0, Math.ceil((lengthNs - goneNs) / 1e9))
  return isLimit ? `(≤ ${seconds} s)` : `(${seconds} s left)`
}
