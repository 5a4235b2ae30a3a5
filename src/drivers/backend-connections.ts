import pLimit from 'p-limit'
import { type HarnessError, isHarnessError, isRefusal, messageOf } from '../core/errors.js'
import { isOwn, type Share } from '../core/share.js'
import type { Outcome } from '../metrics/recorder.js'
import { Client } from '../session/client.js'
import { commandText, type LastCommands, lastCommandsText } from '../session/last-commands.js'
import type { DriverContext } from './context.js'

export type ConnectionMode = 'per-operation' | 'kept'

export interface Lent {
  readonly client: Client
  giveBack(): void
}

const RECONNECT_MS = 500

/** The connections operations are sent on: a new one for each, as real backends do, or some kept for each backend. */
export class BackendConnections {
  private readonly kept: KeptConnection[][] = []
  /** Of each backend's program that says much, one after the other. */
  private readonly programs = new Map<number, KeptConnection>()
  private turn = 0
  private readonly leaving = new Set<Promise<void>>()
  /** Logins under way: what has not ended when all does is a sample too. */
  private readonly loggingIn = new Set<(outcome: Outcome) => void>()
  private closed = false

  constructor(
    private readonly context: DriverContext,
    private readonly options: {
      readonly connection: ConnectionMode
      readonly backends: number
      readonly connectionsPerBackend: number
      /** Of the backends. */
      readonly share: Share
    },
  ) {}

  /** Opens the kept ones, a few at a time. */
  async open(): Promise<void> {
    if (this.options.connection !== 'kept') return
    const limit = pLimit(8)
    for (let backend = this.kept.length; backend < this.options.backends; backend++) {
      this.kept.push(
        isOwn(this.options.share, backend)
          ? Array.from({ length: this.options.connectionsPerBackend }, () => new KeptConnection(this.context, backend))
          : [],
      )
    }
    // One that is closed before it was ever open is nobody's failure.
    await Promise.all(this.kept.flat().map(connection => limit(() => connection.open().catch(() => {}))))
  }

  /**
   * At once where a kept connection is up.
   *
   * @param intendedNs of the operation; undefined in a closed loop
   * @throws {HarnessError} when no connection could be had
   */
  take(backend: number, phase: number, intendedNs: number | undefined): Lent | Promise<Lent> {
    if (this.options.connection === 'kept') {
      const pool = this.kept[backend]
      return pool[this.turn++ % pool.length].lend()
    }
    return this.connectOnce(backend, phase, intendedNs).then(client => ({ client, giveBack: () => this.leave(client) }))
  }

  /** That of the backend's XFER, or of its `ctl_mboxlist -m`, which keep one whatever is asked for (imap/mupdate-client.c). */
  takeProgram(backend: number): Lent | Promise<Lent> {
    const known = this.programs.get(backend)
    if (known !== undefined) return known.lend()
    const program = new KeptConnection(this.context, backend)
    this.programs.set(backend, program)
    return program.lend()
  }

  /** They have done their work. */
  endPrograms(): void {
    for (const program of this.programs.values()) {
      const leaving = program.close().then(() => void this.leaving.delete(leaving))
      this.leaving.add(leaving)
    }
    this.programs.clear()
  }

  async close(): Promise<void> {
    this.closed = true
    this.endPrograms()
    for (const end of this.loggingIn) end('unfinished')
    await Promise.all(this.kept.flat().map(connection => connection.close()))
    await Promise.all(this.leaving)
  }

  /** LOGIN is connection, banner and authentication together. */
  private async connectOnce(backend: number, phase: number, intendedNs: number | undefined): Promise<Client> {
    const { address, credentials, clock, recorder } = this.context
    const startNs = clock.nowNs()
    const metric = recorder.metric(phase, 'commands', 'LOGIN')
    const end = (outcome: Outcome) => {
      if (this.loggingIn.delete(end)) metric.add(outcome, intendedNs, startNs, clock.nowNs())
    }
    this.loggingIn.add(end)
    try {
      const onLost = reportLoss(this.context, backend)
      const client = await Client.connect({ address, credentials, clock, onLost })
      end('ok')
      if (this.closed) client.destroy()
      return client
    } catch (error) {
      end(isRefusal(error) ? 'failed' : 'unfinished')
      if (isHarnessError(error, 'TIMEOUT')) this.context.unserved()
      throw error
    }
  }

  private leave(client: Client): void {
    if (this.closed) {
      client.destroy()
      return
    }
    const leaving = client.logout().then(() => void this.leaving.delete(leaving))
    this.leaving.add(leaving)
  }
}

/** A connection that comes back after it was lost; whoever needs it meanwhile waits. */
class KeptConnection {
  private lent: Lent | undefined
  private opening: Promise<Lent> | undefined
  private closed = false

  constructor(
    private readonly context: DriverContext,
    private readonly backend: number,
  ) {}

  async open(): Promise<void> {
    await this.lend()
  }

  lend(): Lent | Promise<Lent> {
    if (this.lent?.client.closed === false) return this.lent
    if (this.opening === undefined) {
      this.opening = this.connect()
      // Rejects only after close(), when nobody may be waiting any more.
      this.opening.catch(() => {})
    }
    return this.opening
  }

  async close(): Promise<void> {
    this.closed = true
    const lent = await Promise.race([
      this.lent ?? this.opening?.catch(() => undefined),
      new Promise<undefined>(resolve => setTimeout(() => resolve(undefined), 200)),
    ])
    await lent?.client.logout()
  }

  private async connect(): Promise<Lent> {
    const { address, credentials, clock } = this.context
    for (;;) {
      try {
        const onLost = reportLoss(this.context, this.backend)
        const client = await Client.connect({ address, credentials, clock, onLost })
        if (this.closed) client.destroy()
        this.lent = { client, giveBack: () => {} }
        this.opening = undefined
        return this.lent
      } catch (error) {
        if (this.closed) throw error
        if (isHarnessError(error, 'TIMEOUT')) this.context.unserved()
        this.context.event('backend-connect', messageOf(error))
        await new Promise(resolve => setTimeout(resolve, RECONNECT_MS))
      }
    }
  }
}

/** One event for each connection that was lost, with what was said last on it. */
function reportLoss(context: DriverContext, backend: number): (error: HarnessError, last: LastCommands) => void {
  return (error, last) => {
    // Those that kill mupdate where it does not have the name (imap/mupdate.c, cmd_set).
    const suspects = last.unanswered
      .filter(({ command }) => command.kind === 'DELETE' || command.kind === 'DEACTIVATE')
      .map(({ command }) => `${commandText(command)} (backend ${backend})`)
    context.event('connection-lost', `backend ${backend}: ${lastCommandsText(last)} (${error.message})`, suspects)
  }
}
