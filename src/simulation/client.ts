import { HarnessError } from '../core/errors.js'
import { Fifo } from '../core/fifo.js'
import type { Alarm } from '../core/timeline.js'
import type { ModelConnection } from '../masters/model/connection.js'
import type { ModelCommand, Port } from '../masters/model/port.js'
import { type SimulatedMaster, TRANSIT_NS } from './master.js'

/** What a client takes at once, whether its program reads or not. */
const SOCKET_BYTES = 2.5e6
/** `client_timeout` (imap/mupdate-client.c): connection, banner and login together. */
const LOGIN_LIMIT_NS = 10e9

/** Made once: a stack for each of a million takes longer than all the rest. */
const UNREACHABLE = new HarnessError('MASTER_UNREACHABLE', `no network for ${LOGIN_LIMIT_NS / 1e9} s`, '')
const TURNED_AWAY = new HarnessError('MASTER_BYE', 'BYE "Server Unable"', '')
const IDLE = new HarnessError('MASTER_BYE', 'BYE "idle for too long"', '')
const CLOSED = new HarnessError('MASTER_LOST', 'the master closed the connection', '')
const SILENCE = new HarnessError('TIMEOUT', `no answer in ${LOGIN_LIMIT_NS / 1e9} s`, '')

/** What the harness needs to answer: from a real master's banner to its AUTHENTICATE 155 µs on the wire, less two ways. */
const TURNAROUND_NS = 65_000

interface Sent {
  readonly command: ModelCommand
  /** @param change of a set: its number */
  readonly onDone: ((change: number) => void) | undefined
  /** What it does to the number of mailboxes. */
  readonly mailboxes: number
}

export interface ClientEvents {
  onLoggedIn(): void
  /** Of the changes from one up to, not including, another. */
  onUpdates?(from: number, to: number): void
  /** The lock is held for its list: what is changed from here on comes later. */
  onListBegun?(change: number): void
  onLost(error: HarnessError): void
}

export interface ClientTraits {
  /** 1 unless PARTIAL-UPDATE. */
  readonly share?: number
  /** Of a list; undefined reads at once. */
  readonly readBytesPerSecond?: number
  /** Of a mailbox in a list, on average. */
  readonly bytesPerMailbox: number
}

/** One connection in virtual time: commands and replies take their time on the way, and no bytes. */
export class SimulatedClient implements Port {
  private connection: ModelConnection | undefined
  private readonly arrived = new Fifo<Sent>()
  private taken: Sent | undefined
  /** In the master's buffer. */
  private written: (() => void)[] = []
  private listBytes = 0
  private onFlushed: (() => void) | undefined
  private held: (() => void)[] | undefined
  private loggedIn = false
  private heardNs = -1
  /** When the last of what it has sent arrives. */
  private arrivesNs = 0
  private limit: Alarm
  closed = false

  constructor(
    private readonly master: SimulatedMaster,
    private readonly rank: number,
    private readonly events: ClientEvents,
    private readonly traits: ClientTraits,
  ) {
    this.limit = this.loginLimit()
    this.transit(() => this.arrive())
  }

  private loginLimit(): Alarm {
    const { timeline } = this.master
    return timeline.at(timeline.nowNs + LOGIN_LIMIT_NS, this.rank, () => {
      if (this.loggedIn) return
      if (this.connection === undefined) this.fail(UNREACHABLE)
      // What is held back is no silence of the master's.
      else if (this.held === undefined) this.fail(SILENCE)
    })
  }

  /** Where nobody serves at the moment, the connection waits: Cyrus's master holds the port. */
  private arrive(): void {
    if (this.closed) return
    const connection = this.master.connect(this, this.rank)
    if (typeof connection === 'number') this.at(connection - this.master.timeline.nowNs, () => this.arrive())
    else if (connection === undefined) this.transit(() => this.fail(TURNED_AWAY))
    else this.connection = connection
  }

  send(command: ModelCommand, onDone?: (change: number) => void, mailboxes = 0): void {
    const { nowNs } = this.master.timeline
    const answersNs = this.heardNs === nowNs ? TURNAROUND_NS : 0
    this.arrivesNs = Math.max(this.arrivesNs, nowNs + TRANSIT_NS + answersNs)
    this.transit(
      () => {
        if (this.connection === undefined) return
        this.arrived.push({ command, onDone, mailboxes })
        this.connection.received()
      },
      this.arrivesNs - nowNs - TRANSIT_NS,
    )
  }

  logout(): void {
    this.closed = true
    this.send({ kind: 'logout' })
  }

  /** Closes without a word; the kernel says so, whatever the program does. */
  destroy(): void {
    this.closed = true
    this.held = undefined
    this.send({ kind: 'gone' })
    const { onFlushed } = this
    this.onFlushed = undefined
    onFlushed?.()
  }

  /** Reads nothing and sends nothing, for a while. */
  hold(): void {
    this.held ??= []
  }

  release(): void {
    const { held, onFlushed } = this
    if (held === undefined) return
    this.held = undefined
    this.onFlushed = undefined
    if (!this.loggedIn) {
      // Who is through by then has as long again for the rest.
      this.limit.cancel()
      this.limit = this.loginLimit()
    }
    for (const what of held) what()
    onFlushed?.()
  }

  /** The master is gone. */
  lose(): void {
    this.connection = undefined
    if (!this.closed) this.transit(() => this.fail(CLOSED))
  }

  next(): ModelCommand | undefined {
    this.taken = this.arrived.shift()
    return this.taken?.command
  }

  banner(): void {
    this.written.push(() => {
      this.send({ kind: 'login', ok: true }, () => {
        this.loggedIn = true
        this.limit.cancel()
        this.events.onLoggedIn()
      })
    })
  }

  execute(command: ModelCommand): boolean {
    const { onDone, mailboxes = 0 } = this.taken ?? {}
    this.master.mailboxes = Math.max(0, this.master.mailboxes + mailboxes)
    const change = this.master.model.changes
    if (command.kind === 'list') this.listBytes = this.mailboxes * this.share * this.traits.bytesPerMailbox
    if (onDone !== undefined) this.written.push(() => onDone(change))
    // Names that are not known are none that are refused.
    return command.kind === 'set'
  }

  get mailboxes(): number {
    return this.master.mailboxes
  }

  get share(): number {
    return this.traits.share ?? 1
  }

  sendUpdates(from: number, to: number): void {
    // None of them may be for it.
    if (Math.floor(to * this.share) > Math.floor(from * this.share))
      this.written.push(() => this.events.onUpdates?.(from, to))
  }

  listLasts(): void {
    this.events.onListBegun?.(this.master.model.changes)
  }

  flush(done: () => void, keptBackNs = 0): void {
    const { written, listBytes } = this
    this.written = []
    this.listBytes = 0
    if (written.length > 0) {
      this.transit(
        () => {
          if (this.closed) return
          this.heardNs = this.master.timeline.nowNs
          for (const what of written) what()
        },
        Math.max(keptBackNs, this.slowNs(listBytes)),
      )
    }
    if (listBytes > SOCKET_BYTES && !this.closed && (this.held !== undefined || this.slowNs(listBytes) === Infinity))
      this.onFlushed = done
    else if (listBytes > SOCKET_BYTES && this.slowNs(listBytes) > 0 && !this.closed) {
      // Who leaves meanwhile has taken it, as far as the master is concerned.
      this.onFlushed = done
      this.at(this.slowNs(listBytes), () => {
        if (this.onFlushed !== done) return
        this.onFlushed = undefined
        done()
      })
    } else done()
  }

  bye(): void {
    this.written.push(() => this.fail(IDLE))
  }

  close(): void {
    this.master.left(this)
    this.connection = undefined
  }

  private slowNs(bytes: number): number {
    const { readBytesPerSecond } = this.traits
    return readBytesPerSecond === undefined || bytes === 0 ? 0 : (bytes / readBytesPerSecond) * 1e9
  }

  private fail(error: HarnessError): void {
    if (this.closed) return
    this.destroy()
    this.events.onLost(error)
  }

  /** On its way; while the client is held it waits there. */
  private transit(what: () => void, moreNs = 0): void {
    if (moreNs === Infinity) return
    this.at(TRANSIT_NS + moreNs, () => {
      if (this.held === undefined) what()
      else this.held.push(what)
    })
  }

  private at(afterNs: number, what: () => void): void {
    const { timeline } = this.master
    timeline.at(timeline.nowNs + afterNs, this.rank, what)
  }
}
