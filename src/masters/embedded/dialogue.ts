import type { SaslServer } from '../../sasl/exchange.js'
import { banner } from './banner.js'
import { CommandReader } from './command-reader.js'
import type { Core } from './core.js'
import type { Dump } from './outflow.js'
import type { CommandParser } from './parse-command.js'
import type { Peer } from './peer.js'
import type { ServerFilter } from './update-batches.js'

export interface UpdateStream {
  readonly tag: string
  readonly filter: ServerFilter | undefined
  /** The first entry of the change log that has not been sent. */
  cursor: number
  /** When updates are due. */
  dueMs: number
}

export const UPDATE_WAIT_MS = 5_000
/** Replies that a client has not read before its commands are left unread too. */
export const UNREAD_REPLY_BYTES = 256 * 1024
/** Commands kept while a long answer is on its way. */
export const UNSERVED_COMMAND_BYTES = 64 * 1024

/** What commands see of a connection: who has logged in, what is to be said. When they are served is for others to say. */
export abstract class Dialogue {
  loggedIn = false
  stream: UpdateStream | undefined
  protected readonly reader: CommandReader
  protected replies = ''
  /** The login that has begun. */
  exchange: SaslServer | undefined
  /** Set while the next line is not a command but the answer to a SASL challenge for this tag. */
  protected challenged: string | undefined
  protected closed = false
  private paused = false

  constructor(
    readonly core: Core,
    readonly peer: Peer,
    parser: CommandParser,
  ) {
    this.reader = new CommandReader(parser, () => this.reply('+ go ahead\r\n'))
  }

  /** Takes no commands for a while: a failed login's pause. */
  abstract holdFor(delayMs: number, then: () => void): void
  /** Sends a list, then `replyAfter`, then goes on with the commands. */
  abstract pour(dump: Dump, replyAfter: string): void
  /** What is pending, then `replyAfter`. */
  abstract sendPending(replyAfter: string): void
  abstract sendDueUpdates(nowMs: number): void
  /** All has been said. */
  abstract logout(): void

  /** Where it stands in the change log; at its end when it is no stream. */
  get cursor(): number {
    return this.stream?.cursor ?? this.core.log.end
  }

  /** Adds to what is sent when the commands that have arrived are done. */
  reply(text: string): void {
    this.replies += text
  }

  /** Says what it is, and what it offers as things are. */
  greet(): void {
    this.reply(banner(this.core.options, this.peer))
    this.sayAll()
  }

  /** SASL's challenge: as saslserver() is called, nothing stands before it. The next line is its answer. */
  challenge(tag: string, data: Buffer): void {
    this.challenged = tag
    this.reply(`${data.toString('base64')}\r\n`)
  }

  /** What has come after the command that is served, unread: none of it is known to be from who did the handshake. */
  discardInput(): void {
    this.reader.takeRest()
  }

  /** What was said goes in clear, all else through TLS. */
  startTls(): void {
    this.sayAll()
    this.peer.startTls()
  }

  startCompression(): void {
    this.sayAll()
    this.peer.compress(this.reader.takeRest())
  }

  startStream(tag: string, servers: readonly string[]): void {
    const { core } = this
    const filter = servers.length === 0 ? undefined : new Set(servers.map(server => core.serverId(server)))
    this.stream = { tag, filter, cursor: core.log.end, dueMs: core.surroundings.nowMs() + UPDATE_WAIT_MS }
    core.addStream(this, filter !== undefined)
  }

  /** Ends a client that costs too much. */
  drop(reason: string): void {
    if (this.closed) return
    this.core.surroundings.report(`client dropped: ${reason}`)
    this.sayAll()
    this.peer.write(`* BYE "${reason}"\r\n`)
    this.close()
    this.peer.destroy()
  }

  /** The other end is gone, or is to be. */
  close(): void {
    this.closed = true
    if (this.stream !== undefined) this.core.removeStream(this, this.stream.filter !== undefined)
  }

  protected say(): void {
    if (this.replies === '') return
    this.peer.write(this.replies)
    this.replies = ''
  }

  /** What was kept back, too. */
  protected sayAll(): void {
    this.say()
  }

  /** Leaves on the wire what cannot be served now. */
  protected leaveUnread(pause: boolean): void {
    if (pause === this.paused) return
    this.paused = pause
    if (pause) this.peer.pause()
    else this.peer.resume()
  }
}
