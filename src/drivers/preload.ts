import { messageOf } from '../core/errors.js'
import type { MailboxRecord } from '../core/mailbox.js'
import type { Metric } from '../metrics/recorder.js'
import { Client, type ReplyHandler, type Status } from '../session/client.js'
import type { DriverContext, DriverPhase } from './context.js'

export interface PreloadOptions {
  readonly connections: number
  /** Commands under way on each connection. */
  readonly window: number
}

const RECONNECT_MS = 500

/** Of one mailbox that it did not take, with what it said. */
export const PRELOAD_REFUSED = 'preload-refused'

/**
 * Fills a master with a site's mailboxes by pipelined ACTIVATE: a closed loop, as fast as the master takes them. A
 * mailbox whose reply was lost with its connection is sent again, since ACTIVATE may be repeated.
 */
export class Preload {
  done = false
  private refused = 0
  private untold: string[] = []
  private readonly lanes: Lane[] = []
  private readonly records: Iterator<MailboxRecord>
  private readonly again: MailboxRecord[] = []
  private exhausted = false
  private stopped = false
  private begin: NodeJS.Timeout | undefined

  constructor(
    readonly context: DriverContext,
    private readonly options: PreloadOptions,
    records: Iterable<MailboxRecord>,
    /** Names that the master did not take. */
    private readonly refusedNames = new Set<string>(),
  ) {
    this.records = records[Symbol.iterator]()
  }

  /** With the phase, not before: others have their time until then to hear of it. */
  start(phase: DriverPhase): void {
    const metric = this.context.recorder.metric(phase.index, 'commands', 'ACTIVATE')
    const waitMs = Math.ceil((phase.startNs - this.context.clock.nowNs()) / 1e6)
    for (let i = 0; i < this.options.connections; i++) this.lanes.push(new Lane(this, this.options.window, metric))
    this.begin = setTimeout(() => {
      for (const lane of this.lanes) void lane.open()
    }, waitMs)
  }

  async stop(): Promise<void> {
    this.stopped = true
    clearTimeout(this.begin)
    await Promise.all(this.lanes.map(lane => lane.close()))
  }

  /** All mailboxes are there, and nothing was refused. */
  get complete(): boolean {
    return this.done && this.refused === 0
  }

  refuse(name: string): void {
    this.refused++
    this.refusedNames.add(name)
    this.untold.push(name)
  }

  /** Names that were refused since it was last asked. */
  takeRefused(): string[] {
    return this.untold.splice(0)
  }

  get isStopped(): boolean {
    return this.stopped
  }

  /** The next mailbox to send; undefined when all have been handed out. */
  next(): MailboxRecord | undefined {
    const again = this.again.pop()
    if (again !== undefined || this.exhausted) return again
    const { value, done } = this.records.next()
    if (done) {
      this.exhausted = true
      return undefined
    }
    return value
  }

  giveBack(records: readonly MailboxRecord[]): void {
    this.again.push(...records)
  }

  /** Called by a lane that has nothing under way and got nothing more. */
  laneIdle(): void {
    if (this.exhausted && this.again.length === 0 && this.lanes.every(lane => lane.idle)) this.done = true
  }
}

/** One connection of the preload, with a ring of what is under way on it. */
class Lane implements ReplyHandler {
  idle = true
  private client: Client | undefined
  private readonly ring: MailboxRecord[]
  private readonly sentNs: Float64Array
  private sent = 0
  private answered = 0

  constructor(
    private readonly owner: Preload,
    private readonly window: number,
    private readonly metric: Metric,
  ) {
    this.ring = new Array(window)
    this.sentNs = new Float64Array(window)
  }

  async open(): Promise<void> {
    const { address, credentials, clock } = this.owner.context
    while (!this.owner.isStopped) {
      try {
        const client = await Client.connect({ address, credentials, clock })
        // The others may have sent all meanwhile: left open, it would keep the thread from ending.
        if (this.owner.isStopped) return client.destroy()
        this.client = client
        this.client.onHeard = () => this.refill()
        this.refill()
        return
      } catch (error) {
        this.owner.context.event('preload-connect', messageOf(error))
        await new Promise(resolve => setTimeout(resolve, RECONNECT_MS))
      }
    }
  }

  async close(): Promise<void> {
    await this.client?.logout()
  }

  onDone(status: Status, text: string): void {
    const slot = this.answered++ % this.window
    const nowNs = this.client!.heardNs
    this.metric.add(status === 'OK' ? 'ok' : 'failed', undefined, this.sentNs[slot], nowNs)
    this.owner.context.counters.preloaded++
    if (status === 'OK') return
    this.owner.refuse(this.ring[slot].name)
    this.owner.context.event(PRELOAD_REFUSED, `${this.ring[slot].name}: ${text}`)
  }

  /** Each command under way is told of the loss; the last one of them starts the repair. */
  onLost(): void {
    const { clock } = this.owner.context
    const lost: MailboxRecord[] = []
    for (; this.answered < this.sent; this.answered++) {
      const slot = this.answered % this.window
      this.metric.add('unfinished', undefined, this.sentNs[slot], clock.nowNs())
      lost.push(this.ring[slot])
    }
    if (lost.length === 0 || this.owner.isStopped) return
    this.owner.giveBack(lost)
    setTimeout(() => void this.open(), RECONNECT_MS)
  }

  /**
   * Tops the window up once half of it is answered: one write for many commands. The master never runs dry meanwhile,
   * and we wake up half as often.
   */
  private refill(): void {
    const client = this.client
    const underWay = this.sent - this.answered
    if (client === undefined || client.closed || this.owner.isStopped || underWay > this.window / 2) return
    const records: MailboxRecord[] = []
    const nowNs = this.owner.context.clock.nowNs()
    for (let room = this.window - underWay; room > 0; room--) {
      const record = this.owner.next()
      if (record === undefined) break
      const slot = this.sent++ % this.window
      this.ring[slot] = record
      this.sentNs[slot] = nowNs
      records.push(record)
    }
    if (records.length > 0) {
      this.owner.context.journal(records.map(({ name }) => name))
      client.activateAll(records, this)
    }
    this.idle = this.sent === this.answered
    if (this.idle) this.owner.laneIdle()
  }
}
