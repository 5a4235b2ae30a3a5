import { afterEach, beforeEach } from 'vitest'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import { countMailboxes } from '../../src/drivers/count.js'
import { embeddedMaster } from '../../src/masters/embedded/embedded-master.js'
import type { Master } from '../../src/masters/master.js'

/** Somebody else's, as far as the program under test knows: for each test another one. */
export class SomebodysMaster {
  url = ''
  env: Record<string, string> = {}
  private master!: Master

  constructor() {
    beforeEach(async () => {
      this.master = embeddedMaster()
      await this.master.start()
      const { user, password } = this.master.credentials
      this.url = `mupdate://${user}@127.0.0.1:${this.master.address.port}`
      this.env = { MUPDATE_BENCH_PASSWORD: password }
    })
    afterEach(() => this.master.stop())
  }

  /** From then on nobody listens there. */
  async stop(): Promise<void> {
    await this.master.stop()
  }

  get address() {
    return this.master.address
  }

  get credentials() {
    return this.master.credentials
  }

  /** How many it has. */
  async mailboxes(): Promise<number> {
    const { address, credentials } = this.master
    return (await countMailboxes(address, credentials, monotonicClock(monotonicOriginS()))).all
  }
}
