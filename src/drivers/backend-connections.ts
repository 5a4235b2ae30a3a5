import pLimit from 'p-limit'
import { isRefusal, messageOf } from '../core/errors.js'
import { Client } from '../session/client.js'
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
  private turn = 0
  private readonly leaving = new Set<Promise<void>>()
  private closed = false

  constructor(
    private readonly context: DriverContext,
    private readonly options: { connection: ConnectionMode; backends: number; connectionsPerBackend: number },
  ) {}

  /** Opens the kept ones, a few at a time. */
  async open(): Promise<void> {
    if (this.options.connection !== 'kept') return
    const limit = pLimit(8)
    for (let backend = this.kept.length; backend < this.options.backends; backend++) {
      this.kept.push(Array.from({ length: this.options.connectionsPerBackend }, () => new KeptConnection(this.context)))
    }
    await Promise.all(this.kept.flat().map(connection => limit(() => connection.open())))
  }

  /** @throws {HarnessError} when no connection could be had */
  async take(backend: number, phase: number): Promise<Lent> {
    if (this.options.connection === 'kept') {
      const pool = this.kept[backend]
      const client = await pool[this.turn++ % pool.length].get()
      return { client, giveBack: () => {} }
    }
    const client = await this.connectOnce(phase)
    return { client, giveBack: () => this.leave(client) }
  }

  async close(): Promise<void> {
    this.closed = true
    await Promise.all(this.kept.flat().map(connection => connection.close()))
    await Promise.all(this.leaving)
  }

  /** LOGIN is connection, banner and authentication together. */
  private async connectOnce(phase: number): Promise<Client> {
    const { address, credentials, clock, recorder } = this.context
    const startNs = clock.nowNs()
    const metric = recorder.metric(phase, 'commands', 'LOGIN')
    try {
      const client = await Client.connect({ address, credentials, clock })
      metric.add('ok', undefined, startNs, clock.nowNs())
      return client
    } catch (error) {
      metric.add(isRefusal(error) ? 'failed' : 'unfinished', undefined, startNs, clock.nowNs())
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
  private client: Promise<Client> | undefined
  private closed = false

  constructor(private readonly context: DriverContext) {}

  async open(): Promise<void> {
    await this.get()
  }

  get(): Promise<Client> {
    if (this.client === undefined) {
      this.client = this.connect()
      // Rejects only after close(), when nobody may be waiting any more.
      this.client.catch(() => {})
    }
    return this.client
  }

  async close(): Promise<void> {
    this.closed = true
    const client = await Promise.race([
      this.client?.catch(() => undefined),
      new Promise<undefined>(resolve => setTimeout(() => resolve(undefined), 200)),
    ])
    await client?.logout()
  }

  private async connect(): Promise<Client> {
    const { address, credentials, clock } = this.context
    for (;;) {
      try {
        const onLost = () => {
          this.client = undefined
        }
        return await Client.connect({ address, credentials, clock, onLost })
      } catch (error) {
        if (this.closed) throw error
        this.context.event('backend-connect', messageOf(error))
        await new Promise(resolve => setTimeout(resolve, RECONNECT_MS))
      }
    }
  }
}
