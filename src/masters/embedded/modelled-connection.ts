import { isHarnessError } from '../../core/errors.js'
import type { ModelConnection } from '../model/connection.js'
import type { CyrusModel } from '../model/cyrus-model.js'
import type { ModelCommand, Port } from '../model/port.js'
import { classify, classifyLogin } from './classify.js'
import { answerLogin, beginLogin, continueLogin, type LoginStep } from './commands/authenticate.js'
import { execute } from './commands/execute.js'
import type { Core } from './core.js'
import { Dialogue, UNREAD_REPLY_BYTES, UNSERVED_COMMAND_BYTES } from './dialogue.js'
import { type Dump, pendingUpdates } from './outflow.js'
import { PacedDump } from './paced-dump.js'
import type { CommandParser } from './parse-command.js'
import type { Peer } from './peer.js'
import type { RealTimeline } from './real-timeline.js'

/** An output stream sends what fills it (lib/prot.h PROT_BUFSIZE). */
const OUTPUT_BYTES = 4096

/** What is around a connection that the model serves. */
export interface ModelledWorld {
  readonly timeline: RealTimeline
  readonly model: CyrusModel
  readonly core: Core
}

/** One client of a master that a model schedules: the model says when, the commands say what. */
export class ModelledConnection extends Dialogue implements Port {
  private served: ModelConnection | undefined
  /** Carries out the command that was taken last. */
  private carryOut = () => {}
  /** Commands were left unread for want of room for their answers. */
  private unread = false
  private paced: PacedDump | undefined
  private listReply = ''
  /** The end of a list, which its client's kernel makes wait. */
  private keptBack = ''
  /** Where the log stood when its list began, and how many changes the model had counted. */
  private listed = { entry: 0, change: 0 }
  share = 1

  constructor(
    private readonly world: ModelledWorld,
    peer: Peer,
    parser: CommandParser,
    private readonly rank: number,
  ) {
    super(world.core, peer, parser)
  }

  /** @returns false when the model turns it away */
  connect(): boolean {
    this.served = this.world.model.connect(this, this.rank)
    return this.served !== undefined
  }

  received(chunk: Uint8Array): void {
    if (this.closed) return
    this.reader.feed(chunk)
    // It is looked at later, and the chunk was lent.
    this.reader.nothing()
    this.leaveUnread(this.reader.pendingBytes > UNSERVED_COMMAND_BYTES)
    this.served?.received()
  }

  /** The client will say no more, or is gone: a worker will notice when it reads. */
  left(): void {
    this.served?.received()
  }

  next(): ModelCommand | undefined {
    if (this.closed) return { kind: 'gone' }
    // In Cyrus the worker blocks in its output; here too it is kept, since the flush that follows waits.
    this.unread = this.peer.backlogBytes >= UNREAD_REPLY_BYTES
    if (this.unread) return undefined
    try {
      const command = this.take()
      this.leaveUnread(this.reader.pendingBytes > UNSERVED_COMMAND_BYTES && command !== undefined)
      return command ?? (this.peer.saidAll ? { kind: 'gone' } : undefined)
    } catch (error) {
      if (!isHarnessError(error, 'WIRE_LIMIT')) throw error
      this.drop(error.message)
      return { kind: 'gone' }
    }
  }

  banner(): void {
    this.greet()
  }

  get mailboxes(): number {
    return this.core.catalogue.size
  }

  /** A list has begun with {@link listLasts}: its end is all that is left. */
  execute(command: ModelCommand): boolean {
    const { log } = this.core
    const before = log.end
    if (command.kind === 'list') this.endList()
    else this.carryOut()
    if (this.replies.length >= OUTPUT_BYTES) this.say()
    return log.end > before
  }

  sendUpdates(_from: number, to: number): void {
    const { stream, core, listed } = this
    if (stream === undefined || this.closed) return
    const target = Math.min(core.log.end, listed.entry + to - listed.change)
    const updates = pendingUpdates(core, stream, target)
    this.sayAll()
    for (let piece = updates.next(); piece !== undefined; piece = updates.next()) {
      if (piece.length > 0) this.peer.write(piece)
    }
  }

  listLasts(holdNs: number): void {
    this.sayAll()
    this.listed = { entry: this.core.log.end, change: this.world.model.changes }
    this.carryOut()
    this.paced?.begin(holdNs)
  }

  flush(done: () => void, keptBackNs = 0): void {
    if (keptBackNs > 0) this.keepBack(keptBackNs)
    else if (!this.closed) this.say()
    this.peer.whenTaken(() =>
      this.world.timeline.happens(() => {
        done()
        if (this.unread) this.served?.received()
      }),
    )
  }

  /** Nothing overtakes it: what is said or sent sooner takes it along. */
  private keepBack(keptBackNs: number): void {
    const { timeline } = this.world
    this.keptBack += this.replies
    this.replies = ''
    timeline.at(timeline.nowNs + keptBackNs, this.rank, () => {
      if (!this.closed) this.sayAll()
    })
  }

  protected override say(): void {
    if (this.replies !== '') this.sayAll()
  }

  protected override sayAll(): void {
    this.replies = this.keptBack + this.replies
    this.keptBack = ''
    super.say()
  }

  bye(): void {
    this.reply('* BYE "idle for too long"\r\n')
  }

  /** The model has served it; or it was too much for the reader. */
  override close(): void {
    if (this.closed) return
    this.sayAll()
    this.paced?.stop()
    super.close()
    this.peer.destroy()
  }

  /** Not kept until all that has arrived is served: the client's line may have come along, and be a wrong one. */
  override challenge(tag: string, data: Buffer): void {
    super.challenge(tag, data)
    this.say()
  }

  /** The model has paused before. */
  holdFor(_delayMs: number, then: () => void): void {
    then()
  }

  pour(dump: Dump, replyAfter: string): void {
    this.paced = new PacedDump(this.world, this.rank, dump, piece => this.writePiece(piece))
    this.listReply = replyAfter
  }

  /** The model has had it sent before. */
  sendPending(replyAfter: string): void {
    this.reply(replyAfter)
  }

  /** The model sees to it. */
  sendDueUpdates(): void {}

  /** The model closes it, when what was said has been taken. */
  logout(): void {}

  private take(): ModelCommand | undefined {
    const { reader, challenged } = this
    if (challenged !== undefined) {
      const line = reader.nextLine()
      if (line === undefined) return undefined
      this.challenged = undefined
      return this.takeLogin(challenged, continueLogin(this, line))
    }
    if (!reader.next(this.loggedIn)) return undefined
    const { verb, tag, args, problem } = reader.parser
    if (verb === undefined) {
      this.carryOut = () => this.reply(`${problem}\r\n`)
      return { kind: 'refused' }
    }
    if (verb === 'AUTHENTICATE') return this.takeLogin(tag, beginLogin(this, args[0], args[1]))
    this.carryOut = () => execute(this, verb, tag, args)
    return classify(this, verb)
  }

  private takeLogin(tag: string, step: LoginStep): ModelCommand {
    this.carryOut = () => answerLogin(this, tag, step)
    return classifyLogin(step)
  }

  private endList(): void {
    const { paced } = this
    if (paced === undefined) return
    paced.end()
    if (this.stream?.filter !== undefined) this.share = paced.share
    this.paced = undefined
    this.reply(this.listReply)
  }

  private writePiece(piece: Uint8Array): void {
    this.peer.write(piece)
    if (this.peer.backlogBytes > 0) this.core.giveChunkAway()
  }
}
