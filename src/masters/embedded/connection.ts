import { isHarnessError } from '../../core/errors.js'
import { CommandReader } from './command-reader.js'
import { execute, respondToChallenge } from './commands/execute.js'
import type { Core } from './core.js'
import { type Outflow, pendingUpdates } from './outflow.js'
import type { CommandParser } from './parse-command.js'
import type { ServerFilter } from './update-batches.js'

/** The other end, however it is reached. */
export interface Peer {
  write(bytes: string | Uint8Array): void
  /** Bytes written that it has not taken yet. */
  readonly backlogBytes: number
  pause(): void
  resume(): void
  /** Sends what has been written, then closes. */
  end(): void
  destroy(): void
}

export interface UpdateStream {
  readonly tag: string
  readonly filter: ServerFilter | undefined
  /** The first entry of the change log that has not been sent. */
  cursor: number
  /** When updates are due. */
  dueMs: number
}

const UPDATE_WAIT_MS = 5_000
/** Replies that a client has not read before its commands are left unread too. */
const UNREAD_REPLY_BYTES = 256 * 1024
/** Commands kept while a long answer is on its way. */
const UNSERVED_COMMAND_BYTES = 64 * 1024

/** One client: reads its commands in order, each answered before the next is looked at. */
export class Connection {
  loggedIn = false
  stream: UpdateStream | undefined
  private readonly reader: CommandReader
  private replies = ''
  /** Set while the next line is not a command but the answer to a SASL challenge for this tag. */
  private challenged: string | undefined
  private outflow: Outflow | undefined
  private replyAfter = ''
  private waitsForDrain = false
  private held = false
  private paused = false
  private serving = false
  private closed = false

  constructor(
    readonly core: Core,
    private readonly peer: Peer,
    parser: CommandParser,
  ) {
    this.reader = new CommandReader(parser, () => this.reply('+ go ahead\r\n'))
    peer.write(core.banner)
  }

  /** Where it stands in the change log; at its end when it is no stream. */
  get cursor(): number {
    return this.stream?.cursor ?? this.core.log.end
  }

  received(chunk: Uint8Array): void {
    if (this.closed) return
    this.reader.feed(chunk)
    this.serve()
  }

  /** Adds to what is sent when the commands that have arrived are done. */
  reply(text: string): void {
    this.replies += text
  }

  /** SASL's challenge; PLAIN's is empty. The next line goes to {@link respondToChallenge}. */
  challenge(tag: string): void {
    this.challenged = tag
    this.reply('\r\n')
  }

  /** Takes no commands for a while: a failed login's pause. */
  holdFor(delayMs: number, then: () => void): void {
    this.held = true
    this.core.surroundings.later(delayMs, () => {
      this.held = false
      if (this.closed) return
      then()
      this.serve()
    })
  }

  /** Sends a long answer, then `replyAfter`, then goes on with the commands. */
  pour(outflow: Outflow, replyAfter: string): void {
    this.outflow = outflow
    this.replyAfter = replyAfter
    this.step()
  }

  startStream(tag: string, servers: readonly string[]): void {
    const { core } = this
    const filter = servers.length === 0 ? undefined : new Set(servers.map(server => core.serverId(server)))
    this.stream = { tag, filter, cursor: core.log.end, dueMs: core.surroundings.nowMs() + UPDATE_WAIT_MS }
    core.addStream(this, filter !== undefined)
  }

  /** What is pending, then `replyAfter`. */
  sendUpdates(replyAfter: string): void {
    const { stream, core } = this
    if (stream !== undefined) stream.dueMs = core.surroundings.nowMs() + UPDATE_WAIT_MS
    if (stream === undefined || stream.cursor === core.log.end) this.reply(replyAfter)
    else this.pour(pendingUpdates(core, stream), replyAfter)
  }

  sendDueUpdates(nowMs: number): void {
    if (this.stream === undefined || this.stream.dueMs > nowMs || this.busy || this.closed) return
    this.sendUpdates('')
    this.flush()
  }

  logout(): void {
    this.flush()
    this.close()
    this.peer.end()
  }

  /** Ends a client that costs too much. */
  drop(reason: string): void {
    if (this.closed) return
    this.core.surroundings.report(`client dropped: ${reason}`)
    this.peer.write(`* BYE "${reason}"\r\n`)
    this.close()
    this.peer.destroy()
  }

  /** The other end is gone, or is to be. */
  close(): void {
    this.closed = true
    this.outflow = undefined
    if (this.stream !== undefined) this.core.removeStream(this, this.stream.filter !== undefined)
  }

  drained(): void {
    if (this.closed) return
    if (this.waitsForDrain) {
      this.waitsForDrain = false
      this.core.pump.add(this)
    } else this.serve()
  }

  /** One piece of the long answer; called by {@link Core.pump}. */
  step(): void {
    const { outflow } = this
    if (outflow === undefined || this.closed) return
    const piece = outflow.next()
    if (piece === undefined) {
      this.outflow = undefined
      this.reply(this.replyAfter)
      this.serve()
      return
    }
    this.flush()
    if (piece.length > 0) this.peer.write(piece)
    this.waitsForDrain = this.peer.backlogBytes > 0
    if (!this.waitsForDrain) this.core.pump.add(this)
    else if (outflow.usesChunk) this.core.giveChunkAway()
  }

  private get busy(): boolean {
    return this.outflow !== undefined || this.held
  }

  /** Carries out the commands that have arrived. */
  private serve(): void {
    if (this.serving || this.closed) return
    this.serving = true
    try {
      while (!this.busy && !this.closed && this.peer.backlogBytes < UNREAD_REPLY_BYTES && this.serveNext()) {
        if (this.replies.length > UNREAD_REPLY_BYTES / 4) this.flush()
      }
    } catch (error) {
      if (!isHarnessError(error, 'WIRE_LIMIT')) throw error
      this.drop(error.message)
    }
    this.serving = false
    if (this.closed) return
    this.reader.nothing()
    this.flush()
    this.throttle()
  }

  private serveNext(): boolean {
    const { reader } = this
    const { challenged } = this
    if (challenged !== undefined) {
      const line = reader.nextLine()
      if (line === undefined) return false
      this.challenged = undefined
      respondToChallenge(this, challenged, line)
      return true
    }
    if (!reader.next(this.loggedIn)) return false
    const { verb, tag, args, problem } = reader.parser
    if (verb === undefined) this.reply(`${problem}\r\n`)
    else execute(this, verb, tag, args)
    return true
  }

  private flush(): void {
    if (this.replies === '') return
    this.peer.write(this.replies)
    this.replies = ''
  }

  /** Leaves on the wire what cannot be served now. */
  private throttle(): void {
    const full = this.reader.pendingBytes > UNSERVED_COMMAND_BYTES && this.busy
    const pause = full || this.peer.backlogBytes >= UNREAD_REPLY_BYTES
    if (pause === this.paused) return
    this.paused = pause
    if (pause) this.peer.pause()
    else this.peer.resume()
  }
}
