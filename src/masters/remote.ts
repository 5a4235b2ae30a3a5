import type { Credentials, MasterAddress } from '../core/address.js'
import type { Clock } from '../core/clock.js'
import { Client } from '../session/client.js'
import type { Master, MasterDescription } from './master.js'

/** A master that somebody else runs: reached, never started, never stopped. */
export class RemoteMaster implements Master {
  readonly kind = 'remote'
  private version = 'unknown'

  constructor(
    readonly address: MasterAddress,
    readonly credentials: Credentials,
    private readonly clock: Clock,
  ) {}

  /** Logs in once: a wrong password or port is told before anything else happens. */
  async start(): Promise<void> {
    const { address, credentials, clock } = this
    const client = await Client.connect({ address, credentials, clock, firstContact: true })
    const { product, version } = client.banner
    this.version = `${product} ${version}`
    await client.logout()
  }

  async stop(): Promise<void> {}

  pid(): undefined {
    return undefined
  }

  describe(): MasterDescription {
    return { version: this.version, mailboxDatabase: 'unknown', settings: {}, binaries: {} }
  }

  onEvent(): void {}
}
