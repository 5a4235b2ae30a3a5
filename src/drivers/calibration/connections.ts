import type { Credentials, MasterAddress } from '../../core/address.js'
import type { Clock } from '../../core/clock.js'
import { HarnessError } from '../../core/errors.js'
import type { Command } from '../../core/operation.js'
import { Client, type ReplyHandler } from '../../session/client.js'

/** How long a connection is left alone before a command: its worker has then given it back, and all are asleep. */
const REST_MS = 1

/** Where a calibration's connections come from; all of them can be ended at once, and with them what waits for answers. */
export class Connections {
  private readonly open = new Set<Client>()
  private ended: HarnessError | undefined

  constructor(
    readonly address: MasterAddress,
    readonly credentials: Credentials,
    readonly clock: Clock,
  ) {}

  /** @throws {HarnessError} as {@link Client.connect}; what {@link end} was given, after that */
  async connect(): Promise<Client> {
    this.check()
    const { address, credentials, clock } = this
    const client = await Client.connect({ address, credentials, clock })
    this.open.add(client)
    if (this.ended !== undefined) client.destroy()
    return client
  }

  async connectMany(count: number): Promise<Client[]> {
    const clients: Client[] = []
    while (clients.length < count) clients.push(await this.connect())
    return clients
  }

  /** Without LOGOUT: a client whose list is left unread would wait for its answer in vain. */
  close(...clients: readonly Client[]): void {
    for (const client of clients) {
      this.open.delete(client)
      client.destroy()
    }
  }

  /** @throws {HarnessError} why all was ended */
  check(): void {
    if (this.ended !== undefined) throw this.ended
  }

  /** @param reason thrown by whatever is begun from now on */
  end(reason: HarnessError): void {
    this.ended ??= reason
    this.close(...this.open)
  }
}

/**
 * Sends commands together.
 *
 * @returns µs from before they are written to when the last reply was read
 * @throws {HarnessError} `MASTER_REFUSED`, `MASTER_LOST`
 */
export function responseUs(clock: Clock, client: Client, ...commands: readonly Command[]): Promise<number> {
  return new Promise((resolve, reject) => {
    let left = commands.length
    let sentNs = 0
    for (const command of commands) {
      client.queue(
        command,
        expectOk(reject, command.kind, () => {
          if (--left === 0) resolve((client.heardNs - sentNs) / 1e3)
        }),
      )
    }
    sentNs = clock.nowNs()
    client.flush()
  })
}

/** As {@link responseUs}, to a connection that has been idle. */
export async function restedResponseUs(clock: Clock, client: Client, ...commands: readonly Command[]): Promise<number> {
  await rest()
  return responseUs(clock, client, ...commands)
}

export function rest(ms = REST_MS): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}

/** A master that refuses what it has to take cannot be measured. */
export function expectOk(reject: (error: HarnessError) => void, what: string, onOk: () => void): ReplyHandler {
  return {
    onDone(status, text) {
      if (status === 'OK') onOk()
      else reject(new HarnessError('MASTER_REFUSED', `the master answers ${what} with ${status}: ${text}`, ADMINS))
    },
    onLost: reject,
  }
}

const ADMINS = 'the user must be one of the master’s admins, and the master no slave'
