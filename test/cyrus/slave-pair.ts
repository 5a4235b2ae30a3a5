import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import type { MailboxRecord } from '../../src/core/mailbox.js'
import { cyrusMaster } from '../../src/masters/cyrus/cyrus-master.js'
import type { Master } from '../../src/masters/master.js'
import { Client } from '../../src/session/client.js'
import { Slave } from '../../src/slaves/slave.js'
import { until } from '../cli/bench.js'
import { type Entry, lastOf, RecordingProxy } from '../support/recording-proxy.js'
import { fill } from '../support/master-list.js'
import { slaveObserver } from '../support/slave-observer.js'
import { CyrusSlave } from '../../src/masters/cyrus/cyrus-slave.js'

/** A slave behind a proxy of its own. */
export interface Beside {
  readonly proxy: RecordingProxy
  /** @returns whether the kicker was told that the slave has caught up */
  kick(): Promise<boolean>
}

export interface PairLogs {
  readonly real: readonly Entry[]
  readonly ours: readonly Entry[]
}

/** Waits for a line of the part that is being played. */
type Hears = (start: string) => Promise<void>

const clock = monotonicClock(monotonicOriginS())

/** A real slave and ours on the same real master, whose mailboxes are given. */
export class SlavePair {
  real!: Beside
  ours!: Beside
  /** The process behind `real`. */
  cyrus!: CyrusSlave
  /** What ours tells of itself. */
  readonly told: string[] = []
  /** PLAIN alone: the real one would take the strongest that is offered, ours knows no other. */
  private readonly master: Master = cyrusMaster({ settings: { sasl_mech_list: 'PLAIN' } })
  private readonly ending: (() => Promise<void>)[] = [() => this.master.stop()]
  private backend!: Client

  /**
   * @param retryDelayS `mupdate_retry_delay`
   * @param loginLimitS `client_timeout`
   */
  async start(mailboxes: readonly MailboxRecord[], retryDelayS: number, loginLimitS: number): Promise<void> {
    await this.master.start()
    this.backend = await this.connect(this.master.address)
    await this.activate(mailboxes)
    this.real = await this.startReal(retryDelayS, loginLimitS)
    // Together, so that both are always at the same place of what follows.
    await until('the real slave', () => this.real.proxy.log.length > 0)
    this.ours = await this.startOurs(retryDelayS, loginLimitS)
  }

  /** Ends all that was started, also when not all could be. */
  async end(): Promise<void> {
    await Promise.all(this.ending.map(end => end()))
  }

  activate(records: readonly MailboxRecord[]): Promise<void> {
    return fill(this.backend, records)
  }

  /** How many records the real slave's own clients find. */
  async found(name: string): Promise<number> {
    const client = await this.connect(this.cyrus.address)
    let records = 0
    await new Promise<void>((resolve, reject) => {
      client.send({ kind: 'FIND', name }, { onRecord: () => records++, onDone: () => resolve(), onLost: reject })
    })
    await client.logout()
    return records
  }

  /** Does something with each at the same time. @returns what their logs have of it */
  async play(act: (beside: Beside, hears: Hears) => Promise<unknown>): Promise<PairLogs> {
    const record = async (beside: Beside) => {
      const { log } = beside.proxy
      const from = log.length
      await act(beside, start => until(start, () => lastOf(log.slice(from), start) !== undefined))
      return log.slice(from)
    }
    const [real, ours] = await Promise.all([record(this.real), record(this.ours)])
    return { real, ours }
  }

  private async startReal(retryDelayS: number, loginLimitS: number): Promise<Beside> {
    const proxy = await this.proxy()
    const settings = { mupdate_retry_delay: String(retryDelayS), client_timeout: String(loginLimitS) }
    const cyrus = await CyrusSlave.start(proxy.address, this.master.credentials, { settings })
    this.ending.push(() => cyrus.stop())
    this.cyrus = cyrus
    return { proxy, kick: () => cyrus.kick() }
  }

  private async startOurs(retryDelayS: number, loginLimitS: number): Promise<Beside> {
    const proxy = await this.proxy()
    const slave = new Slave(
      { address: proxy.address, credentials: this.master.credentials, clock, timeoutMs: loginLimitS * 1000 },
      { retryDelayNs: retryDelayS * 1e9, mergeNsPerMailbox: 0, random: Math.random },
      slaveObserver(what => this.told.push(what)),
      clock.nowNs(),
    )
    this.ending.push(() => slave.stop(300))
    const kick = () =>
      new Promise<boolean>(resolve => slave.kick({ answered: () => resolve(true), failed: () => resolve(false) }))
    return { proxy, kick }
  }

  private async proxy(): Promise<RecordingProxy> {
    const proxy = await RecordingProxy.before(this.master.address)
    this.ending.push(() => proxy.close())
    return proxy
  }

  private async connect(address: Master['address']): Promise<Client> {
    const client = await Client.connect({ address, credentials: this.master.credentials, clock })
    this.ending.push(() => client.logout())
    return client
  }
}
