import { isRefusal } from '../core/errors.js'
import type { Outcome } from '../metrics/recorder.js'
import { Client, type ReplyHandler, type Status } from '../session/client.js'
import { type ConnectionTrace, changedMailbox, type TraceStep } from '../traces/trace.js'
import { Alarm } from './alarm.js'
import type { Ordered } from './mailbox-order.js'
import type { Replay } from './replay.js'

/** A command's turn among all that change its mailbox. */
export interface Turn extends Ordered {
  readonly connection: ReplayConnection
  readonly atS: number
  hasCome: boolean
}

/** One connection that was recorded, once more: its commands in their order, each when it is due and may be sent. */
export class ReplayConnection {
  /** It sends nothing any more. */
  isOver = false
  /** Of each step that changes a mailbox. */
  readonly turns: readonly (Turn | undefined)[]
  private next = 0
  private underWay = 0
  private client: Client | undefined
  private readonly alarm: Alarm
  private isPumping = false
  /** When the one before was meant to be sent, and when it was answered. */
  private before = { intendedNs: 0, answeredNs: 0 }

  constructor(
    private readonly owner: Replay,
    readonly trace: ConnectionTrace,
  ) {
    this.alarm = new Alarm(owner.options.clock, trace.isExact)
    this.turns = trace.steps.map(({ command, atS }) => {
      const name = changedMailbox(command)
      return name === undefined ? undefined : { connection: this, atS, mailboxes: [name], hasCome: false }
    })
  }

  get inFlight(): number {
    return this.underWay
  }

  async open(): Promise<void> {
    const client = await this.connect()
    if (client === undefined) this.giveUp('its connection could not be made')
    else if (this.isOver) client.destroy()
    else {
      this.client = client
      this.pump()
    }
  }

  private async connect(): Promise<Client | undefined> {
    const { address, credentials, clock } = this.owner.options
    const intendedNs = this.owner.dueNs(this.trace.startS)
    const sentNs = clock.nowNs()
    const record = (outcome: Outcome) =>
      this.owner.metric('LOGIN').add(outcome, this.owner.intended(intendedNs), sentNs, clock.nowNs())
    try {
      const onLost = () => this.giveUp('its connection was lost')
      const client = await Client.connect({ address, credentials, clock, onLost })
      record('ok')
      this.before = { intendedNs, answeredNs: clock.nowNs() }
      return client
    } catch (error) {
      record(isRefusal(error) ? 'failed' : 'unfinished')
      this.owner.onUnserved(error)
      return undefined
    }
  }

  /** Sends what is due and may be sent. */
  pump(): void {
    if (this.isPumping) return
    this.isPumping = true
    while (this.client?.closed === false && this.advance());
    this.client?.flush()
    this.isPumping = false
  }

  /** Nothing more is sent; what is under way is told that it is lost. */
  giveUp(reason: string): void {
    if (this.isOver) return
    const { steps } = this.trace
    this.owner.skip(reason, steps.length - this.next)
    const left = this.turns.slice(this.next)
    this.next = steps.length
    this.end()
    for (const turn of left) if (turn?.hasCome) this.owner.passTurn(turn)
  }

  /** @returns whether there may be more to do now */
  private advance(): boolean {
    const { steps, endS } = this.trace
    const step = steps[this.next]
    if (step === undefined) {
      if (this.underWay === 0 && this.isDue(endS)) this.end()
      return false
    }
    if ((!step.isPipelined && this.underWay > 0) || !this.isDue(step.atS)) return false
    const turn = this.turns[this.next]
    if (turn !== undefined && !turn.hasCome) return false
    const intendedNs = this.intendedNs(step)
    this.next++
    this.before.intendedNs = intendedNs
    const danger = this.owner.danger(step.command)
    if (danger === undefined) this.send(step, turn, intendedNs)
    else {
      this.owner.skip(danger, 1)
      if (turn !== undefined) this.owner.passTurn(turn)
    }
    return true
  }

  /**
   * Where times are whole seconds, a second's first command is meant for that second; one that follows it, for when the one
   * before was answered, or with it.
   */
  private intendedNs(step: TraceStep): number {
    const { startS, steps, isExact } = this.trace
    const beforeS = steps[this.next - 1]?.atS ?? startS
    const dueNs = this.owner.dueNs(step.atS)
    if (isExact || Math.floor(step.atS) !== Math.floor(beforeS)) return dueNs
    return Math.max(dueNs, step.isPipelined ? this.before.intendedNs : this.before.answeredNs)
  }

  /** @returns false where it is not; then it looks again when it is */
  private isDue(atS: number): boolean {
    const dueNs = this.owner.dueNs(atS)
    if (dueNs <= this.owner.options.clock.nowNs()) return true
    this.alarm.set(dueNs, () => {
      this.owner.awake(dueNs)
      this.pump()
    })
    return false
  }

  private send(step: TraceStep, turn: Turn | undefined, intendedNs: number): void {
    const { command } = step
    const { clock } = this.owner.options
    const client = this.client!
    const sentNs = clock.nowNs()
    const record = (outcome: Outcome, doneNs: number) => {
      this.underWay--
      this.owner.metric(command.kind).add(outcome, this.owner.intended(intendedNs), sentNs, doneNs)
    }
    const handler: ReplyHandler = {
      onDone: (status: Status) => {
        record(status === 'OK' ? 'ok' : 'failed', client.heardNs)
        this.before.answeredNs = client.heardNs
        this.owner.answered(step, status)
        if (turn !== undefined) this.owner.passTurn(turn)
        if (command.kind === 'LOGOUT') this.giveUp('after LOGOUT')
        else this.pump()
      },
      onLost: () => {
        record('unfinished', clock.nowNs())
        this.owner.answered(step, undefined)
        if (turn !== undefined) this.owner.passTurn(turn)
      },
    }
    this.underWay++
    this.owner.sent++
    if (command.kind === 'UPDATE') client.update(command.servers, handler, this.owner)
    else client.queue(command, handler)
  }

  private end(): void {
    this.isOver = true
    this.alarm.clear()
    this.client?.destroy()
    this.owner.onOver()
  }
}
