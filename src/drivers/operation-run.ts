import type { HarnessError } from '../core/errors.js'
import type { Operation } from '../core/operation.js'
import type { Outcome } from '../metrics/recorder.js'
import type { Client, ReplyHandler, Status } from '../session/client.js'
import type { Mutation } from '../slaves/ledger.js'
import type { DriverContext } from './context.js'

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

  /**
   * @param phase to which its samples belong
   * @param intendedNs of the first command, undefined in a closed loop; that of a later one is the reply before it
   * @param mayGoOn asked before each further command
   * @param onEnd called once
   */
  constructor(
    private readonly context: DriverContext,
    private readonly client: Client,
    private readonly operation: Operation,
    private readonly phase: number,
    private intendedNs: number | undefined,
    private readonly mayGoOn: () => boolean,
    private readonly onEnd: (end: OperationEnd) => void,
  ) {}

  start(): void {
    this.context.journal(this.operation.mailboxes)
    this.send()
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
