import { type Credentials, isLoopback, type MasterAddress, type TlsSettings } from '../core/address.js'
import type { Clock } from '../core/clock.js'
import { HarnessError, messageOf } from '../core/errors.js'
import { Fifo } from '../core/fifo.js'
import type { MailboxRecord } from '../core/mailbox.js'
import type { Command } from '../core/operation.js'
import { printable } from '../core/printable.js'
import { ActivateBatch } from '../wire/activate-batch.js'
import { encodeCommand } from '../wire/encode.js'
import { Frame } from '../wire/frame.js'
import { DEFAULT_LIMITS } from '../wire/limits.js'
import { RecordScanner, type RecordSink, RecordSpan } from '../wire/record-scanner.js'
import { REPLY, type ReplyCode, recordOf, replyCode, statusText } from '../wire/reply.js'
import { FrameScanner } from '../wire/scanner.js'
import { type Banner, bye, Greeting, isTlsAlert, NUDGE, NUDGE_TAG, onlyTls } from './banner.js'
import { overDeflate } from './deflate.js'
import type { LastCommands, SentCommand } from './last-commands.js'
import { chooseMechanism, Login } from './login.js'
import {
  type Awaited,
  compressRefused,
  injected,
  noAnswer,
  NOT_OFFERED,
  offersDeflate,
  tlsRefused,
  wantsStartTls,
} from './negotiation.js'
import { overTls } from './tls.js'
import { Traced } from './traced.js'
import { connectTcp, type TcpTransport, traffic, type Transport } from './transport.js'

export type Status = 'OK' | 'NO' | 'BAD'

/** Who waits for a command's replies. */
export interface ReplyHandler {
  /** Each MAILBOX, RESERVE or DELETE that belongs to the command; the frame is lent. */
  onRecord?(frame: Frame, code: ReplyCode): void
  /** A line that wants an answer, before the command ends: a SASL challenge in base64. */
  onChallenge?(challenge: string): void
  /** The end of the command; exactly one of this and {@link onLost} is called. */
  onDone(status: Status, text: string): void
  onLost(error: HarnessError): void
}

export interface ConnectOptions {
  readonly address: MasterAddress
  readonly credentials: Credentials
  readonly clock: Clock
  /** For connection, banner and login together, as Cyrus's `client_timeout`. */
  readonly timeoutMs?: number
  /** A command that waits for so long while nothing is heard is given up, and the connection with it; never when absent. */
  readonly silenceMs?: number
  /** Makes a port that stays silent show what it is. Cyrus's clients only wait, as all that follow the first do. */
  readonly firstContact?: boolean
  /** `false`: says nothing of a login before it is asked, which takes a round trip more. */
  readonly initialResponse?: false
  /** Called once when a connection that was logged in ends without our having closed it. */
  readonly onLost?: (error: HarnessError, last: LastCommands) => void
}

interface Pending {
  /** A number stands for `X` and that number. */
  tag: string | number
  /** The last one that this stands for. */
  readonly command: Command
  readonly handler: ReplyHandler
  /** Commands that this stands for; their tags count up from `tag`. */
  count: number
}

/** What lies over a connection, and how it was logged in. */
export interface Security {
  /** Version and cipher; null without. */
  readonly tls: string | null
  /** Whether the master's certificate had to be one that is trusted, and for its name; null without TLS. */
  readonly verified: boolean | null
  readonly mechanism: string
  readonly compression: 'DEFLATE' | null
}

const DEFAULT_TIMEOUT_MS = 10_000
/** For who reads or repairs a list: the longest that a real master was seen to be busy with others is 32 s. */
export const LIST_SILENCE_MS = 60_000
/** Looks at a silence, within its length. */
const SILENCE_LOOKS = 4
/** How long a silent port is given at first contact before it is asked to show what it is. */
const BANNER_PATIENCE_MS = 3_000
const UPDATE_TAG = 'U01'
/** Cyrus's clients tag these so (imap/mupdate-client.c), and count `X0`, `X1`, … for what they send between them. */
const TAGS: Partial<Record<Command['kind'], string>> = {
  STARTTLS: 'S01',
  AUTHENTICATE: 'A01',
  COMPRESS: 'Z01',
  UPDATE: UPDATE_TAG,
  LOGOUT: 'Q01',
}
/** Where nothing is said of TLS. */
const PLAIN_TRUST: Partial<TlsSettings> = {}
/** Records that came in another form than Cyrus's. */
const oddRecord = new RecordSpan()
/** One for all clients of a thread: each takes its frames at once, and keeps none. */
const frame = new Frame()
/** One for all clients of a thread: what is written is sent in the same turn. */
const batch = new ActivateBatch()

/**
 * One connection to a master: commands go out in order, each with a tag of its own, and their replies are matched in
 * that order, since a master serves a connection's commands one after the other (imap/mupdate.c, docmd).
 */
export class Client {
  banner!: Banner
  /** When the bytes arrived that are being handled, by the run's clock: the time of every reply in them. */
  heardNs = 0
  private transport!: Transport
  private readonly scanner = new FrameScanner(DEFAULT_LIMITS, undefined, frame)
  private readonly pending = new Fifo<Pending>()
  /** What was answered last, and what before it. */
  private lastAnswered: Pending | undefined
  private lastButOne: Pending | undefined
  private underWay = 0
  private nextTag = 0
  private outgoing = ''
  private stream: { readonly sink: RecordSink; readonly scanner: RecordScanner } | undefined
  private lost: HarnessError | undefined
  /** While a banner is read. */
  private greeting: Greeting | undefined
  private closing = false
  private nudged = false
  private silenceWatch: NodeJS.Timeout | undefined
  private established = false
  private held = false
  private pauses = 0
  private waitsFor: Awaited = 'banner'
  private tls: string | null = null
  private mechanism = ''
  private readonly where: string
  private readonly startNs: number
  private readonly traced: Traced | undefined
  /** Called after each chunk of bytes: "something was heard", as a slave counts it. */
  onHeard: ((byteCount: number) => void) | undefined

  private constructor(private readonly options: ConnectOptions) {
    this.where = `${options.address.host}:${options.address.port}`
    this.startNs = options.clock.nowNs()
    this.traced = Traced.connection(options.clock)
  }

  /**
   * Connects, reads the banner and logs in, with TLS and COMPRESS as the address says.
   *
   * @throws {HarnessError} as {@link greet} and {@link login}
   */
  static async connect(options: ConnectOptions): Promise<Client> {
    const client = new Client(options)
    await client.inTime(async timeoutMs => {
      await client.arrive(timeoutMs)
      await client.enter()
    })
    return client
  }

  /**
   * Connects and reads the banner: that which comes over TLS, where there is TLS.
   *
   * @throws {HarnessError} `MASTER_UNREACHABLE`, `MASTER_NOT_MUPDATE`, `MASTER_BYE`, `MASTER_LOST`, `TLS_UNAVAILABLE`,
   *   `TLS_FAILED`, `TIMEOUT`, `USAGE` for files of certificates that are none
   */
  static async greet(options: ConnectOptions): Promise<Client> {
    const client = new Client(options)
    await client.inTime(timeoutMs => client.arrive(timeoutMs))
    return client
  }

  /**
   * After {@link greet}; both together have the time that was given.
   *
   * @throws {HarnessError} `AUTH_UNAVAILABLE`, `AUTH_FAILED`, `COMPRESS_UNAVAILABLE`, `MASTER_BYE`, `MASTER_LOST`, `TIMEOUT`
   */
  async login(): Promise<void> {
    await this.inTime(() => this.enter())
  }

  get security(): Security {
    const { tls, mechanism } = this
    const { address } = this.options
    const verified = tls === null ? null : address.tls?.verify !== false
    return { tls, verified, mechanism, compression: address.compress === true ? 'DEFLATE' : null }
  }

  get inFlight(): number {
    return this.underWay
  }

  get closed(): boolean {
    return this.lost !== undefined || this.closing
  }

  /** Queues a command; it goes out with the next {@link flush}. */
  queue(command: Command, handler: ReplyHandler, tag: string | number = TAGS[command.kind] ?? this.nextTag++): void {
    if (this.lost !== undefined) {
      handler.onLost(this.lost)
      return
    }
    this.push({ tag, command, handler, count: 1 })
    this.outgoing += encodeCommand(typeof tag === 'number' ? `X${tag}` : tag, command)
  }

  /** Sends an ACTIVATE for each record at once (RESERVE for a reserved one), as a preload does by the hundred thousand. */
  activateAll(records: readonly MailboxRecord[], handler: ReplyHandler): void {
    if (records.length === 0) return
    if (this.lost !== undefined) {
      for (let i = 0; i < records.length; i++) handler.onLost(this.lost)
      return
    }
    this.flush()
    const { name, location, acl } = records.at(-1)!
    const command: Command = { kind: 'ACTIVATE', name, location, acl }
    this.push({ tag: this.nextTag, command, handler, count: records.length })
    for (const record of records) batch.add(this.nextTag++, record)
    if (!this.write(batch.take())) batch.giveAway()
  }

  /** Sends nothing and reads nothing until {@link release}: the process is frozen, or the network gone. */
  hold(): void {
    if (this.held) return
    this.held = true
    this.pause()
  }

  release(): void {
    if (!this.held) return
    this.held = false
    this.resume()
    this.flush()
  }

  /** Reads nothing until {@link resume} was called as often. */
  pause(): void {
    if (this.pauses++ === 0) this.transport.pause()
  }

  resume(): void {
    if (--this.pauses === 0) this.transport.resume()
  }

  flush(): void {
    if (this.outgoing === '' || this.held) return
    const bytes = this.outgoing
    this.outgoing = ''
    this.write(bytes)
  }

  send(command: Command, handler: ReplyHandler, tag?: string): void {
    this.queue(command, handler, tag)
    this.flush()
  }

  /** @throws {HarnessError} when the connection is lost first */
  request(
    command: Command,
    onChallenge?: (challenge: string) => void,
  ): Promise<{ readonly status: Status; readonly text: string }> {
    return new Promise((resolve, reject) => {
      const onDone = (status: Status, text: string) => resolve({ status, text })
      this.send(command, { onDone, onLost: reject, ...(onChallenge && { onChallenge }) })
    })
  }

  /** Sends UPDATE; `sink` gets the list, `ended` its OK, and `sink` what comes after that (RFC 3656 section 4.11). */
  update(servers: readonly string[] | undefined, ended: ReplyHandler, sink: RecordSink): void {
    const command: Command = servers === undefined ? { kind: 'UPDATE' } : { kind: 'UPDATE', servers }
    this.stream = { sink, scanner: new RecordScanner(UPDATE_TAG, DEFAULT_LIMITS, sink) }
    this.send(command, ended)
  }

  /** Says LOGOUT and closes, without waiting for long: a stuck master must not hold up the end of a run. */
  async logout(timeoutMs = 1000): Promise<void> {
    if (this.closed) return
    this.closing = true
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, timeoutMs)
      const done = () => {
        clearTimeout(timer)
        resolve()
      }
      this.send({ kind: 'LOGOUT' }, { onDone: done, onLost: done })
    })
    this.destroy()
  }

  /** Closes at once; commands still waiting are told that they are lost. */
  destroy(): void {
    this.closing = true
    this.fail(new HarnessError('MASTER_LOST', `the connection to ${this.where} was closed by us`, ''))
  }

  private async inTime(step: (timeoutMs: number) => Promise<void>): Promise<void> {
    const { clock, timeoutMs = DEFAULT_TIMEOUT_MS } = this.options
    const leftMs = Math.max(0, timeoutMs - (clock.nowNs() - this.startNs) / 1e6)
    const timer = setTimeout(() => this.fail(noAnswer(this.where, this.waitsFor, timeoutMs)), leftMs)
    try {
      await step(timeoutMs)
    } catch (error) {
      this.destroy()
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  private async arrive(timeoutMs: number): Promise<void> {
    const { address } = this.options
    const listener = { onBytes: this.onBytes.bind(this), onClosed: this.onClosed.bind(this) }
    const greeting = this.awaitBanner()
    const tcp = await connectTcp(address, listener, timeoutMs)
    this.transport = tcp
    this.traced?.opened()
    if (this.lost !== undefined) {
      tcp.destroy()
      throw this.lost
    }
    if (address.tls?.mode === 'implicit') await this.secure(tcp)
    this.banner = await this.impatient(greeting, timeoutMs)
    if (wantsStartTls(address, this.options.credentials, this.banner, this.where)) await this.startTls(tcp)
    this.waitsFor = 'login'
  }

  /** To be called before its first byte can have come. */
  private awaitBanner(): Promise<Banner> {
    this.waitsFor = 'banner'
    this.greeting = new Greeting(this.where)
    return this.greeting.banner
  }

  private async impatient(greeting: Promise<Banner>, timeoutMs: number): Promise<Banner> {
    if (this.options.firstContact !== true) return greeting
    const impatience = setTimeout(() => this.nudge(), Math.min(BANNER_PATIENCE_MS, timeoutMs / 2))
    try {
      return await greeting
    } finally {
      clearTimeout(impatience)
    }
  }

  private watchSilence(limitMs: number): void {
    let heardNs = this.heardNs
    let silentLooks = 0
    this.silenceWatch = setInterval(() => {
      const isSilent = this.underWay > 0 && this.pauses === 0 && this.heardNs === heardNs
      heardNs = this.heardNs
      silentLooks = isSilent ? silentLooks + 1 : 0
      if (silentLooks < SILENCE_LOOKS) return
      const what = `${this.where} has not answered for ${limitMs / 1000} s`
      this.fail(new HarnessError('TIMEOUT', what, 'see what keeps it: its log, its CPU, who holds its lock'))
    }, limitMs / SILENCE_LOOKS)
  }

  private nudge(): void {
    this.nudged = true
    this.write(NUDGE)
  }

  private async startTls(tcp: TcpTransport): Promise<void> {
    const { status, text } = await this.change({ kind: 'STARTTLS' })
    if (status !== 'OK') throw tlsRefused(this.where, text || status)
    const greeting = this.awaitBanner()
    await this.secure(tcp)
    this.banner = await greeting
  }

  private async secure(tcp: TcpTransport): Promise<void> {
    const { address } = this.options
    const { waitsFor } = this
    this.waitsFor = 'handshake'
    try {
      const transport = await overTls(tcp, address, address.tls ?? PLAIN_TRUST)
      this.transport = transport
      this.tls = transport.description
    } catch (error) {
      throw this.lost ?? error
    }
    this.waitsFor = waitsFor
  }

  private async enter(): Promise<void> {
    await this.authenticate()
    if (this.options.address.compress === true) await this.compress()
    this.established = true
    if (this.options.silenceMs !== undefined) this.watchSilence(this.options.silenceMs)
  }

  private async authenticate(): Promise<void> {
    const { address, credentials, initialResponse } = this.options
    const { capabilities } = this.banner
    const isSecure = this.tls !== null
    const mechanism = chooseMechanism(credentials, {
      where: this.where,
      host: address.host,
      offered: capabilities.get('AUTH') ?? [],
      couldBeSecure: capabilities.has('STARTTLS') && !isSecure,
      isPrivate: isSecure || isLoopback(address.host) || credentials.allowPlaintext === true,
      hasCertificate: isSecure && address.tls?.certFile !== undefined,
    })
    const login = new Login(mechanism, credentials, address.host)
    const onChallenge = (challenge: string) => void this.write(`${login.answer(challenge)}\r\n`)
    const { status, text } = await this.request(login.begin(initialResponse !== false), onChallenge)
    login.end(this.where, status, text)
    this.mechanism = mechanism
  }

  /** No banner follows (imap/mupdate.c, cmd_compress). */
  private async compress(): Promise<void> {
    if (!offersDeflate(this.banner)) throw compressRefused(this.where, NOT_OFFERED)
    const { status, text } = await this.change({ kind: 'COMPRESS', algorithm: 'DEFLATE' })
    if (status !== 'OK') throw compressRefused(this.where, text || status)
    this.transport = overDeflate(this.transport)
  }

  /**
   * Sends what ends with an OK behind which the bytes mean something else.
   *
   * @throws {HarnessError} `WIRE_UNEXPECTED` where more came with that OK
   */
  private change(command: Command): Promise<{ readonly status: Status; readonly text: string }> {
    return new Promise((resolve, reject) => {
      const onDone = (status: Status, text: string) => {
        const { pendingBytes } = this.scanner
        if (status === 'OK' && pendingBytes > 0) reject(injected(this.where, command, pendingBytes))
        else resolve({ status, text })
      }
      this.send(command, { onDone, onLost: reject })
    })
  }

  private write(bytes: string | Uint8Array): boolean {
    traffic.plainWrittenBytes += bytes.length
    this.traced?.said(bytes)
    return this.transport.write(bytes)
  }

  private onBytes(bytes: Uint8Array, count: number): void {
    const { scanner } = this
    this.heardNs = this.options.clock.nowNs()
    traffic.plainReadBytes += count
    if (this.greeting !== undefined && isTlsAlert(bytes, count)) {
      this.fail(onlyTls(this.where))
      return
    }
    this.traced?.heard(bytes.subarray(0, count))
    scanner.feed(bytes, 0, count)
    try {
      while (this.lost === undefined) {
        if (this.stream !== undefined) scanner.takeRecords(this.stream.scanner)
        if (!scanner.next()) break
        this.take(scanner.frame)
      }
    } catch (error) {
      this.fail(
        error instanceof HarnessError ? error : new HarnessError('INTERNAL', messageOf(error), '', { cause: error }),
      )
    }
    this.onHeard?.(count)
  }

  private take(frame: Frame): void {
    const waiting = this.pending.peek()
    const code = replyCode(frame)
    if (this.greeting !== undefined) {
      if (this.greeting.take(frame)) this.greeting = undefined
    } else if (this.stream !== undefined && frame.equals(0, UPDATE_TAG) && recordOf(frame, code, oddRecord)) {
      this.stream.sink.onRecord(oddRecord)
    } else if (waiting !== undefined && frame.count > 0 && hasTag(frame, waiting.tag)) {
      this.takeTagged(frame, code, waiting)
    } else if (waiting?.handler.onChallenge !== undefined && isChallenge(frame)) {
      waiting.handler.onChallenge(frame.count === 0 ? '' : frame.text(0))
    } else if (code === REPLY.bye) {
      this.fail(bye(this.where, statusText(frame)))
    } else if (this.nudged && frame.count > 0 && frame.equals(0, NUDGE_TAG)) {
      this.nudged = false
    } else {
      throw this.unexpected(frame)
    }
  }

  private takeTagged(frame: Frame, code: ReplyCode, waiting: Pending): void {
    if (code === REPLY.mailbox || code === REPLY.reserve || code === REPLY.delete) {
      waiting.handler.onRecord?.(frame, code)
      return
    }
    if (code !== REPLY.ok && code !== REPLY.no && code !== REPLY.bad) throw this.unexpected(frame)
    this.answered(waiting)
    // Texts are wanted where something went wrong only.
    if (code === REPLY.ok) waiting.handler.onDone('OK', '')
    else waiting.handler.onDone(code === REPLY.no ? 'NO' : 'BAD', printable(statusText(frame)))
  }

  private push(pending: Pending): void {
    this.pending.push(pending)
    this.underWay += pending.count
  }

  private answered(pending: Pending): void {
    this.underWay--
    if (--pending.count === 0) {
      this.pending.shift()
      this.lastButOne = this.lastAnswered
      this.lastAnswered = pending
    } else if (typeof pending.tag === 'number') pending.tag++
  }

  private onClosed(error: Error | undefined): void {
    const detail = error === undefined ? 'the master closed it' : error.message
    const isUnknown = this.greeting !== undefined && this.nudged
    const hint = isUnknown ? 'a port that expects TLS closes like this: try mupdates://' : 'look at the master’s log'
    this.fail(new HarnessError('MASTER_LOST', `connection to ${this.where} lost: ${detail}`, hint, { cause: error }))
  }

  /** The one way out: remembers why, closes, and tells everybody who waits. */
  private fail(error: HarnessError): void {
    if (this.lost !== undefined) return
    this.lost = error
    clearInterval(this.silenceWatch)
    this.transport?.destroy()
    this.traced?.closed(this.closing ? undefined : error.message)
    const waiting = this.pending.takeAll()
    this.underWay = 0
    this.greeting?.lose(error)
    for (const { handler, count } of waiting) for (let i = 0; i < count; i++) handler.onLost(error)
    if (this.established && !this.closing) this.options.onLost?.(error, this.lastCommands(waiting))
  }

  private lastCommands(waiting: readonly Pending[]): LastCommands {
    const answered = [this.lastAnswered, this.lastButOne].filter(pending => pending !== undefined)
    return { unanswered: waiting.map(lastOf), answered: answered.map(lastOf) }
  }

  private unexpected(frame: Frame): HarnessError {
    return new HarnessError(
      'WIRE_UNEXPECTED',
      `${this.where} sent a reply that nothing waits for: ${JSON.stringify(frame.restOfLine(0).slice(0, 80))}`,
      'the master is broken, or a proxy mixes connections',
    )
  }
}

/** A batch that was answered counts none any more, and its tag is that of its last command. */
function lastOf({ tag, command, count }: Pending): SentCommand {
  return { tag: typeof tag === 'number' && count > 1 ? tag + count - 1 : tag, command }
}

function hasTag(frame: Frame, tag: string | number): boolean {
  return typeof tag === 'number' ? frame.isNumbered(0, 88, tag) : frame.equals(0, tag)
}

/** A bare line of base64, which may be empty (imap/saslserver.c); all else that a master says has two words. */
function isChallenge(frame: Frame): boolean {
  return frame.count <= 1
}
