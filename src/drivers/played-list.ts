import type { MailboxRecord } from '../core/mailbox.js'
import type { Operation } from '../core/operation.js'
import type { Listed, Paced, Playing } from '../generators/lanes.js'
import type { Outcome } from '../metrics/recorder.js'
import type { DriverContext, DriverPhase } from './context.js'
import { Schedule } from './schedule.js'

interface BackendList {
  readonly records: Map<string, MailboxRecord>
  /** By operations that were under way when it was sent, or came since. */
  readonly touched: Set<string>
  /** Not the backend's own, from the last on, as the program takes them (mupdate_list_cb, del_head); undefined until somebody asks. */
  stale: string[] | undefined
}

function isList({ commands: [first] }: Operation): boolean {
  return first?.kind === 'LIST'
}

/** Operations that come to an end, each at its time, beside what arrives. */
export class PlayedList implements Playing {
  private nowNs: number
  private readonly schedule: Schedule
  private readonly operations: Paced
  /** Its last operation has arrived. */
  private isOver = false
  /** Arrived, and not yet ended. */
  private live = 0
  /** When it ended. */
  private readonly ends = new WeakMap<Operation, number>()
  private readonly sent = new WeakSet<Operation>()
  /** Of each backend whose LIST was sent. */
  private readonly lists = new Map<number, BackendList>()

  /**
   * @param operations made with this list as what is known of them
   * @param times one for each operation, and more
   * @param arrive what becomes of each; whoever takes it tells of its end by {@link ended}
   */
  constructor(
    private readonly context: DriverContext,
    private readonly phase: DriverPhase,
    operations: (playing: Playing) => Paced,
    times: Iterator<number>,
    arrive: (operation: Operation, intendedNs: number) => void,
  ) {
    this.nowNs = phase.startNs
    this.operations = operations(this)
    this.schedule = new Schedule(context.clock, phase.startNs, times, intendedNs => {
      this.nowNs = intendedNs
      const { value, done } = this.operations.next()
      if (done) {
        this.isOver = true
        this.schedule.stop()
        return
      }
      if (value === undefined) return
      this.live++
      this.sent.add(value)
      arrive(value, intendedNs)
    })
  }

  get hasEnded(): boolean {
    return this.isOver && this.live === 0
  }

  /** What a run before has sent, which this one goes on with, has ended when it began. */
  isSettled(operations: readonly Operation[], thenNs: number): boolean {
    return operations.every(operation => {
      const endNs = this.sent.has(operation) ? this.ends.get(operation) : this.phase.startNs
      return endNs !== undefined && endNs + thenNs <= this.nowNs
    })
  }

  /** @param underWay mailboxes of operations whose answers may come before that of a LIST, or after it */
  taken(operation: Operation, underWay: Iterable<string>): void {
    if (isList(operation))
      this.lists.set(operation.backend, { records: new Map(), touched: new Set(underWay), stale: undefined })
  }

  /** By an operation that is not of this list. */
  touched(mailboxes: readonly string[]): void {
    for (const { touched } of this.lists.values()) for (const mailbox of mailboxes) touched.add(mailbox)
  }

  /** A mailbox that a LIST had. */
  heard(operation: Operation, record: MailboxRecord): void {
    this.lists.get(operation.backend)?.records.set(record.name, record)
  }

  listed(list: Operation, record: MailboxRecord): Listed {
    const there = this.lists.get(list.backend)
    if (there === undefined) return 'unknown'
    const found = there.records.get(record.name)
    if (found === undefined) return 'absent'
    const isSame = found.state === record.state && found.location === record.location && found.acl === record.acl
    return isSame ? 'same' : 'different'
  }

  /** What others touch meanwhile is theirs: a DELETE of what they have deleted kills a real master. */
  nextStale(list: Operation, isOwn: (name: string) => boolean): string | undefined {
    const there = this.lists.get(list.backend)
    if (there === undefined) return undefined
    there.stale ??= [...there.records.keys()].filter(name => !isOwn(name))
    for (let name = there.stale.pop(); name !== undefined; name = there.stale.pop())
      if (!there.touched.has(name)) return name
    return undefined
  }

  ended(operation: Operation, outcome: Outcome): void {
    this.live--
    this.ends.set(operation, this.context.clock.nowNs())
    // With its connection the program ends; a mailbox that is refused it leaves.
    if (outcome === 'unfinished' || (outcome === 'failed' && isList(operation))) this.lists.delete(operation.backend)
  }

  /** Sends what is due, for those who are awake anyway. */
  look(): void {
    this.schedule.look()
  }

  /** What has not arrived will not. */
  stop(): void {
    this.schedule.stop()
  }
}
