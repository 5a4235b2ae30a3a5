import type { HarnessError } from '../core/errors.js'
import type { MailboxRecord } from '../core/mailbox.js'
import type { Operation } from '../core/operation.js'
import type { Outcome } from '../metrics/recorder.js'
import type { Client, ReplyHandler, Status } from '../session/client.js'
import type { Mutation } from '../slaves/ledger.js'
import type { Frame } from '../wire/frame.js'
import { REPLY, type ReplyCode } from '../wire/reply.js'
import type { DriverContext } from './context.js'

/** Event of a backend that would delete a mailbox of its own. */
export const WIPE = 'would-delete'

/** How an operation ended: known, or with what took its connection away. */
export type OperationEnd = Outcome | HarnessError

/**
 * The commands of one operation on one connection, each after the last one's reply, as libcyrus's mupdate client does.
 * Replies call it: at thousands of operations a second, promises are most of the garbage.
 */
export class OperationRun implements ReplyHandler {
  private step = 0
  private sentNs = 0
  private mutation: Mutation | undefined
  /** Where a FIND has found it. */
  private found: string | undefined

  /**
   * @param phase to which its samples belong
   * @param intendedNs of the first command, undefined in a closed loop; that of a later one is the reply before it
   * @param mayGoOn asked before each further command
   * @param onEnd called once
   * @param onListed of each mailbox of a LIST
   */
  constructor(
    private readonly context: DriverContext,
    private readonly client: Client,
    private readonly operation: Operation,
    private readonly phase: number,
    private intendedNs: number | undefined,
    private readonly mayGoOn: () => boolean,
    private readonly onEnd: (end: OperationEnd) => void,
    private readonly onListed?: (record: MailboxRecord) => void,
  ) {}

  start(): void {
    this.context.journal(this.operation.mailboxes)
    this.send()
  }

  onRecord(frame: Frame, code: ReplyCode): void {
    const { kind } = this.command
    if (kind === 'FIND') this.found = frame.text(3)
    if (kind !== 'LIST' || this.onListed === undefined) return
    const isReserved = code === REPLY.reserve
    const [name, location, acl] = [frame.text(2), frame.text(3), isReserved ? '' : frame.text(4)]
    this.onListed({ name, location, acl, state: isReserved ? 'reserved' : 'active' })
  }

  onDone(status: Status, text: string): void {
    const { heardNs } = this.client
    this.record(status === 'OK' ? 'ok' : 'failed', heardNs)
    if (status !== 'OK') {
      const { kind, mailboxes } = this.operation
      this.context.event('operation-refused', `${kind} ${mailboxes[0] ?? ''}: ${this.command.kind}: ${status} ${text}`)
      this.onEnd('failed')
    } else if (++this.step === this.operation.commands.length) {
      this.onEnd('ok')
    } else if (this.found !== undefined) {
      this.endFound(this.found)
    } else if (this.mayGoOn()) {
      if (this.intendedNs !== undefined) this.intendedNs = heardNs
      this.send()
    } else {
      this.onEnd('unfinished')
    }
  }

  onLost(error: HarnessError): void {
    this.record('unfinished', this.context.clock.nowNs())
    this.onEnd(error)
  }

  /** What was to be pushed was there, though its LIST had it not (imap/ctl_mboxlist.c pop_mupdate_cb). */
  private endFound(location: string): void {
    const command = this.command
    const isHere = 'location' in command && command.location === location
    if (!isHere && 'location' in command)
      this.context.event(
        WIPE,
        `${command.name} of ${command.location}: the master has it on ${location}, and ctl_mboxlist -m deletes it here`,
      )
    this.onEnd(isHere ? 'ok' : 'failed')
  }

  private get command() {
    return this.operation.commands[this.step]
  }

  private send(): void {
    this.mutation = this.context.ledger?.sending(this.command)
    this.sentNs = this.context.clock.nowNs()
    this.client.send(this.command, this)
  }

  private record(outcome: Outcome, nowNs: number): void {
    const { ledger } = this.context
    if (this.mutation !== undefined && outcome === 'ok') ledger?.succeeded(this.mutation, nowNs)
    else if (this.mutation !== undefined) ledger?.failed(this.mutation)
    this.context.recorder
      .metric(this.phase, 'commands', this.command.kind)
      .add(outcome, this.intendedNs, this.sentNs, nowNs)
  }
}
