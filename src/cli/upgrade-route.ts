import { join } from 'node:path'
import { HarnessError, isHarnessError } from '../core/errors.js'
import { type Clock, monotonicClock, monotonicOriginS } from '../core/clock.js'
import type { MailboxRecord } from '../core/mailbox.js'
import { writtenBatches } from '../generators/dump.js'
import { admitSlave } from '../drivers/admit-slave.js'
import { dumpStream } from '../drivers/dump-stream.js'
import { listAll } from '../drivers/list-all.js'
import { tellAll } from '../drivers/tell-all.js'
import { Findings } from '../dumps/spread.js'
import { cyrusMaster } from '../masters/cyrus/cyrus-master.js'
import { OfflineCyrus } from '../masters/cyrus/offline-cyrus.js'
import type { Master } from '../masters/master.js'
import type { RouteRehearsed } from '../report/upgrade/upgrade.js'
import { LogDigest } from '../verdict/log-digest.js'
import { type Found, LOSSES, type Loss, lossOf, reasonsAgainst, type UpgradeRoute } from '../verdict/upgrade.js'
import { ComparingDumps } from './comparing-dumps.js'
import { GivenDump } from './given-dump.js'
import { type OldList, recordsOf, settingsFor } from './old-list.js'

export interface NewMaster {
  readonly prefix?: string
  /** Lines of its imapd.conf. */
  readonly settings: Readonly<Record<string, string>>
}

/** By which database each route begins; a route that has none here takes the dump. */
export type RouteDatabases = Readonly<Partial<Record<UpgradeRoute, string>>>

/** One route, on a new master of its own: no frontend is let in before the list is found to be whole. */
export class UpgradeRehearsal {
  private readonly clock: Clock = monotonicClock(monotonicOriginS())
  private readonly log = new LogDigest()
  private readonly times = { loadMs: 0, startMs: 0, tellMs: 0 }
  /** What is to be removed, whatever happens. */
  private readonly made: (() => Promise<void>)[] = []
  private listed: number | null = null
  private readonly losses: Partial<Record<Loss, Found>> = {}
  /** Of the new master: its version, and where its database lies. */
  description: string | undefined

  constructor(
    private readonly route: UpgradeRoute,
    private readonly old: OldList,
    private readonly to: NewMaster,
    private readonly databases: RouteDatabases,
    private readonly folder: string,
  ) {}

  /** @throws {HarnessError} where it is not the route that fails: there is no Cyrus, or no room */
  async rehearsed(): Promise<RouteRehearsed> {
    let failure: string | null = null
    let frontend: RouteRehearsed['frontend'] = null
    try {
      const master = await this.filled()
      await this.count(master)
      if (this.listed !== 0) await this.findLocal(master)
      if (this.reasons(null).length === 0) {
        frontend = await admitSlave(master.address, master.credentials, this.clock)
        if (frontend.mailboxes !== this.listed)
          failure = `a frontend that was let in was told of ${frontend.mailboxes} mailboxes`
      }
    } catch (error) {
      if (!isHarnessError(error) || error.code === 'MASTER_SETUP' || error.code === 'RESULTS') throw error
      // What the log says is told anyway.
      failure = error.message.split(/; its log ends|\n/)[0]!
    } finally {
      await this.end()
    }
    const reasons = this.reasons(failure)
    return {
      route: this.route,
      of: this.databases[this.route] ?? this.old.source,
      verdict: reasons.length === 0 ? 'go' : 'no-go',
      reasons,
      expected: this.old.mailboxes,
      listed: this.listed,
      losses: this.losses,
      failure,
      ...this.times,
      frontend,
      log: this.log.all(),
    }
  }

  /** Ends and removes what there still is; safe to call twice. */
  async end(): Promise<void> {
    for (const remove of this.made.splice(0).reverse()) await remove()
  }

  private reasons(failure: string | null): string[] {
    const { listed, losses } = this
    return reasonsAgainst({ expected: this.old.mailboxes, listed, losses, failure })
  }

  private async filled(): Promise<Master> {
    const given = this.databases[this.route]
    const isLoaded = this.route === 'undump' || this.route === 'convert'
    const database = isLoaded ? await this.timed('loadMs', () => this.loaded()) : given
    const settings = this.settings()
    const master = cyrusMaster({ ...this.to, settings, ...(database === undefined ? {} : { database }) })
    this.made.push(() => master.stop())
    master.onEvent(event => {
      if (event.kind === 'syslog') this.log.add(event.line)
    })
    await this.timed('startMs', () => master.start())
    const { version, mailboxDatabase } = master.describe()
    this.description = `${version}, ${mailboxDatabase}`
    if (this.route === 'activate') await this.timed('tellMs', () => this.tell(master))
    return master
  }

  /** @returns the database that ctl_mboxlist -u makes of the dump */
  private async loaded(): Promise<string> {
    const cyrus = this.offline()
    const takesText = !(await cyrus.says('ctl_mboxlist', '[-L]'))
    const isConverted = this.route === 'convert'
    const isText = isConverted ? takesText : this.old.format !== '3.6'
    const input = isConverted ? writtenBatches(takesText ? 'text' : 'json', this.records()) : dumpStream(this.old.path)
    // 3.6 and later take text by another parser only.
    const words = isText && !takesText ? ['-u', '-L'] : ['-u']
    const { status } = await cyrus.feed('ctl_mboxlist', words, input, line => this.log.add(`ctl_mboxlist: ${line}`))
    if (status !== 0) this.log.add(`ctl_mboxlist ${words.join(' ')} failed, status ${status}`)
    return cyrus.database
  }

  private records(): AsyncGenerator<MailboxRecord[]> {
    return recordsOf(new GivenDump(this.old.path, { onBadLine: 'stop' }))
  }

  private async tell({ address, credentials }: Master): Promise<void> {
    const { refused, refusal } = await tellAll(address, credentials, this.clock, this.records())
    for (let i = 0; i < refused; i++) this.log.add(`mupdate: refused, an error: '${refusal}'`)
  }

  /** By LIST, which is what frontends are told. */
  private async count({ address, credentials }: Master): Promise<void> {
    const comparing = new ComparingDumps()
    try {
      for await (const records of this.records()) await comparing.addRecords(0, records)
      this.listed = await listAll(address, credentials, this.clock, records => comparing.addRecords(1, records))
      const { differences } = await comparing.compared(LOSSES, lossOf)
      for (const loss of LOSSES) this.note(loss, differences[loss])
    } finally {
      comparing.kill()
    }
  }

  /** By the new master's own dump: what LIST does not tell. */
  private async findLocal(master: Master): Promise<void> {
    const path = join(this.folder, `${this.route}-after`)
    const database = join(master.databaseDirectory!()!, 'conf', 'mailboxes.db')
    const { status, complaints } = await this.offline(database).write(path, 'ctl_mboxlist', ['-d'])
    if (status !== 0)
      throw new HarnessError('MASTER_REFUSED', `its ctl_mboxlist -d fails: ${complaints[0] ?? status}`, 'see its log')
    const local = new Findings()
    // Some versions write bytes in ACLs that are no JSON.
    for await (const entries of new GivenDump(path, { onBadLine: 'skip' }).batches())
      for (const { name, isElsewhere, state } of entries) if (!isElsewhere && state !== 'deleted') local.add(name)
    this.note('local', local)
  }

  private note(loss: Loss, { count, first }: Found): void {
    if (count > 0) this.losses[loss] = { count, first }
  }

  private offline(database?: string): OfflineCyrus {
    const cyrus = new OfflineCyrus({
      ...this.to,
      settings: this.settings(),
      ...(database === undefined ? {} : { database }),
    })
    this.made.push(() => cyrus.remove())
    return cyrus
  }

  private settings(): Readonly<Record<string, string>> {
    const database = this.databases[this.route]
    return { ...(database === undefined ? {} : settingsFor(database)), ...this.to.settings }
  }

  private async timed<T>(what: keyof typeof this.times, work: () => Promise<T>): Promise<T> {
    const startMs = performance.now()
    try {
      return await work()
    } finally {
      this.times[what] = performance.now() - startMs
    }
  }
}
