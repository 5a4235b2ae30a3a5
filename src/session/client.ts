import type { Credentials, MasterAddress } from '../core/address.js'
import type { Clock } from '../core/clock.js'
import { HarnessError, messageOf } from '../core/errors.js'
import { Fifo } from '../core/fifo.js'
import type { MailboxRecord } from '../core/mailbox.js'
import type { Command } from '../core/operation.js'
import { printable } from '../core/printable.js'
import { ActivateBatch } from '../wire/activate-batch.js'
import { encodeCommand } from '../wire/encode.js'
import { Frame } from '../wire/frame.js'
import { DEFAULT_LIMITS, MAX_BANNER_BYTES } from '../wire/limits.js'
import { RecordScanner, type RecordSink, RecordSpan } from '../wire/record-scanner.js'
import { decodeReply, REPLY, type ReplyCode, recordOf, replyCode, statusText } from '../wire/reply.js'
import { FrameScanner } from '../wire/scanner.js'
import type { LastCommands, SentCommand } from './last-commands.js'
import { plainInitialResponse } from './sasl.js'
import { connectTcp, type Transport } from './transport.js'

export type Status = 'OK' | 'NO' | 'BAD'

/** Who waits for a command's replies. */
export interface ReplyHandler {
  /** Each MAILBOX, RESERVE or DELETE that belongs to the command; the frame is lent. */
  onRecord?(frame: Frame, code: ReplyCode): void
  /** The end of the command; exactly one of this and {@link onLost} is called. */
  onDone(status: Status, text: string): void
  onLost(error: HarnessError): void
}

export interface Banner {
  readonly host: string
  readonly product: string
  readonly version: string
  /** `(master)`, or `mupdate://master` when a slave answers. */
  readonly role: string
  /** Names of capabilities with their values: AUTH, STARTTLS, COMPRESS, PARTIAL-UPDATE. */
  readonly capabilities: ReadonlyMap<string, readonly string[]>
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

const DEFAULT_TIMEOUT_MS = 10_000
/** For who reads or repairs a list: the longest that a real master was seen to be busy with others is 32 s. */
export const LIST_SILENCE_MS = 60_000
/** Looks at a silence, within its length. */
const SILENCE_LOOKS = 4
/** How long a silent port is given at first contact before it is asked to show what it is. */
const BANNER_PATIENCE_MS = 3_000
/**
 * A line that HTTP servers refuse at once (they skip empty ones, and wait on), while a master that was merely slow
 * answers it after its banner, by its tag.
 */
const NUDGE_TAG = 'P0'
const UPDATE_TAG = 'U01'
/** Cyrus's clients tag these so (imap/mupdate-client.c), and count `X0`, `X1`, … for what they send between them. */
const TAGS: Partial<Record<Command['kind'], string>> = {
  AUTHENTICATE: 'A01',
  UPDATE: UPDATE_TAG,
  LOGOUT: 'Q01',
}
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
  private greeting: ((frame: Frame) => void) | undefined
  private onGreetingLost: ((error: HarnessError) => void) | undefined
  private closing = false
  private nudged = false
  private bannerBytes = 0
  private silenceWatch: NodeJS.Timeout | undefined
  private established = false
  private held = false
  private pauses = 0
  private readonly where: string
  /** Called after each chunk of bytes: "something was heard", as a slave counts it. */
  onHeard: ((byteCount: number) => void) | undefined

  private constructor(private readonly options: ConnectOptions) {
    this.where = `${options.address.host}:${options.address.port}`
  }

  /**
   * Connects, reads the banner and logs in.
   *
   * @throws {HarnessError} `MASTER_UNREACHABLE`, `MASTER_NOT_MUPDATE`, `MASTER_BYE`, `MASTER_LOST`, `AUTH_FAILED`,
   *   `AUTH_UNAVAILABLE`, `TIMEOUT`
   */
  static async connect(options: ConnectOptions): Promise<Client> {
    const client = new Client(options)
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
    const timer = setTimeout(() => client.fail(client.timedOut(timeoutMs)), timeoutMs)
    try {
      client.banner = await client.open(timeoutMs)
      await client.login()
      client.established = true
      if (options.silenceMs !== undefined) client.watchSilence(options.silenceMs)
      return client
    } catch (error) {
      client.destroy()
      throw error
    } finally {
      clearTimeout(timer)
    }
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
    if (!this.transport.write(batch.take())) batch.giveAway()
  }

  /** Sends nothing and reads nothing until {@link release}: the process is frozen, or the network gone. */
  hold(): void {
    this.held = true
    this.pause()
  }

  release(): void {
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
    this.transport.write(bytes)
  }

  send(command: Command, handler: ReplyHandler, tag?: string): void {
    this.queue(command, handler, tag)
    this.flush()
  }

  /** @throws {HarnessError} when the connection is lost first */
  request(command: Command): Promise<{ status: Status; text: string }> {
    return new Promise((resolve, reject) => {
      this.send(command, { onDone: (status, text) => resolve({ status, text }), onLost: reject })
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
      this.onGreetingLost = done
      this.send({ kind: 'LOGOUT' }, { onDone: done, onLost: done })
    })
    this.destroy()
  }

  /** Closes at once; commands still waiting are told that they are lost. */
  destroy(): void {
    this.closing = true
    this.fail(new HarnessError('MASTER_LOST', `the connection to ${this.where} was closed by us`, ''))
  }

  private async open(timeoutMs: number): Promise<Banner> {
    const listener = { onBytes: this.onBytes.bind(this), onClosed: this.onClosed.bind(this) }
    const greeting = new Promise<Banner>((resolve, reject) => {
      const capabilities = new Map<string, readonly string[]>()
      this.onGreetingLost = reject
      this.greeting = frame => this.takeGreeting(frame, capabilities, resolve, reject)
    })
    // The greeting may be refused before anybody waits for it.
    greeting.catch(() => {})
    this.transport = await connectTcp(this.options.address, listener, timeoutMs)
    if (this.lost !== undefined) {
      this.transport.destroy()
      throw this.lost
    }
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
    this.transport.write(`${NUDGE_TAG} NOOP\r\n`)
  }

  /** @see RFC 3656 section 4 (banner); `* OK MUPDATE` comes in any place, Cyrus sends it last */
  private takeGreeting(
    frame: Frame,
    capabilities: Map<string, readonly string[]>,
    resolve: (banner: Banner) => void,
    reject: (error: HarnessError) => void,
  ): void {
    const code = replyCode(frame)
    this.bannerBytes += frame.next - frame.start
    if (this.bannerBytes > MAX_BANNER_BYTES) throw this.endlessBanner()
    if (frame.count < 2 || !frame.equals(0, '*')) {
      reject(this.notMupdate(frame.restOfLine(0)))
    } else if (code === REPLY.bye || code === REPLY.no) {
      reject(this.bye(statusText(frame)))
    } else if (code !== REPLY.ok) {
      const reply = decodeReply(frame)
      if (reply.kind === 'capability') capabilities.set(reply.name, reply.values)
    } else if (frame.count < 6 || !frame.isWord(2, 'MUPDATE')) {
      reject(this.notMupdate(frame.restOfLine(0)))
    } else {
      this.greeting = undefined
      this.onGreetingLost = undefined
      const [host, product, version] = [3, 4, 5].map(i => printable(frame.text(i)))
      const role = frame.count > 6 ? printable(frame.text(6)) : ''
      resolve({ host, product, version, role, capabilities })
    }
  }

  private async login(): Promise<void> {
    const offered = this.banner.capabilities.get('AUTH') ?? []
    if (!offered.some(mechanism => mechanism.toUpperCase() === 'PLAIN')) {
      const list = offered.length > 0 ? offered.join(', ') : 'none'
      throw new HarnessError(
        'AUTH_UNAVAILABLE',
        `${this.where} does not offer SASL PLAIN (offered: ${list})`,
        'set allowplaintext and sasl_mech_list in the master’s imapd.conf',
      )
    }
    const initialResponse = plainInitialResponse(this.options.credentials)
    const { status, text } = await this.request({ kind: 'AUTHENTICATE', mechanism: 'PLAIN', initialResponse })
    if (status !== 'OK') {
      throw new HarnessError(
        'AUTH_FAILED',
        `${this.where} refuses user "${this.options.credentials.user}": ${text || status}`,
        'check user and password; the password is read from MUPDATE_BENCH_PASSWORD or --password-file',
      )
    }
  }

  private onBytes(bytes: Uint8Array, count: number): void {
    const { scanner } = this
    this.heardNs = this.options.clock.nowNs()
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
      this.greeting(frame)
    } else if (this.stream !== undefined && frame.equals(0, UPDATE_TAG) && recordOf(frame, code, oddRecord)) {
      this.stream.sink.onRecord(oddRecord)
    } else if (waiting !== undefined && frame.count > 0 && hasTag(frame, waiting.tag)) {
      this.takeTagged(frame, code, waiting)
    } else if (code === REPLY.bye) {
      this.fail(this.bye(statusText(frame)))
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
    this.fail(
      new HarnessError('MASTER_LOST', `connection to ${this.where} lost: ${detail}`, 'look at the master’s log', {
        cause: error,
      }),
    )
  }

  /** The one way out: remembers why, closes, and tells everybody who waits. */
  private fail(error: HarnessError): void {
    if (this.lost !== undefined) return
    this.lost = error
    clearInterval(this.silenceWatch)
    this.transport?.destroy()
    const waiting = this.pending.takeAll()
    this.underWay = 0
    this.onGreetingLost?.(error)
    for (const { handler, count } of waiting) for (let i = 0; i < count; i++) handler.onLost(error)
    if (this.established && !this.closing) this.options.onLost?.(error, this.lastCommands(waiting))
  }

  private lastCommands(waiting: readonly Pending[]): LastCommands {
    const answered = [this.lastAnswered, this.lastButOne].filter(pending => pending !== undefined)
    return { unanswered: waiting.map(lastOf), answered: answered.map(lastOf) }
  }

  private timedOut(timeoutMs: number): HarnessError {
    const [what, hint] =
      this.banner === undefined
        ? [
            'no MUPDATE banner',
            'a port that expects TLS or HTTP, or a master without a free worker, is silent like this',
          ]
        : ['no answer to the login', 'the master may be overloaded']
    return new HarnessError('TIMEOUT', `${what} from ${this.where} in ${timeoutMs / 1000} s`, hint)
  }

  private bye(text: string): HarnessError {
    return new HarnessError(
      'MASTER_BYE',
      `${this.where} said BYE: ${printable(text)}`,
      'it may be at its mupdate_connections_max',
    )
  }

  private endlessBanner(): HarnessError {
    return new HarnessError(
      'WIRE_LIMIT',
      `the banner of ${this.where} goes on after ${MAX_BANNER_BYTES} bytes`,
      'give the port of a MUPDATE master (usually 3905)',
    )
  }

  private notMupdate(line: string): HarnessError {
    const what = line.startsWith('HTTP/') ? 'an HTTP server' : 'something else than a MUPDATE master'
    return new HarnessError(
      'MASTER_NOT_MUPDATE',
      `${what} answers on ${this.where}: ${JSON.stringify(line.slice(0, 60))}`,
      'give the port of a MUPDATE master (usually 3905)',
    )
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
