import type { Credentials, MasterAddress } from '../../core/address.js'
import type { Clock } from '../../core/clock.js'
import { HarnessError, messageOf } from '../../core/errors.js'
import { mailboxes } from '../../generators/mailboxes.js'
import type { SiteSpec } from '../../generators/spec.js'
import type { Calibration, Cost } from '../../masters/model/calibration.js'
import { cleanUp } from '../cleanup.js'
import { measureArrivals } from './arrivals.js'
import { activateAll, BATCH, measureCommands, take } from './commands.js'
import { Connections, restedResponseUs } from './connections.js'
import { LISTS_PER_ROUND, measureDumps } from './dumps.js'
import { measureHandOver } from './hand-over.js'
import { median } from '../../statistics/quantile.js'
import { costOf } from './cost-of.js'
import { measureKick, measureLogging, measurePending, STREAMS } from './streams.js'

export interface CalibrateOptions {
  readonly address: MasterAddress
  readonly credentials: Credentials
  readonly clock: Clock
  /** Its mailboxes are made first; those that are set and deleted by the way come after them. */
  readonly site: SiteSpec
  readonly seed: number
  /** The master outlives us: what was made is deleted. */
  readonly cleanUp: boolean
  /** What is measured now. */
  onStep(what: string): void
  /** Nothing that was made is there any more. */
  onRemoved(): void
  /** What was made could not be removed. */
  onLeft(why: string): void
}

/** How often each is measured; at 50,000 mailboxes on tmpfs all of it takes about a minute. */
const ROUNDS = { commands: 150, arrivals: 150, handOver: 25, dumps: 12, kick: 40, pending: 60, logging: 40 } as const
/** Lists that a calibration asks for in all. */
export const LISTS = ROUNDS.handOver + ROUNDS.dumps * LISTS_PER_ROUND + 2 + STREAMS
/** A step that takes longer than this, and 2 ms for each mailbox (a disk's flushes take less), does not go on. */
const STEP_LIMIT_MS = 120_000
const LIMIT_PER_MAILBOX_MS = 2

export interface Measured {
  readonly costs: Calibration['costs']
  /** Of the list, ours among them. */
  readonly mailboxes: number
}

/** Measures what operations cost a master. */
export class Calibrating {
  private readonly connections: Connections
  private begun = false

  constructor(private readonly options: CalibrateOptions) {
    this.connections = new Connections(options.address, options.credentials, options.clock)
  }

  /** What is under way ends, and what was made is removed; {@link measure} then throws the reason. */
  end(reason: HarnessError): void {
    this.connections.end(reason)
  }

  /**
   * @returns costs in µs of the master's time
   * @throws {HarnessError} what was given to {@link end}; `MASTER_REFUSED`, `MASTER_LOST`, `TIMEOUT` and those of a connect
   */
  async measure(): Promise<Measured> {
    try {
      return await this.costs()
    } catch (error) {
      // Whatever else then failed is its consequence.
      this.connections.check()
      throw error
    } finally {
      this.connections.end(new HarnessError('INTERNAL', 'this calibration is over', 'make another one'))
      await this.removeAll()
    }
  }

  private async costs(): Promise<Measured> {
    const { connections } = this
    const { clock, site } = this.options
    const all = mailboxes({ ...site, mailboxes: Infinity }, this.options.seed)
    const fill = take(all, site.mailboxes)
    const backend = await connections.connect()
    this.begun = true
    await this.step(`${site.mailboxes} mailboxes are made`, () => activateAll(clock, backend, fill))
    const commands = await this.step('single commands', () => measureCommands(clock, backend, all, ROUNDS.commands))
    const arrivals = await this.step('new connections', () =>
      measureArrivals(connections, commands.noopResponse, ROUNDS.arrivals),
    )
    const findUs = Math.max(0, median(commands.find))
    const handOver = await this.step('waiters for the lock', () =>
      measureHandOver(connections, fill, findUs, ROUNDS.handOver),
    )
    const { name } = fill[0]!
    const findResponseUs = await this.findResponseUs(name)
    const dumps = await this.step('lists, alone and six at a time', () =>
      measureDumps(connections, name, findResponseUs, Math.max(0, median(handOver)), ROUNDS.dumps),
    )
    const kick = await this.step('NOOPs of a slave', () => measureKick(connections, commands.noopResponse, ROUNDS.kick))
    const pending = await this.step('pending updates', () => measurePending(connections, backend, fill, ROUNDS.pending))
    const logging = await this.step('changes while others stream', () =>
      measureLogging(connections, backend, fill.values(), ROUNDS.logging),
    )
    const samples = {
      ...arrivals,
      noop: commands.noop,
      find: commands.find,
      reserve: commands.reserve,
      activate: commands.activate,
      remove: commands.remove,
      dumpPerMailbox: dumps.perMailbox,
      dumpTail: dumps.tail,
      updatePerPending: pending,
      logPerStream: logging,
      kick,
      handOver,
    }
    const costs = Object.fromEntries(Object.entries(samples).map(([name, us]) => [name, costOf(us, name)]))
    return { costs: costs as Record<keyof typeof samples, Cost>, mailboxes: dumps.mailboxes }
  }

  private async findResponseUs(name: string): Promise<number> {
    const client = await this.connections.connect()
    const samples: number[] = []
    while (samples.length < 50) samples.push(await restedResponseUs(this.options.clock, client, { kind: 'FIND', name }))
    this.connections.close(client)
    return median(samples)
  }

  private async step<T>(what: string, act: () => Promise<T>): Promise<T> {
    this.options.onStep(what)
    const limitMs = STEP_LIMIT_MS + this.options.site.mailboxes * LIMIT_PER_MAILBOX_MS
    const limit = setTimeout(() => {
      const where = `${this.options.address.host}:${this.options.address.port}`
      const message = `${where} did not get through “${what}” in ${limitMs / 1000} s`
      this.end(new HarnessError('TIMEOUT', message, 'give fewer --mailboxes, or a master that is idle'))
    }, limitMs)
    try {
      return await act()
    } finally {
      clearTimeout(limit)
    }
  }

  /** All that it may have made, and made none of yet. */
  *names(): Generator<string> {
    const { site, seed } = this.options
    const count = site.mailboxes + ROUNDS.commands * BATCH
    for (const { name } of mailboxes({ ...site, mailboxes: count }, seed)) yield name
  }

  /** By name: those that were set and deleted by the way may be there still, where a master was lost in between. */
  private async removeAll(): Promise<void> {
    const { address, credentials, clock } = this.options
    if (!this.options.cleanUp || !this.begun) return
    this.options.onStep('its mailboxes are removed')
    try {
      await cleanUp(address, credentials, clock, this.names(), () => {})
      this.options.onRemoved()
    } catch (error) {
      this.options.onLeft(messageOf(error))
    }
  }
}
