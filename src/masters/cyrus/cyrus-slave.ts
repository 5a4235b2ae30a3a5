import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { join } from 'node:path'
import { cyrusAccount } from './account.js'
import { findBinaries } from './binaries.js'
import { murderSettings } from './config.js'
import { DIRECTORY_PREFIX } from './leftovers.js'
import { chooseParent, descriptorsFor, freePort } from './place.js'
import type { CyrusPlan } from './plan.js'
import { SupervisorProcess } from './supervisor-process.js'
import type { Credentials, MasterAddress } from '../master.js'

export interface CyrusSlaveOptions {
  /** Tree of another build; the system's own Cyrus when absent. */
  readonly prefix?: string
  /** Lines of imapd.conf beyond those that say where its master is. */
  readonly settings?: Readonly<Record<string, string>>
  /** Its syslog lines, as they come. */
  readonly onLine?: (line: string) => void
}

/**
 * A frontend's `mupdate`, run as a managed master is run: by Cyrus's `master`, as no root, below a supervisor that ends
 * it and removes its directory however its user ends.
 */
export class CyrusSlave {
  private constructor(
    readonly directory: string,
    /** Where its own clients ask it. */
    readonly address: MasterAddress,
    /** Its syslog lines so far. */
    readonly log: readonly string[],
    private readonly supervisor: SupervisorProcess,
  ) {}

  /** @throws {HarnessError} `MASTER_SETUP` where there is no Cyrus */
  static async start(
    master: MasterAddress,
    credentials: Credentials,
    { prefix, settings = {}, onLine }: CyrusSlaveOptions,
  ): Promise<CyrusSlave> {
    const log: string[] = []
    const plan: CyrusPlan = {
      directory: join(chooseParent('tmpfs'), DIRECTORY_PREFIX + randomBytes(6).toString('hex')),
      role: 'slave',
      port: await freePort(),
      user: credentials.user,
      password: credentials.password,
      account: cyrusAccount(),
      binaries: findBinaries(prefix),
      settings: { ...settings, ...murderSettings(master, credentials) },
      maxDescriptors: descriptorsFor(100),
    }
    const supervisor = new SupervisorProcess(plan, report => {
      const line = report.kind === 'syslog' ? report.line : JSON.stringify(report)
      log.push(line)
      onLine?.(line)
    })
    return new CyrusSlave(plan.directory, { host: '127.0.0.1', port: plan.port }, log, supervisor)
  }

  /**
   * As imapd and lmtpd do it: connects, and waits to be told something (imap/mupdate-client.c, kick_mupdate).
   *
   * @returns whether it was; false when it was refused or dropped
   */
  kick(): Promise<boolean> {
    return new Promise(resolve => {
      let told = false
      const socket = connect(join(this.directory, 'conf', 'socket', 'mupdate.target'))
      socket.on('data', () => (told = true))
      socket.on('error', () => {})
      socket.on('close', () => resolve(told))
    })
  }

  /** Ends it and removes its directory. */
  stop(): Promise<void> {
    return this.supervisor.stop()
  }
}
