import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { cyrusAccount } from '../../src/masters/cyrus/account.js'
import { findBinaries } from '../../src/masters/cyrus/binaries.js'
import { murderSettings } from '../../src/masters/cyrus/config.js'
import { DIRECTORY_PREFIX } from '../../src/masters/cyrus/leftovers.js'
import { chooseParent, descriptorsFor, freePort } from '../../src/masters/cyrus/place.js'
import { SupervisorProcess } from '../../src/masters/cyrus/supervisor-process.js'
import type { Credentials, MasterAddress } from '../../src/masters/master.js'
import { configPath } from '../../src/masters/cyrus/plan.js'
import { ImapClient } from '../support/imap-client.js'
import { runProgram } from './mailbox-list.js'

const START_LIMIT_MS = 20_000

/** `imapd` as a backend of a murder has it, run as a managed master is. */
export class RealBackend {
  private constructor(
    /** As its `admins` has it, logged in. */
    readonly admin: ImapClient,
    /** Its syslog lines so far. */
    readonly log: readonly string[],
    private readonly directory: string,
    private readonly supervisor: SupervisorProcess,
  ) {}

  /** @param settings lines of imapd.conf beyond those that say where its master is */
  static async start(
    master: MasterAddress,
    credentials: Credentials,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<RealBackend> {
    const log: string[] = []
    const directory = join(chooseParent('tmpfs'), DIRECTORY_PREFIX + randomBytes(6).toString('hex'))
    const { user, password } = credentials
    const port = await freePort()
    const supervisor = new SupervisorProcess(
      {
        directory,
        role: 'backend',
        port,
        user,
        password,
        account: cyrusAccount(),
        binaries: findBinaries(),
        settings: {
          'partition-slow': join(directory, 'part-slow'),
          // Without, imapd takes itself for a frontend (imap/imapd.c).
          proxyservers: user,
          ...settings,
          ...murderSettings(master, credentials),
        },
        maxDescriptors: descriptorsFor(100),
      },
      report => log.push(report.kind === 'syslog' ? report.line : JSON.stringify(report)),
    )
    try {
      const admin = await greeted({ host: '127.0.0.1', port })
      await admin.command(`LOGIN ${user} "${password}"`)
      return new RealBackend(admin, log, directory, supervisor)
    } catch (cause) {
      await supervisor.stop()
      throw new Error(`no imapd: ${log.slice(-5).join('\n')}`, { cause })
    }
  }

  /** Its nightly `cyr_expire`: mailboxes that were deleted go for good, however lately it was. */
  async expire(): Promise<void> {
    const ended = await runProgram('cyr_expire', configPath(this.directory), ['-E', '1', '-D', '0'])
    if (ended.status !== 0) throw new Error(`cyr_expire: ${ended.stderr}`)
  }

  async stop(): Promise<void> {
    this.admin.destroy()
    await this.supervisor.stop()
  }
}

async function greeted(address: MasterAddress): Promise<ImapClient> {
  for (const end = performance.now() + START_LIMIT_MS; ; await sleep(50)) {
    try {
      return await ImapClient.connect(address)
    } catch (error) {
      if (performance.now() > end) throw error
    }
  }
}
