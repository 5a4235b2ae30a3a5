import { Connection } from '../../../src/masters/embedded/connection.js'
import { Core, type CoreOptions } from '../../../src/masters/embedded/core.js'
import type { Peer } from '../../../src/masters/embedded/peer.js'
import { parserFor } from '../../../src/masters/embedded/service.js'

/** `NUL murder NUL secret`, encoded by hand. */
export const LOGIN = 'A0 AUTHENTICATE "PLAIN" "AG11cmRlcgBzZWNyZXQ="\r\n'
export const BANNER =
  '* AUTH "PLAIN"\r\n* PARTIAL-UPDATE\r\n* OK MUPDATE "test.example.com" "mupdate-bench" "9.9" "(master)"\r\n'

export const OPTIONS: CoreOptions = {
  hostname: 'test.example.com',
  version: '9.9',
  user: 'murder',
  password: 'secret',
  mechanisms: ['PLAIN'],
  failedLoginPauseMs: 3000,
  connectionsMax: 100,
  backlogBytesMax: 64 * 1024 * 1024,
}

/** A master with no sockets and no time but what a test lets pass. */
export abstract class TestWorld {
  readonly reports: string[] = []
  /** How often it was to die; here it goes on. */
  deaths = 0
  abstract readonly core: Core
  /** A connection, and how its bytes come in. */
  abstract serve(peer: Peer): Served
  /** Lets the master finish what it has to do now. */
  abstract settle(): void
  abstract passMs(ms: number): void
  abstract passS(seconds: number): void

  connect(): FakeClient {
    const client = new FakeClient(this)
    this.settle()
    return client
  }

  /** Connects and logs in; what has been said up to then is forgotten. */
  login(): FakeClient {
    const client = this.connect()
    client.say(LOGIN)
    client.take()
    return client
  }
}

export interface Served {
  received(chunk: Uint8Array): void
  drained?(): void
  close(): void
}

/** A master that serves each command as it comes. */
export class World extends TestWorld {
  nowS = 1000
  readonly core: Core
  private readonly turns: (() => void)[] = []
  private readonly timers: { dueMs: number; what: () => void }[] = []
  private nowMs = 0

  constructor(options: Partial<CoreOptions> = {}) {
    super()
    this.core = new Core(
      { ...OPTIONS, ...options },
      {
        nowMs: () => this.nowS * 1000,
        later: (delayMs, what) => void this.timers.push({ dueMs: this.nowMs + delayMs, what }),
        soon: what => void this.turns.push(what),
        randomBytes: byteCount => Buffer.alloc(byteCount, 7),
        report: line => void this.reports.push(line),
        die: () => void this.deaths++,
      },
    )
  }

  serve(peer: Peer): Served {
    const connection = new Connection(this.core, peer, parserFor(this.core.options))
    connection.greet()
    return connection
  }

  /** One piece of one long answer. @returns whether there was any */
  turn(): boolean {
    const what = this.turns.shift()
    what?.()
    return what !== undefined
  }

  settle(): void {
    while (this.turn());
  }

  passMs(ms: number): void {
    this.nowMs += ms
    for (const timer of this.timers.splice(0)) {
      if (timer.dueMs <= this.nowMs) timer.what()
      else this.timers.push(timer)
    }
  }

  passS(seconds: number): void {
    for (let i = 0; i < seconds; i++) {
      this.nowS++
      this.core.tick()
    }
    this.settle()
  }
}

/** The client's end: reads at once, unless it is told to read nothing more. */
export class FakeClient implements Peer {
  secured = false
  compressed = false
  shown: string | undefined
  saidAll = false
  reading = true
  paused = false
  ended = false
  destroyed = false
  backlogBytes = 0
  /** The most that ever waited for it. */
  backlogPeakBytes = 0
  readonly connection: Served
  private readonly onTaken: (() => void)[] = []
  private said = ''
  private unread = ''

  constructor(private readonly world: TestWorld) {
    this.connection = world.serve(this)
  }

  /** Sends bytes and lets the master finish. */
  say(text: string): this {
    const lent = Buffer.from(text, 'latin1')
    this.connection.received(lent)
    // What the master keeps has to be its own.
    lent.fill(0xff)
    this.world.settle()
    return this
  }

  /** What has arrived since the last call. */
  take(): string {
    const said = this.said
    this.said = ''
    return said
  }

  ask(text: string): string {
    return this.say(text).take()
  }

  whenTaken(done: () => void): void {
    if (this.backlogBytes === 0) done()
    else this.onTaken.push(done)
  }

  readAgain(): void {
    this.reading = true
    while (this.backlogBytes > 0) {
      this.said += this.unread
      this.unread = ''
      this.backlogBytes = 0
      for (const done of this.onTaken.splice(0)) done()
      this.connection.drained?.()
      this.world.settle()
    }
  }

  write(bytes: string | Uint8Array): void {
    const text = typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('latin1')
    if (this.reading) {
      this.said += text
      return
    }
    this.unread += text
    this.backlogBytes += text.length
    this.backlogPeakBytes = Math.max(this.backlogPeakBytes, this.backlogBytes)
  }

  startTls(): void {
    this.secured = true
  }

  compress(): void {
    this.compressed = true
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
  }

  end(): void {
    this.ended = true
  }

  destroy(): void {
    this.destroyed = true
  }
}

/** Applies a stream's text to a list, as a slave does; written apart from the code under test. */
export function applyStream(list: Map<string, string>, text: string): void {
  let at = 0
  const literal = () => {
    const close = text.indexOf('+}\r\n', at)
    const length = Number(text.slice(at + 1, close))
    const value = text.slice(close + 4, close + 4 + length)
    at = close + 4 + length + 1
    return value
  }
  while (at < text.length) {
    const space = text.indexOf(' ', at)
    const end = text.indexOf(' ', space + 1)
    const word = text.slice(space + 1, end)
    at = end + 1
    if (word === 'OK') at = text.indexOf('\r\n', at) + 2
    else if (word === 'DELETE') {
      list.delete(literal())
      at++
    } else {
      const name = literal()
      const location = literal()
      list.set(name, word === 'MAILBOX' ? `${location} ${literal()}` : location)
      at++
    }
  }
}
