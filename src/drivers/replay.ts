import { setTimeout as sleep } from 'node:timers/promises'
import type { Credentials, MasterAddress } from '../core/address.js'
import type { Clock } from '../core/clock.js'
import { messageOf } from '../core/errors.js'
import type { Metric, Recorder } from '../metrics/recorder.js'
import type { KnownMailboxes } from '../traces/known-mailboxes.js'
import { type Answer, type ConnectionTrace, mostAtOnce, type TracedCommand, type TraceStep } from '../traces/trace.js'
import type { RecordSink, RecordSpan } from '../wire/record-scanner.js'
import { Alarm } from './alarm.js'
import { MailboxOrder } from './mailbox-order.js'
import { ReplayConnection, type Turn } from './replay-connection.js'

export interface ReplayOptions {
  readonly address: MasterAddress
  readonly credentials: Credentials
  readonly clock: Clock
  readonly recorder: Recorder
  readonly traces: readonly ConnectionTrace[]
  /** Original seconds in one of ours; Infinity: as fast as it goes. */
  readonly speed: number
  /** What was put there. */
  readonly known: KnownMailboxes
  /** Also sends what may kill the master. */
  readonly allowCrash: boolean
}

/** A master that answers nothing for so long is given up. */
const SILENCE_MS = 120_000
const LOOK_MS = 1000

/**
 * Plays what was recorded, a connection for each that there was. On each the commands keep their order, and over all of them
 * those that change one mailbox: each waits for the answer to the one before. So what is there is known when a DELETE or
 * DEACTIVATE is to be sent, and one that might kill the master is held back. There are no more connections at one time than
 * there were; the next begins when one has ended, and its wait counts.
 */
export class Replay implements RecordSink {
  /** Commands so far. */
  sent = 0
  /** Of UPDATE: of its lists, and what streamed after them. */
  records = 0
  startNs = 0
  /** Why commands were not sent, and how many. */
  readonly skipped = new Map<string, number>()
  /** `DELETE OK`: how many were answered so. */
  readonly answers = new Map<string, number>()
  /** `DELETE OK → NO`: what was recorded, and what was answered; where they differ. */
  readonly otherAnswers = new Map<string, number>()
  /** Why connections could not be made. */
  readonly unserved = new Map<string, number>()
  private readonly originS: number
  /** Connections, as when they were recorded. */
  readonly mostAtOnce: number
  private readonly connections: readonly ReplayConnection[]
  private readonly order = new MailboxOrder<Turn>(turn => this.takeTurn(turn))
  private begun = 0
  private over = 0
  private readonly alarm: Alarm
  private heard = 0
  private isStopped = false
  private onEnd = () => {}

  constructor(readonly options: ReplayOptions) {
    const traces = options.traces.toSorted((a, b) => a.startS - b.startS)
    this.originS = traces[0]?.startS ?? 0
    this.mostAtOnce = mostAtOnce(traces)
    this.alarm = new Alarm(
      options.clock,
      traces.some(({ isExact }) => isExact),
    )
    this.connections = traces.map(trace => new ReplayConnection(this, trace))
    const turns = this.connections.flatMap(({ turns }) => turns.filter(turn => turn !== undefined))
    for (const turn of turns.sort((a, b) => a.atS - b.atS)) this.order.add(turn)
  }

  /** Ends when all connections have, or the master says nothing any more. */
  async run(): Promise<void> {
    this.startNs = this.options.clock.nowNs()
    const ended = new Promise<void>(resolve => {
      this.onEnd = resolve
    })
    const watch = this.watch()
    this.begin()
    await ended
    watch.abort()
  }

  /** What is under way is given up, the rest is not sent. */
  stop(reason: string): void {
    this.isStopped = true
    this.alarm.clear()
    for (const connection of this.connections) connection.giveUp(reason)
  }

  metric(name: string): Metric {
    return this.options.recorder.metric(0, 'commands', name)
  }

  /** When what was said at `atS` is to be said again. */
  dueNs(atS: number): number {
    return this.startNs + ((atS - this.originS) / this.options.speed) * 1e9
  }

  /** Nothing is meant for any time where all goes as fast as it can. */
  intended(ns: number): number | undefined {
    return this.options.speed === Infinity ? undefined : ns
  }

  danger(command: TracedCommand): string | undefined {
    return this.options.allowCrash ? undefined : this.options.known.danger(command)
  }

  answered({ command, answer }: TraceStep, got: Answer | undefined): void {
    this.heard++
    this.options.known.answered(command, got)
    if (got === undefined) return
    count(this.answers, `${command.kind} ${got}`, 1)
    if (answer !== undefined && got !== answer) count(this.otherAnswers, `${command.kind} ${answer} → ${got}`, 1)
  }

  passTurn(turn: Turn): void {
    // Whether it was refused does not matter: what is there is known.
    this.order.finish(turn, true)
  }

  skip(reason: string, commands: number): void {
    if (commands > 0) count(this.skipped, reason, commands)
  }

  onUnserved(error: unknown): void {
    count(this.unserved, messageOf(error), 1)
  }

  /** A timer has rung that was set for `dueNs`. */
  awake(dueNs: number): void {
    const nowNs = this.options.clock.nowNs()
    if (nowNs >= dueNs) this.options.recorder.metric(0, 'harness', 'slip').add('ok', dueNs, undefined, nowNs)
  }

  onOver(): void {
    this.over++
    if (this.over === this.connections.length) this.onEnd()
    else this.begin()
  }

  onRecord(_record: RecordSpan): void {
    this.records++
    this.heard++
  }

  private takeTurn(turn: Turn): void {
    turn.hasCome = true
    if (turn.connection.isOver) this.passTurn(turn)
    else turn.connection.pump()
  }

  /** Those that are due, as long as there is room. */
  private begin(): void {
    this.alarm.clear()
    while (!this.isStopped && this.begun < this.connections.length && this.begun - this.over < this.mostAtOnce) {
      const connection = this.connections[this.begun]!
      const dueNs = this.dueNs(connection.trace.startS)
      if (dueNs > this.options.clock.nowNs()) {
        this.alarm.set(dueNs, () => {
          this.awake(dueNs)
          this.begin()
        })
        return
      }
      this.begun++
      void connection.open()
    }
  }

  private watch(): AbortController {
    const watch = new AbortController()
    const look = async () => {
      for (let [heard, silentMs] = [this.heard, 0]; ; silentMs += LOOK_MS) {
        await sleep(LOOK_MS, undefined, { signal: watch.signal })
        if (heard !== this.heard || this.connections.every(({ inFlight }) => inFlight === 0)) silentMs = 0
        heard = this.heard
        if (silentMs >= SILENCE_MS) this.stop(`nothing was answered for ${SILENCE_MS / 1000} s`)
      }
    }
    // Ends by being called off.
    look().catch(() => {})
    return watch
  }
}

function count(counts: Map<string, number>, what: string, by: number): void {
  counts.set(what, (counts.get(what) ?? 0) + by)
}
