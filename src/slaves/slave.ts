import { HarnessError } from '../core/errors.js'
import { Fifo } from '../core/fifo.js'
import { Client, type ConnectOptions } from '../session/client.js'
import type { RecordSink, RecordSpan } from '../wire/record-scanner.js'
import type { KnownRun } from './known-list.js'
import { deadlineNs, nextSlaveStep, type SlaveEvent, type SlaveState, type SlaveTimes } from './state.js'

/** What a slave tells about itself. Times are ns of the run's clock. */
export interface SlaveObserver {
  connecting(atNs: number): void
  loggedIn(dueNs: number, startNs: number, doneNs: number): void
  loginUnfinished(dueNs: number, startNs: number, nowNs: number): void
  loginRefused(dueNs: number, startNs: number, nowNs: number, error: unknown): void
  dumpBegun(sentNs: number): void
  /** @param records entries of the list */
  dumped(dueNs: number, sentNs: number, doneNs: number, records: number): void
  dumpUnfinished(dueNs: number, sentNs: number, nowNs: number): void
  dumpRefused(dueNs: number, sentNs: number, nowNs: number, text: string): void
  /** It has the list in its database, and serves its clients. */
  ready(atNs: number): void
  /** One of the list, or of the stream after it. */
  record(record: RecordSpan, atNs: number): void
  /** Takes records that it knows byte for byte. @returns undefined where it does not */
  known(bytes: Uint8Array, at: number, limit: number): KnownRun | undefined
  /** A piece of the stream has been read. */
  heard(): void
  noopAnswered(intendedNs: number, sentNs: number, doneNs: number): void
  noopUnfinished(intendedNs: number, sentNs: number, nowNs: number): void
  timedOut(silentNs: number): void
  dropped(error: HarnessError): void
  restarted(): void
}

/** Somebody on the frontend who waits for the slave to have caught up. */
export interface Kick {
  answered(atNs: number): void
  /** A slave that does not stream refuses kicks at once; one that is lost drops them. */
  failed(atNs: number): void
}

export interface SlaveSettings extends SlaveTimes {
  /** Time to write a mailbox of the list into its own database; a real slave needs about 16 µs. */
  readonly mergeNsPerMailbox: number
  /** PARTIAL-UPDATE: only the mailboxes of these servers. */
  readonly servers?: readonly string[]
  /** How fast it reads, from UPDATE on; 0 never reads its list. */
  readonly readBytesPerSecond?: number
}

/** An answer that is on its way when a slave is stopped is no lost one. */
const GRACE_MS = 250
/** `client_timeout`: a connection that the network does not let through is given up after this. */
const CONNECT_LIMIT_MS = 10_000
/** A process that was frozen looks at what has arrived before it looks at its clock. */
const THAW_MS = 20

/** One frontend: the state machine of {@link SlaveState} with a connection and a timer. */
export class Slave implements RecordSink {
  private state: SlaveState
  private client: Client | undefined
  private timer: NodeJS.Timeout | undefined
  private timerNs = Infinity
  /** NOOPs sent on this connection. */
  private noops = 0
  /** When the connecting under way began. */
  private connectingNs = 0
  private records = 0
  /** Those that have come, those of the outstanding NOOP first. */
  private readonly kicks = new Fifo<Kick>()
  /** Counts restarts: what an earlier life had begun does not count any more. */
  private life = 0
  private frozen = false
  private thawing: NodeJS.Timeout | undefined
  /** While the network is gone: how to tell those who wait for it. */
  private cut: { readonly waiting: Set<() => void>; readonly given: Client[] } | undefined
  private stopped = false
  /** Nothing new is begun; what is under way may still end. */
  private leaving = false

  /** @param startNs when it connects for the first time */
  constructor(
    private readonly options: Omit<ConnectOptions, 'onLost'>,
    private readonly settings: SlaveSettings,
    private readonly observer: SlaveObserver,
    startNs: number,
  ) {
    this.state = { phase: 'waiting', untilNs: startNs }
    this.arm()
  }

  onRecord(record: RecordSpan): void {
    this.records++
    this.observer.record(record, this.client!.heardNs)
  }

  takeKnown(bytes: Uint8Array, at: number, limit: number): number {
    const run = this.observer.known(bytes, at, limit)
    if (run === undefined) return at
    this.records += run.to - run.from
    return run.end
  }

  get streaming(): boolean {
    return this.state.phase === 'streaming'
  }

  /** An imapd of this frontend missed a mailbox, or changed one, and waits for the slave to have caught up. */
  kick(kick: Kick): void {
    if (this.state.phase !== 'streaming' || this.leaving) {
      kick.failed(this.options.clock.nowNs())
      return
    }
    this.kicks.push(kick)
    this.step({ kind: 'kicked', atNs: this.options.clock.nowNs() })
  }

  /** Its `mupdate` is restarted: the connection goes, and it comes back at once. */
  restart(): void {
    if (this.leaving) return
    const nowNs = this.options.clock.nowNs()
    this.giveUp(nowNs)
    this.life++
    this.client?.destroy()
    this.client = undefined
    this.observer.restarted()
    this.state = { phase: 'waiting', untilNs: nowNs }
    this.arm()
  }

  /** Stands still: reads nothing, sends nothing, looks at no clock. */
  freeze(): void {
    clearTimeout(this.thawing)
    this.frozen = true
    clearTimeout(this.timer)
    this.timer = undefined
    this.timerNs = Infinity
    this.client?.hold()
  }

  thaw(): void {
    if (!this.frozen) return
    clearTimeout(this.thawing)
    if (this.cut === undefined) this.client?.release()
    this.thawing = setTimeout(() => {
      this.frozen = false
      this.letThrough()
      this.arm()
    }, THAW_MS)
  }

  /** Nothing goes through to the master or comes from it; the slave itself goes on, and the master is told nothing. */
  cutNetwork(): void {
    if (this.cut !== undefined) return
    this.cut = { waiting: new Set(), given: [] }
    this.client?.hold()
  }

  restoreNetwork(): void {
    const { cut } = this
    if (cut === undefined) return
    this.cut = undefined
    for (const client of cut.given) client.destroy()
    this.letThrough()
    for (const proceed of cut.waiting) proceed()
  }

  /** Who is frozen, and has no network either, needs both. */
  private letThrough(): void {
    if (!this.frozen && this.cut === undefined) this.client?.release()
  }

  /** Waits a moment for a NOOP that is on its way, gives up what is under way then (lower bounds), and leaves. */
  async stop(logoutMs: number): Promise<void> {
    this.leaving = true
    clearTimeout(this.timer)
    this.restoreNetwork()
    if (this.frozen) this.client?.release()
    for (let waitedMs = 0; waitedMs < GRACE_MS && this.awaitedSinceNs !== undefined; waitedMs += 10) {
      await new Promise(resolve => setTimeout(resolve, 10))
    }
    this.stopped = true
    this.giveUp(this.options.clock.nowNs())
    await this.client?.logout(logoutMs)
  }

  /** When the NOOP that it waits for was meant to be sent; undefined where it waits for none. */
  get awaitedSinceNs(): number | undefined {
    return this.state.phase === 'streaming' ? this.state.noop?.intendedNs : undefined
  }

  private step(event: SlaveEvent): void {
    if (this.stopped) return
    const before = this.state
    const { state, action } = nextSlaveStep(before, event, this.settings)
    this.state = state
    switch (action) {
      case 'connect':
        if (state.phase === 'connecting') void this.connect(state.dueNs, event.atNs, this.life)
        break
      case 'sendUpdate':
        this.sendUpdate()
        break
      case 'ready':
        if (before.phase === 'merging') this.client?.resume()
        this.observer.ready(event.atNs)
        break
      case 'sendNoop':
        this.sendNoop()
        break
      case 'timeOut':
        this.timeOut(before, event.atNs)
        break
      case 'none':
        break
    }
    this.arm()
  }

  /** One timer, moved lazily: data resets the wait thousands of times a second, the timer looks when it fires. */
  private arm(): void {
    const dueNs = deadlineNs(this.state, this.settings)
    if (dueNs === undefined || this.leaving || this.frozen) return
    if (this.timer !== undefined && this.timerNs <= dueNs) return
    clearTimeout(this.timer)
    this.timerNs = dueNs
    const waitMs = (dueNs - this.options.clock.nowNs()) / 1e6
    this.timer = setTimeout(
      () => {
        this.timer = undefined
        this.timerNs = Infinity
        this.step({ kind: 'timer', atNs: this.options.clock.nowNs() })
      },
      Math.max(0, Math.ceil(waitMs)),
    )
  }

  private async connect(dueNs: number, startNs: number, life: number): Promise<void> {
    const { clock } = this.options
    this.connectingNs = startNs
    this.observer.connecting(startNs)
    try {
      await this.passage()
      const client = await Client.connect({ ...this.options, onLost: error => this.lost(client, error) })
      if (this.stopped || life !== this.life) return client.destroy()
      this.client = client
      if (this.frozen || this.cut !== undefined) client.hold()
      this.observer.loggedIn(dueNs, startNs, clock.nowNs())
      this.step({ kind: 'loggedIn', atNs: clock.nowNs() })
    } catch (error) {
      if (this.stopped || life !== this.life) return
      this.observer.loginRefused(dueNs, startNs, clock.nowNs(), error)
      this.step({ kind: 'lost', atNs: clock.nowNs() })
    }
  }

  /** Waits for a network that is gone, as connect(2) does. @throws {HarnessError} `MASTER_UNREACHABLE` */
  private passage(): Promise<void> {
    const { cut } = this
    if (cut === undefined) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const proceed = () => {
        clearTimeout(limit)
        resolve()
      }
      const limit = setTimeout(() => {
        cut.waiting.delete(proceed)
        reject(
          new HarnessError(
            'MASTER_UNREACHABLE',
            `no network for ${CONNECT_LIMIT_MS / 1000} s`,
            'the profile took it away',
          ),
        )
      }, CONNECT_LIMIT_MS)
      cut.waiting.add(proceed)
    })
  }

  private sendUpdate(): void {
    const client = this.client!
    this.records = 0
    this.noops = 0
    this.observer.dumpBegun(this.options.clock.nowNs())
    const ended = {
      onDone: (status: string, text: string) => this.listEnded(client, status, text),
      onLost: () => {},
    }
    client.update(this.settings.servers, ended, this)
    this.slowDown(client)
  }

  /** Reads no faster than it is meant to: after each chunk a pause as long as the chunk should have taken. */
  private slowDown(client: Client): void {
    const { readBytesPerSecond } = this.settings
    if (readBytesPerSecond === undefined) return
    if (readBytesPerSecond === 0) {
      client.pause()
      return
    }
    client.onHeard = byteCount => {
      client.pause()
      setTimeout(() => client.resume(), (byteCount / readBytesPerSecond) * 1e3)
    }
  }

  private listEnded(client: Client, status: string, text: string): void {
    if (this.state.phase !== 'dumping') return
    const atNs = client.heardNs
    if (status !== 'OK') {
      this.observer.dumpRefused(this.state.dueNs, this.state.sentNs, atNs, text)
      client.destroy()
      this.step({ kind: 'lost', atNs })
      return
    }
    this.observer.dumped(this.state.dueNs, this.state.sentNs, atNs, this.records)
    const slow = client.onHeard
    client.onHeard = byteCount => {
      slow?.(byteCount)
      this.step({ kind: 'heard', atNs: client.heardNs })
      this.observer.heard()
    }
    const mergeNs = Math.round(this.records * this.settings.mergeNsPerMailbox)
    if (mergeNs > 0) client.pause()
    this.step({ kind: 'listEnded', atNs, mergeNs })
  }

  private sendNoop(): void {
    const client = this.client!
    client.send(
      { kind: 'NOOP' },
      {
        onDone: () => {
          if (this.state.phase !== 'streaming' || this.state.noop === undefined) return
          const { intendedNs, sentNs, kicks } = this.state.noop
          this.observer.noopAnswered(intendedNs, sentNs, client.heardNs)
          for (let i = 0; i < kicks; i++) this.kicks.shift()!.answered(client.heardNs)
          this.step({ kind: 'noopAnswered', atNs: client.heardNs })
        },
        onLost: () => {},
      },
      `N${this.noops++}`,
    )
  }

  private timeOut(before: SlaveState, nowNs: number): void {
    if (before.phase !== 'streaming' || before.noop === undefined) return
    this.observer.noopUnfinished(before.noop.intendedNs, before.noop.sentNs, nowNs)
    this.failKicks(nowNs)
    this.observer.timedOut(nowNs - before.noop.intendedNs + this.settings.retryDelayNs)
    if (this.cut !== undefined && this.client !== undefined) {
      // The master hears nothing of it before the network is back.
      this.cut.given.push(this.client)
    } else {
      // It says LOGOUT and closes without waiting for an answer, as a real one does (test/cyrus/real-slave.test.ts).
      this.client?.send({ kind: 'LOGOUT' }, { onDone: () => {}, onLost: () => {} })
      this.client?.destroy()
    }
    this.client = undefined
  }

  private lost(client: Client, error: HarnessError): void {
    if (this.stopped || client !== this.client) return
    const nowNs = this.options.clock.nowNs()
    this.giveUp(nowNs)
    this.client = undefined
    this.observer.dropped(error)
    this.step({ kind: 'lost', atNs: nowNs })
  }

  private giveUp(nowNs: number): void {
    const { state } = this
    if (state.phase === 'connecting') this.observer.loginUnfinished(state.dueNs, this.connectingNs, nowNs)
    if (state.phase === 'dumping') this.observer.dumpUnfinished(state.dueNs, state.sentNs, nowNs)
    if (state.phase === 'streaming' && state.noop !== undefined) {
      this.observer.noopUnfinished(state.noop.intendedNs, state.noop.sentNs, nowNs)
    }
    this.failKicks(nowNs)
  }

  private failKicks(nowNs: number): void {
    for (const kick of this.kicks.takeAll()) kick.failed(nowNs)
  }
}
