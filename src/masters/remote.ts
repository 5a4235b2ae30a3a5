import type { Credentials, MasterAddress } from '../core/address.js'
import type { Clock } from '../core/clock.js'
import { Client, type Security } from '../session/client.js'
import type { Master, MasterDescription } from './master.js'

/** A master that somebody else runs: reached, never started, never stopped. */
export class RemoteMaster implements Master {
  readonly kind = 'remote'
  private version = 'unknown'
  private security: Security | undefined

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
    this.security = client.security
    await client.logout()
  }

  async stop(): Promise<void> {}

  pid(): undefined {
    return undefined
  }

  describe(): MasterDescription {
    const { version, security } = this
    return { version, mailboxDatabase: 'unknown', settings: {}, binaries: {}, ...(security && { security }) }
  }

  onEvent(): void {}
}
