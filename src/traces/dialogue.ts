import { Frame, MAX_TOKENS } from '../wire/frame.js'
import { NO_BYTES } from '../wire/ascii.js'
import { DEFAULT_LIMITS } from '../wire/limits.js'
import { RecordScanner, RecordSpan } from '../wire/record-scanner.js'
import { REPLY, type ReplyCode, recordOf, replyCode, statusText } from '../wire/reply.js'
import { FrameScanner } from '../wire/scanner.js'
import { BLINDING, isHidden } from './blinding.js'
import { clientCommand } from './client-command.js'
import type { TracedMessage, TraceLine } from './trace-line.js'

/** When the last byte of what is told of was read; and for how long it stayed, as far as that is known. */
export interface Moment {
  readonly atUs: number
  readonly residenceUs?: number
  readonly waited?: true
}

export interface DialogueOptions {
  readonly connection: number
  /** A line for each record of a list; else they are counted. */
  readonly everyRecord: boolean
  readonly onLine: (line: TraceLine) => void
}

/** While a list goes on, its records so far are told this often. */
const TELL_EVERY_US = 1_000_000
const VERBS: Partial<Record<ReplyCode, string>> = {
  [REPLY.mailbox]: 'MAILBOX',
  [REPLY.reserve]: 'RESERVE',
  [REPLY.delete]: 'DELETE',
  [REPLY.ok]: 'OK',
  [REPLY.no]: 'NO',
  [REPLY.bad]: 'BAD',
  [REPLY.bye]: 'BYE',
  [REPLY.goAhead]: '+',
}

/** Before a login anything else in a tag's place may be a response. */
const LIKE_A_TAG = /^[a-z]{0,3}\d{0,6}$/i

/** One each for all: what is in them is taken at once. */
const frame = new Frame()
const span = new RecordSpan()

/** What one side says. */
class Side {
  readonly scanner = new FrameScanner(DEFAULT_LIMITS, undefined, frame)
  /** Something came that is no line, or longer than any: bytes of it and of all that followed, not told yet. */
  undecoded: number | undefined

  constructor(readonly name: 'client' | 'master') {}
}

/**
 * Tells for a trace what the two sides of a connection say, whatever they say. Of logins it tells the mechanism, where the master
 * has offered it, and whether there was one: no response, no challenge, and not how long they were. What is no command before a
 * login, and all that a client says in one, is taken for part of it.
 */
export class Dialogue {
  /** Tags of the commands without an answer, in their order. */
  private readonly unanswered = new Set<string>()
  private hasGreeted = false
  private readonly client = new Side('client')
  private readonly master = new Side('master')
  isLoggedIn = false
  /** How often the master has said that it waits for a literal. */
  goneAhead = 0
  challenges = 0
  private readonly logins = new Set<string>()
  /** Tags that are not told, wherever they are: they may be responses. */
  private readonly untold = new Set<string>()
  private readonly mechanisms = new Set<string>()
  /** Tags of lists that have not ended; the records of the last of them are counted where they lie. */
  private readonly lists = new Set<string>()
  private listing: RecordScanner | undefined
  /** Records that have not been told of. */
  private counted: { readonly tag: string; readonly sinceUs: number; records: number; bytes: number } | undefined
  private moment: Moment = { atUs: 0 }

  constructor(private readonly options: DialogueOptions) {}

  /** All that was said before has its answer, and the master is not in the middle of a line; as far as that is known. */
  isTurnOf(tag: string): boolean {
    const { client, master, unanswered } = this
    if (client.undecoded !== undefined || master.undecoded !== undefined) return true
    const [first = tag] = unanswered
    return this.hasGreeted && first === tag && master.scanner.pendingBytes === 0
  }

  fromClient(bytes: Uint8Array, moment: Moment): void {
    this.moment = moment
    this.feed(this.client, bytes, () => this.takeCommand())
  }

  fromMaster(bytes: Uint8Array, moment: Moment): void {
    this.moment = moment
    this.feed(this.master, bytes, () => this.takeReply())
    const { counted } = this
    if (counted !== undefined && moment.atUs - counted.sinceUs >= TELL_EVERY_US) this.tellCounted()
  }

  /** A reply that is not the master's. */
  fromRecorder(tag: string, verb: 'NO', text: string, atUs: number): void {
    this.unanswered.delete(tag)
    this.moment = { atUs }
    this.tell('recorder', tag, verb, [text])
  }

  /** Neither says anything any more. */
  end(atUs: number): void {
    this.moment = { atUs }
    this.tellCounted()
    for (const side of [this.client, this.master]) this.tellUndecoded(side, side.undecoded ?? side.scanner.pendingBytes)
  }

  private feed(side: Side, bytes: Uint8Array, take: () => void): void {
    if (side.undecoded !== undefined) {
      side.undecoded += bytes.length
      return
    }
    const { scanner } = side
    if (scanner.pendingBytes === 0 && isHidden(bytes[0], this.isLoggedIn)) {
      this.tellUndecoded(side, bytes.length)
      side.undecoded = 0
      return
    }
    try {
      scanner.feed(bytes)
      for (;;) {
        if (side === this.master && this.listing !== undefined) scanner.takeRecords(this.listing)
        if (!scanner.next()) break
        take()
      }
    } catch {
      this.tellUndecoded(side, scanner.pendingBytes)
      side.undecoded = 0
    }
    // The chunk is not kept for what has been read of it.
    scanner.feed(NO_BYTES)
  }

  private takeCommand(): void {
    const isLogin =
      frame.count > 0 && (frame.isWord(0, 'AUTHENTICATE') || (frame.count > 1 && frame.isWord(1, 'AUTHENTICATE')))
    const said = clientCommand(frame)
    if (said === undefined) {
      if (isLogin) this.tellSecret('client')
      else this.tellUndecoded(this.client, frame.next - frame.start)
      if (this.isSecret && frame.count > 0) this.untold.add(frame.text(0))
      return
    }
    const { tag, verb } = said
    const isTold = this.logins.size === 0 && (this.isLoggedIn || LIKE_A_TAG.test(tag))
    if (isTold) this.untold.delete(tag)
    else this.untold.add(tag)
    // What may be a response has no answer of its own.
    if (isTold || (BLINDING as readonly string[]).includes(verb)) this.unanswered.add(tag)
    if (verb === 'AUTHENTICATE') this.logins.add(tag)
    if ((verb === 'UPDATE' || verb === 'LIST') && !this.options.everyRecord) this.beginList(tag)
    this.tell('client', tag, verb, isLogin ? this.mechanism() : textsFrom(2))
  }

  /** Nothing that has not been offered: it might be anything. */
  private mechanism(): string[] {
    const name = frame.count > 2 ? frame.text(2).toUpperCase() : ''
    return this.mechanisms.has(name) ? [name] : []
  }

  private beginList(tag: string): void {
    this.lists.add(tag)
    this.listing = new RecordScanner(tag, DEFAULT_LIMITS, {
      onRecord: ({ byteCount }) => this.count(tag, byteCount),
    })
  }

  private takeReply(): void {
    const code = replyCode(frame)
    if (code === REPLY.goAhead) this.goneAhead++
    const tag = frame.count > 0 ? frame.text(0) : ''
    const isRecord = !frame.malformed && recordOf(frame, code, span)
    if (isRecord && this.lists.has(tag)) {
      this.count(tag, span.byteCount)
      return
    }
    this.tellCounted()
    if (isRecord) this.tell('master', tag, VERBS[code]!, textsFrom(2))
    else if ((code === REPLY.ok || code === REPLY.no || code === REPLY.bad) && tag !== '*') this.takeStatus(code, tag)
    else if (this.logins.size > 0 && code !== REPLY.bye) this.takeChallenge()
    else if (code === REPLY.goAhead) this.tell('master', '', '+')
    else if (tag === '*' && frame.count > 1) this.takeUntagged(code)
    else this.tellUndecoded(this.master, frame.next - frame.start)
  }

  private takeStatus(code: ReplyCode, tag: string): void {
    const { isSecret } = this
    this.unanswered.delete(tag)
    if (isSecret && !LIKE_A_TAG.test(tag)) this.untold.add(tag)
    if (this.lists.delete(tag)) this.listing = undefined
    if (this.logins.delete(tag) && code === REPLY.ok) this.isLoggedIn = true
    // It may repeat what it was sent, or be the last challenge.
    const text = isSecret ? '' : statusText(frame)
    this.tell('master', tag, VERBS[code]!, text === '' ? [] : [text])
  }

  private takeChallenge(): void {
    this.challenges++
    this.tellSecret('master')
  }

  /** The banner, and what a master says of itself. */
  private takeUntagged(code: ReplyCode): void {
    const verb = VERBS[code] ?? frame.text(1).toUpperCase()
    const texts = code === REPLY.bad || code === REPLY.no ? [] : textsFrom(2)
    if (verb === 'OK') this.hasGreeted = true
    if (verb === 'AUTH') for (const name of texts) this.mechanisms.add(name.toUpperCase())
    this.tell('master', '*', verb, texts)
  }

  /** What is no command is part of a login, and replies may hold such parts. */
  private get isSecret(): boolean {
    return !this.isLoggedIn || this.logins.size > 0
  }

  private count(tag: string, bytes: number): void {
    if (this.counted?.tag !== tag) this.tellCounted()
    this.counted ??= { tag, sinceUs: this.moment.atUs, records: 0, bytes: 0 }
    this.counted.records++
    this.counted.bytes += bytes
  }

  private tellCounted(): void {
    if (this.counted === undefined) return
    const { tag, records, bytes } = this.counted
    this.counted = undefined
    if (this.untold.has(tag)) this.tellSecret('master')
    else this.options.onLine({ ...this.place, from: 'master', tag, records, bytes })
  }

  private tell(from: TracedMessage['from'], tag: string, verb: string, texts: readonly string[] = []): void {
    if (this.untold.has(tag)) {
      if (from !== 'recorder') this.tellSecret(from)
      return
    }
    // What is struck or refused does not pass.
    const { atUs, ...stay } = this.moment
    const passed = (BLINDING as readonly string[]).includes(verb) ? {} : stay
    const said = texts.length === 0 ? {} : { arguments: [...texts] }
    this.options.onLine({ atUs, connection: this.options.connection, from, tag, verb, ...said, ...passed })
  }

  private tellSecret(from: Side['name']): void {
    this.options.onLine({ ...this.place, from, secret: true })
  }

  private tellUndecoded(side: Side, bytes: number): void {
    if (bytes === 0) return
    if (side === this.client ? this.isSecret : this.logins.size > 0) this.tellSecret(side.name)
    else this.options.onLine({ ...this.place, from: side.name, undecoded: bytes })
  }

  private get place() {
    return { atUs: this.moment.atUs, connection: this.options.connection }
  }
}

function textsFrom(first: number): string[] {
  const texts: string[] = []
  for (let i = first; i < Math.min(frame.count, MAX_TOKENS); i++) texts.push(frame.text(i))
  return texts
}
