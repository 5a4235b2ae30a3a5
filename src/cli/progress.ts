import pc from 'picocolors'
import type { RunEvent } from '../engine/run.js'
import type { PhaseState } from '../engine/run-state.js'
import type { SlaveMove } from '../metrics/interval.js'
import { Standings } from '../slaves/standing.js'
import { Frame } from './frame.js'
import { type LiveState, NOTHING_YET, withEvent } from './live-state.js'
import { liveView } from './live-view.js'
import { afterSecond, plainLine, type SecondSeen } from './second-figures.js'
import { clip, printable } from '../core/text-width.js'

/** Events a person wants to see while a run goes on; all are in `events.ndjson`. */
const SHOWN = new Set([
  'master-restarted',
  'master-died',
  'slave-timed-out',
  'phase-limit',
  'worker-died',
  'agent-lost',
  'news-lost',
  'probe-lost',
  'preload-connect',
  'trace-ended',
])
/** In a storm there are hundreds a second. */
const MOST_SHOWN_PER_SECOND = 3
/** Where lines stay: no more than one a second by themselves, and fewer while nothing happens. */
const LINE_MS = 1000
const QUIET_LINE_MS = 5000
/** A simulation has hundreds of seconds in one of ours. */
const REDRAW_MS = 80

/** What is told while something goes on, on stderr: a view that changes on a terminal, a line now and then otherwise. */
export class Progress {
  private readonly frame: Frame | undefined
  private readonly standings = new Standings()
  private state: LiveState | undefined
  private noted: string | undefined
  private shown = 0
  private isNewPhase = false
  private toldMs = -Infinity
  private statusMs = -Infinity
  private drawnMs = -Infinity
  private readonly onResize = () => this.redraw()

  constructor(
    private readonly stream: NodeJS.WriteStream = process.stderr,
    private readonly quiet = false,
    private readonly nowMs = () => performance.now(),
  ) {
    // A dumb terminal cannot go back to what it has written.
    if (stream.isTTY && process.env.TERM !== 'dumb' && !quiet) this.frame = new Frame(stream)
    if (this.frame !== undefined) stream.on('resize', this.onResize)
  }

  /** What has to be said whatever was asked for. */
  warn(text: string): void {
    if (this.frame === undefined) this.stream.write(`${text}\n`)
    else this.frame.above(text)
  }

  line(text: string): void {
    if (!this.quiet) this.warn(text)
  }

  /** A line that the next one replaces, in place of the view; terminals only. */
  note(text: string): void {
    this.noted = text
    this.redraw()
  }

  /** A run begins: from here on its view is shown. */
  begin(title: string): void {
    if (this.quiet) return
    this.state = { title, ...NOTHING_YET }
    this.redraw()
  }

  event(event: RunEvent): void {
    if (this.state === undefined || !SHOWN.has(event.kind) || this.shown++ >= MOST_SHOWN_PER_SECOND) return
    const text = printable(`${event.kind}: ${event.detail}`)
    this.state = withEvent(this.state, text)
    // However much happens, now and then there is how things stand.
    if (this.frame === undefined && this.mayTell(LINE_MS) && !this.isStatusDue) this.tell(pc.dim(text))
  }

  moves(moves: readonly SlaveMove[]): void {
    this.standings.add(moves)
  }

  phase({ plan }: PhaseState, index: number, count: number): void {
    if (this.state === undefined) return
    const lengthS = (plan.durationNs ?? plan.limitNs) / 1e9
    const isLimit = plan.durationNs === undefined
    this.state = { ...this.state, phase: { name: plan.name, number: index + 1, count, goneS: 0, lengthS, isLimit } }
    this.isNewPhase = true
    this.redraw()
  }

  second(second: SecondSeen, slaveCount: number): void {
    this.shown = 0
    if (this.state === undefined) return
    this.state = afterSecond(this.state, second, slaveCount, this.standings)
    if (this.frame === undefined) {
      if (this.mayTell(LINE_MS) && this.isStatusDue) this.tellStatus(this.state)
    } else if (this.nowMs() - this.drawnMs >= REDRAW_MS) this.redraw()
  }

  /** Nothing is shown any more. */
  clear(): void {
    this.noted = undefined
    this.state = undefined
    this.frame?.clear()
    this.stream.off('resize', this.onResize)
  }

  private get isStatusDue(): boolean {
    return this.isNewPhase || this.nowMs() - this.statusMs >= QUIET_LINE_MS
  }

  private mayTell(sinceMs: number): boolean {
    return this.nowMs() - this.toldMs >= sinceMs
  }

  private tell(line: string): void {
    this.toldMs = this.nowMs()
    this.line(line)
  }

  private tellStatus(state: LiveState): void {
    this.statusMs = this.nowMs()
    this.isNewPhase = false
    this.tell(plainLine(state))
  }

  private redraw(): void {
    if (this.frame === undefined) return
    this.drawnMs = this.nowMs()
    // The last column stays free: some terminals go to the next row as soon as it is written to.
    const columns = Math.max(1, (this.stream.columns || 80) - 1)
    // One row is the cursor's.
    const rows = Math.max(1, (this.stream.rows || 24) - 1)
    if (this.noted !== undefined) this.frame.draw([clip(printable(this.noted), columns)])
    else if (this.state !== undefined) this.frame.draw(liveView(this.state, columns, rows, this.stream.hasColors()))
  }
}
