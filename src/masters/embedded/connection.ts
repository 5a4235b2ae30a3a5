import { isHarnessError } from '../../core/errors.js'
import { answerLogin, continueLogin } from './commands/authenticate.js'
import { execute } from './commands/execute.js'
import { Dialogue, UNREAD_REPLY_BYTES, UNSERVED_COMMAND_BYTES, UPDATE_WAIT_MS } from './dialogue.js'
import { type Outflow, pendingUpdates } from './outflow.js'

/** One client: reads its commands in order, each answered before the next is looked at. */
export class Connection extends Dialogue {
  private outflow: Outflow | undefined
  private replyAfter = ''
  private waitsForDrain = false
  private held = false
  private serving = false

  received(chunk: Uint8Array): void {
    if (this.closed) return
    this.reader.feed(chunk)
    this.serve()
  }

  /** It will say no more, and is served to the end. */
  ended(): void {
    this.serve()
  }

  holdFor(delayMs: number, then: () => void): void {
    this.held = true
    this.core.surroundings.later(delayMs, () => {
      this.held = false
      if (this.closed) return
      then()
      this.serve()
    })
  }

  pour(outflow: Outflow, replyAfter: string): void {
    this.outflow = outflow
    this.replyAfter = replyAfter
    this.step()
  }

  sendPending(replyAfter: string): void {
    const { stream, core } = this
    if (stream !== undefined) stream.dueMs = core.surroundings.nowMs() + UPDATE_WAIT_MS
    if (stream === undefined || stream.cursor === core.log.end) this.reply(replyAfter)
    else this.pour(pendingUpdates(core, stream), replyAfter)
  }

  sendDueUpdates(nowMs: number): void {
    if (this.stream === undefined || this.stream.dueMs > nowMs || this.busy || this.closed) return
    this.sendPending('')
    this.say()
  }

  logout(): void {
    this.say()
    this.close()
    // Unread, it would never be seen to go.
    this.leaveUnread(false)
    this.peer.end()
  }

  override close(): void {
    this.outflow = undefined
    super.close()
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
    this.say()
    if (piece.length > 0) this.peer.write(piece)
    this.waitsForDrain = this.peer.backlogBytes > 0
    if (!this.waitsForDrain) {
      this.core.pump.add(this)
      return
    }
    if (outflow.usesChunk) this.core.giveChunkAway()
    // Node tells of a drain only after more than a socket's high water mark.
    this.peer.whenTaken(() => this.drained())
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
        if (this.replies.length > UNREAD_REPLY_BYTES / 4) this.say()
      }
    } catch (error) {
      if (!isHarnessError(error, 'WIRE_LIMIT')) throw error
      this.drop(error.message)
    }
    this.serving = false
    if (this.closed) return
    this.reader.nothing()
    this.say()
    if (this.peer.saidAll && !this.busy && this.peer.backlogBytes < UNREAD_REPLY_BYTES) this.logout()
    else this.throttle()
  }

  private serveNext(): boolean {
    const { reader } = this
    const { challenged } = this
    if (challenged !== undefined) {
      const line = reader.nextLine()
      if (line === undefined) return false
      this.challenged = undefined
      answerLogin(this, challenged, continueLogin(this, line))
      return true
    }
    if (!reader.next(this.loggedIn)) return false
    const { verb, tag, args, problem } = reader.parser
    if (verb === undefined) this.reply(`${problem}\r\n`)
    else execute(this, verb, tag, args)
    return true
  }

  private throttle(): void {
    const full = this.reader.pendingBytes > UNSERVED_COMMAND_BYTES && this.busy
    this.leaveUnread(full || this.peer.backlogBytes >= UNREAD_REPLY_BYTES)
  }
}
