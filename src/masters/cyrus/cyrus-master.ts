import { randomBytes } from 'node:crypto'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { monotonicClock, monotonicOriginS } from '../../core/clock.js'
import { type ErrorCode, HarnessError, isHarnessError, messageOf } from '../../core/errors.js'
import { Client } from '../../session/client.js'
import type { Credentials, Master, MasterAddress, MasterDescription, MasterEvent } from '../master.js'
import { cyrusAccount } from './account.js'
import { findBinaries } from './binaries.js'
import { checkSettings, DEFAULT_SETTINGS } from './config.js'
import { defaultDatabase } from './installation.js'
import { DIRECTORY_PREFIX, removeLeftovers } from './leftovers.js'
import { chooseParent, descriptorsFor, freePort, type Place, placeOf } from './place.js'
import type { CyrusPlan, SupervisorReport } from './plan.js'
import { provenance } from './provenance.js'
import { SupervisorProcess } from './supervisor-process.js'

export { cyrusInstalled } from './binaries.js'

export interface CyrusOptions {
  /** Tree of another build; the system's own Cyrus when absent. */
  readonly prefix?: string
  /** Default `tmpfs`. */
  readonly place?: Place
  /** Lines of imapd.conf, such as `mupdate_workers_max`; `mupdate_connections_max` is 900 unless given. */
  readonly settings?: Readonly<Record<string, string>>
  /** Where the private directory is made; /dev/shm or the system's temporary directory when absent. */
  readonly directory?: string
  /** A `mailboxes.db`, of which it has a copy when it starts; none when absent. */
  readonly database?: string
}

const USER = 'murder'
const START_LIMIT_MS = 20_000
/** With a database, which ctl_cyrusdb -r may have to write anew. */
const DATABASE_START_LIMIT_MS = 600_000
const POLL_EVERY_MS = 50
/** What a master that is still starting makes us meet. */
const MAY_PASS: readonly ErrorCode[] = ['MASTER_UNREACHABLE', 'MASTER_LOST', 'MASTER_BYE', 'TIMEOUT']
/** The end of the log that a failed start shows. */
const SHOWN_LOG_LINES = 10

/** A Cyrus MUPDATE master of our own, from installed binaries, in a directory that goes with it. */
export function cyrusMaster(options: CyrusOptions = {}): Master {
  return new CyrusMaster(options)
}

interface Facts {
  readonly version: string
  readonly mailboxDatabase: string
  readonly binaries: Readonly<Record<string, string>>
}

class CyrusMaster implements Master {
  readonly kind = 'cyrus'
  private readonly listeners: ((event: MasterEvent) => void)[] = []
  private readonly settings: Readonly<Record<string, string>>
  private readonly lastLines: string[] = []
  private plan: CyrusPlan | undefined
  private supervisor: SupervisorProcess | undefined
  private mupdatePid: number | undefined
  /** Also while none runs. */
  private lastPid: number | undefined
  private failure: HarnessError | undefined
  private facts: Facts | undefined

  constructor(private readonly options: CyrusOptions) {
    this.settings = { ...DEFAULT_SETTINGS, ...options.settings }
  }

  onEvent(listener: (event: MasterEvent) => void): void {
    this.listeners.push(listener)
  }

  pid(): number | undefined {
    return this.mupdatePid
  }

  restart(empty: boolean): void {
    this.supervisor?.restart(empty)
  }

  databaseDirectory(): string | undefined {
    return this.plan?.directory
  }

  get address(): MasterAddress {
    return { host: '127.0.0.1', port: this.started().port }
  }

  get credentials(): Credentials {
    return credentialsOf(this.started())
  }

  describe(): MasterDescription {
    if (this.facts === undefined) throw notStarted()
    return { ...this.facts, settings: this.settings }
  }

  async start(): Promise<void> {
    if (this.plan !== undefined) throw new HarnessError('INTERNAL', 'this Cyrus was started before', 'make another one')
    const plan = await this.makePlan()
    this.plan = plan
    if (this.failure !== undefined) throw this.failure
    this.supervisor = new SupervisorProcess(plan, report => this.onReport(report))
    try {
      const version = await this.waitUntilReady(plan)
      this.facts = {
        version,
        mailboxDatabase: kindOfDatabase(plan),
        binaries: await provenance(this.mupdatePid!, plan.binaries, plan.account),
      }
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  async stop(): Promise<void> {
    this.failure ??= new HarnessError('MASTER_SETUP', 'Cyrus was stopped before it was ready', 'start another one')
    await this.supervisor?.stop()
    this.mupdatePid = undefined
  }

  /** All that can be known to fail is looked at before anything is started. */
  private async makePlan(): Promise<CyrusPlan> {
    checkSettings(this.settings)
    const binaries = findBinaries(this.options.prefix === undefined ? undefined : resolve(this.options.prefix))
    const account = cyrusAccount()
    const parent = chooseParent(this.options.place ?? 'tmpfs', this.options.directory)
    await removeLeftovers(parent, account.uid)
    return {
      directory: join(parent, DIRECTORY_PREFIX + randomBytes(6).toString('hex')),
      role: 'master',
      port: await freePort(),
      user: USER,
      password: randomBytes(18).toString('base64url'),
      account,
      binaries,
      settings: this.settings,
      maxDescriptors: descriptorsFor(Number(this.settings.mupdate_connections_max)),
      ...(this.options.database === undefined ? {} : { database: resolve(this.options.database) }),
    }
  }

  /** @returns the version that the banner names */
  private async waitUntilReady(plan: CyrusPlan): Promise<string> {
    const limitMs = plan.database === undefined ? START_LIMIT_MS : DATABASE_START_LIMIT_MS
    const lastTry = performance.now() + limitMs
    for (;;) {
      if (this.failure !== undefined) throw this.failure
      const version = this.mupdatePid === undefined ? undefined : await this.tryToLogIn(plan)
      if (version !== undefined) return version
      if (performance.now() > lastTry) {
        throw this.died(`Cyrus did not answer in ${limitMs / 1000} s`, 'its log says why')
      }
      await sleep(POLL_EVERY_MS)
    }
  }

  private async tryToLogIn(plan: CyrusPlan): Promise<string | undefined> {
    try {
      return await askVersion(plan)
    } catch (error) {
      if (isHarnessError(error) && MAY_PASS.includes(error.code)) return undefined
      throw this.died(`Cyrus started and is no use: ${messageOf(error)}`, 'its log may say why', error)
    }
  }

  private died(message: string, hint: string, cause?: unknown): HarnessError {
    return new HarnessError('MASTER_DIED', this.withLog(message), hint, cause === undefined ? undefined : { cause })
  }

  private withLog(message: string): string {
    return this.lastLines.length === 0 ? message : `${message}; its log ends:\n  ${this.lastLines.join('\n  ')}`
  }

  private onReport(report: SupervisorReport): void {
    switch (report.kind) {
      case 'syslog':
        this.lastLines.push(report.line)
        if (this.lastLines.length > SHOWN_LOG_LINES) this.lastLines.shift()
        this.emit(report)
        break
      case 'mupdate':
        this.onMupdate(report.pid)
        break
      case 'died':
        this.mupdatePid = undefined
        this.failure = this.died(report.detail, 'its log says why')
        this.emit(report)
        break
      case 'failed':
        this.failure = new HarnessError('MASTER_SETUP', this.withLog(report.message), report.hint)
    }
  }

  private onMupdate(pid: number): void {
    const previousPid = this.lastPid
    this.mupdatePid = pid
    this.lastPid = pid
    if (previousPid !== undefined) this.emit({ kind: 'restarted', pid, previousPid })
  }

  private emit(event: MasterEvent): void {
    for (const listener of this.listeners) listener(event)
  }

  private started(): CyrusPlan {
    if (this.plan === undefined) throw notStarted()
    return this.plan
  }
}

function notStarted(): HarnessError {
  return new HarnessError('INTERNAL', 'this Cyrus has not been started', 'call start() first')
}

/** PLAIN, whatever else it offers: what SCRAM costs would be in every figure. */
function credentialsOf({ user, password }: CyrusPlan): Credentials {
  return { user, password, mechanism: 'PLAIN' }
}

/** Logs in too: a master that answers and refuses our password is not ready. */
async function askVersion(plan: CyrusPlan): Promise<string> {
  const client = await Client.connect({
    address: { host: '127.0.0.1', port: plan.port },
    credentials: credentialsOf(plan),
    clock: monotonicClock(monotonicOriginS()),
    timeoutMs: 5_000,
  })
  await client.logout()
  return plainVersion(client.banner.version)
}

/** `3.6.1-4+deb12u3` is 3.6.1; a development build stays as it is. */
export function plainVersion(banner: string): string {
  return /^v?(\d+(?:\.\d+)+)/.exec(banner)?.[1] ?? banner
}

function kindOfDatabase(plan: CyrusPlan): string {
  return `${plan.settings.mboxlist_db ?? defaultDatabase(plan)} on ${placeOf(plan.directory)}`
}
