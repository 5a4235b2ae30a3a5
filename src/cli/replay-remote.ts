import { randomBytes } from 'node:crypto'
import type { MasterAddress } from '../core/address.js'
import type { Clock } from '../core/clock.js'
import { HarnessError, messageOf } from '../core/errors.js'
import { formatCount } from '../core/units.js'
import { cleanUp, present } from '../drivers/cleanup.js'
import type { Master } from '../masters/master.js'
import { changedMailbox } from '../traces/trace.js'
import { removeCalibrationJournal, writeReplayJournal } from './calibration-journal.js'
import { cleanupLine } from './cleanup-line.js'
import type { GivenTraces } from './given-traces.js'
import { type Permissions, requirePermissions } from './permission.js'
import type { Progress } from './progress.js'

/**
 * What a replay owes a master that outlives it. Its mailboxes have the names of real ones: none of them may be there before, and
 * none is there afterwards.
 */
export class RemoteReplay {
  private readonly id = randomBytes(3).toString('hex')
  private readonly journal = `replay-${this.id}.journal`
  private readonly names: readonly string[]
  private readonly progress: Progress
  private isNoted = false

  /** @throws {HarnessError} `USAGE` where it is not permitted */
  constructor(
    address: MasterAddress,
    { traces, expectation, progress, ...permissions }: GivenTraces & Permissions & { readonly progress: Progress },
  ) {
    const steps = traces.flatMap(trace => trace.steps)
    const changes = steps.some(({ command }) => changedMailbox(command) !== undefined)
    const [first] = expectation.mailboxes()
    const mutations = changes || first !== undefined
    this.names = mutations ? [...expectation.names] : []
    this.progress = progress
    const lists = steps.filter(({ command }) => command.kind === 'UPDATE' || command.kind === 'LIST').length
    const what = [
      `send ${formatCount(steps.length)} commands on ${formatCount(traces.length)} connections`,
      `read whole lists ${formatCount(lists)} times; each holds the master’s lock`,
      ...(mutations ? [`create up to ${formatCount(this.names.length)} mailboxes, and delete them afterwards`] : []),
    ]
    requirePermissions(what, address, { load: true, mutations }, permissions)
    for (const line of what) progress.warn(`will ${line}`)
    this.checkNames()
  }

  /** @throws {HarnessError} `USAGE` where one of its mailboxes is there already */
  async begin({ address, credentials }: Master, clock: Clock): Promise<void> {
    if (this.names.length === 0) return
    this.progress.note(`looking whether one of ${formatCount(this.names.length)} mailboxes is there already`)
    const there = await present(address, credentials, clock, this.names)
    if (there.length > 0)
      throw new HarnessError(
        'USAGE',
        `the master has ${formatCount(there.length)} of the logs’ mailboxes already, such as ${JSON.stringify(there[0])}: a replay would change them, and delete them afterwards`,
        'give a master that has none of them',
      )
    writeReplayJournal(this.journal, this.id, `${address.host}:${address.port}`, this.names)
    this.isNoted = true
    this.progress.warn(
      `its mailboxes are noted in ${this.journal}; if this is killed: ${this.line({ address, credentials })}`,
    )
  }

  /** Removes what is there now; says so where that cannot be. */
  async end({ address, credentials }: Master, clock: Clock): Promise<void> {
    if (!this.isNoted) return
    try {
      const { checked, deleted } = await cleanUp(address, credentials, clock, this.names, ({ checked }) =>
        this.progress.note(`removing the logs’ mailboxes: ${formatCount(checked)} checked`),
      )
      removeCalibrationJournal(this.journal)
      this.progress.line(`removed the logs’ mailboxes: ${deleted} of ${checked} names were there`)
    } catch (error) {
      const line = this.line({ address, credentials })
      this.progress.warn(`the logs’ mailboxes are still on the master: ${messageOf(error)}; try: ${line}`)
    }
  }

  /** They stay. */
  warnLeft(master: Pick<Master, 'address' | 'credentials'>): void {
    if (this.isNoted) this.progress.warn(`its mailboxes stay; to remove them: ${this.line(master)}`)
  }

  private line(master: Pick<Master, 'address' | 'credentials'>): string {
    return cleanupLine(this.journal, master)
  }

  /** A journal has a name a line. */
  private checkNames(): void {
    const odd = this.names.find(name => /[\r\n]/.test(name))
    if (odd === undefined) return
    throw new HarnessError(
      'USAGE',
      `${JSON.stringify(odd)}: a line end in a mailbox’s name, which a journal cannot hold`,
      'give a master that ends with the replay, such as cyrus or embedded',
    )
  }
}
