import { messageOf } from '../core/errors.js'
import { Fifo } from '../core/fifo.js'
import { Client, type ReplyHandler } from '../session/client.js'
import type { DriverContext } from './context.js'

export interface ProbesOptions {
  /** NOOPs per second on each connection. */
  readonly ratePerSecond: number
  readonly plain: number
  readonly streaming: number
}

/** Sleep is exact to about this; the rest is spent spinning. */
const SPIN_NS = 150_000
const LONGEST_SLEEP_MS = 20
const RECONNECT_MS = 250
const MOST_OUTSTANDING = 50_000
/** An answer that is on its way when a phase ends is no lost one. */
const GRACE_MS = 250

/**
 * NOOPs at a fixed rate in the open model, on connections of their own and in a thread of their own: they are sent when
 * they are due, whatever happened to earlier ones, and what is due while a connection is down is sent when it is back.
 */
export class Probes {
  private readonly lanes: ProbeLane[] = []
  private readonly sleeper = new Int32Array(new SharedArrayBuffer(4))
  private running = false
  private loopEnded: Promise<void> = Promise.resolve()

  constructor(
    private readonly context: DriverContext,
    private readonly options: ProbesOptions,
  ) {}

  start(): void {
    const { plain, streaming, ratePerSecond } = this.options
    const periodNs = 1e9 / ratePerSecond
    const lanes = plain + streaming
    for (let i = 0; i < lanes; i++) {
      // Spread over the period, so that two probes do not wait for each other.
      const offsetNs = (periodNs * (i + 1)) / (lanes + 1)
      this.lanes.push(new ProbeLane(this.context, i < plain ? 'NOOP.plain' : 'NOOP.stream', offsetNs, periodNs))
    }
    for (const lane of this.lanes) void lane.open()
    this.running = true
    this.loopEnded = this.loop()
  }

  /** What was due goes out and has {@link GRACE_MS} to be answered; what is not is unfinished. */
  async stop(): Promise<void> {
    const nowNs = this.context.clock.nowNs()
    for (const lane of this.lanes) lane.sendLast(nowNs)
    await until(() => this.idle, GRACE_MS)
    this.running = false
    await this.loopEnded
    await Promise.all(this.lanes.map(lane => lane.stop()))
    this.lanes.length = 0
  }

  get idle(): boolean {
    return this.lanes.every(lane => lane.outstanding === 0)
  }

  private async loop(): Promise<void> {
    const { clock } = this.context
    while (this.running) {
      const nowNs = clock.nowNs()
      for (const lane of this.lanes) lane.sendDue(nowNs)
      const dueNs = Math.min(...this.lanes.map(lane => lane.nextNs))
      if (dueNs === Infinity) {
        await new Promise(resolve => setTimeout(resolve, 1))
      } else if (this.idle && this.lanes.every(lane => lane.connected)) {
        this.sleepUntil(dueNs)
        await nextTurn()
      } else {
        // Not by polling: the kernel puts a woken master on the CPU of who woke it, where it would wait for us.
        await new Promise(resolve => setTimeout(resolve, 1))
      }
    }
  }

  /** Blocks this thread, which has nothing to read: a timer would be late by up to a millisecond. */
  private sleepUntil(dueNs: number): void {
    const { clock } = this.context
    const waitNs = dueNs - clock.nowNs()
    const sleepMs = Math.min((waitNs - SPIN_NS) / 1e6, LONGEST_SLEEP_MS)
    if (sleepMs > 0) Atomics.wait(this.sleeper, 0, 0, sleepMs)
    if (waitNs / 1e6 <= LONGEST_SLEEP_MS) while (clock.nowNs() < dueNs);
  }
}

function nextTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

/** One probing connection. Its plan begins when it is connected (and has its list) for the first time. */
class ProbeLane {
  outstanding = 0
  private client: Client | undefined
  /** Reads its list, which need not have an end. */
  private reading: Client | undefined
  private stopped = false
  private lastNs = Infinity
  /** When the connection came up last. */
  private openedNs = 0
  /** When the next NOOP is due. */
  nextNs = Infinity
  /** Sent and unanswered, oldest first. */
  private readonly sent = new Fifo<{ intendedNs: number; sentNs: number; phase: number }>()

  constructor(
    private readonly context: DriverContext,
    private readonly name: 'NOOP.plain' | 'NOOP.stream',
    private readonly offsetNs: number,
    private readonly periodNs: number,
  ) {}

  get connected(): boolean {
    return this.client !== undefined
  }

  async open(): Promise<void> {
    const { address, credentials, clock } = this.context
    try {
      const client = await Client.connect({ address, credentials, clock, onLost: error => this.lost(error.message) })
      if (this.stopped) return client.destroy()
      this.reading = client
      if (this.name === 'NOOP.stream') await readList(client)
      this.reading = undefined
      this.client = client
      this.openedNs = clock.nowNs()
      if (this.nextNs === Infinity) this.nextNs = clock.nowNs() + this.offsetNs
    } catch (error) {
      this.lost(messageOf(error))
    }
  }

  sendDue(nowNs: number): void {
    const { client } = this
    if (client === undefined) return
    while (this.nextNs <= Math.min(nowNs, this.lastNs) && this.outstanding < MOST_OUTSTANDING) {
      this.send(client, this.nextNs)
      this.nextNs += this.periodNs
    }
  }

  /** No NOOP is due after `nowNs`. */
  sendLast(nowNs: number): void {
    this.sendDue(nowNs)
    this.lastNs = nowNs
  }

  async stop(): Promise<void> {
    this.stopped = true
    const nowNs = this.context.clock.nowNs()
    this.giveUp(nowNs)
    // What was due and could not be sent is unfinished as well.
    for (; this.nextNs <= this.lastNs; this.nextNs += this.periodNs) {
      this.metric(this.context.phase()).add('unfinished', this.nextNs, undefined, nowNs)
    }
    this.reading?.destroy()
    await this.client?.logout(300)
  }

  private send(client: Client, intendedNs: number): void {
    const { recorder, clock } = this.context
    const phase = this.context.phase()
    const handler: ReplyHandler = {
      onDone: () => {
        this.sent.shift()
        this.outstanding--
        this.metric(phase).add('ok', intendedNs, sentNs, client.heardNs)
      },
      onLost: () => {},
    }
    const sentNs = clock.nowNs()
    this.sent.push({ intendedNs, sentNs, phase })
    this.outstanding++
    client.send({ kind: 'NOOP' }, handler)
    // What was due while the connection was down is late because of the master, not because of us.
    if (intendedNs >= this.openedNs)
      recorder.metric(phase, 'harness', 'probeSlip').add('ok', intendedNs, undefined, sentNs)
  }

  private lost(reason: string): void {
    this.giveUp(this.context.clock.nowNs())
    this.client = undefined
    if (this.stopped) return
    this.context.event('probe-lost', `${this.name}: ${reason}`)
    setTimeout(() => void (this.stopped || this.open()), RECONNECT_MS)
  }

  private giveUp(nowNs: number): void {
    for (const { intendedNs, sentNs, phase } of this.sent.takeAll())
      this.metric(phase).add('unfinished', intendedNs, sentNs, nowNs)
    this.outstanding = 0
  }

  private metric(phase: number) {
    return this.context.recorder.metric(phase, 'commands', this.name)
  }
}

async function until(condition: () => boolean, limitMs: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < limitMs && !condition(); waitedMs += 5) {
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

function readList(client: Client): Promise<void> {
  return new Promise((resolve, reject) => {
    client.update(undefined, { onDone: () => resolve(), onLost: reject }, { onRecord: () => {} })
  })
}
