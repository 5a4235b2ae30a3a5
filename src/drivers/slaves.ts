import pLimit from 'p-limit'
import type { Clock } from '../core/clock.js'
import { entityRandom } from '../core/random.js'
import { isOwn, type Share, WHOLE } from '../core/share.js'
import { Follower } from '../slaves/follower.js'
import { Slave, type SlaveSettings } from '../slaves/slave.js'
import type { DriverContext, DriverPhase } from './context.js'
import { SlaveWatcher } from './slave-watcher.js'

/** Frontends that are not like the others. */
export interface OtherSlaves {
  readonly count: number
  readonly servers?: readonly string[]
  readonly readBytesPerSecond?: number
  readonly reconnectsAtOnce?: boolean
  /** Unified murder: a backend that is a slave too, and kicked after each operation of its own. */
  readonly backend?: boolean
}

export interface SlavesOptions {
  readonly count: number
  readonly retryDelayNs: number
  readonly mergeNsPerMailbox: number
  /** Time over which the first connections are spread; 0 is all at once. */
  readonly staggerNs: number
  readonly others: readonly OtherSlaves[]
  /** Slaves whose records are followed one by one. */
  readonly mostFollowed: number
}

/** What befalls slaves at a moment of a phase. */
export type SlaveAffair =
  | { readonly kind: 'join' | 'leave'; readonly slaves?: number }
  /** `first`: of those that it befalls; the first of all when absent. */
  | { readonly kind: 'restart'; readonly slaves?: number; readonly first?: number }
  | { readonly kind: 'freeze' | 'loseNetwork'; readonly slaves?: number; readonly forNs: number }

/** A swarm of frontends that mirror the list, or this thread's share of it: it knows the places of all, and runs its own. */
export class Slaves {
  /** In the order in which they joined; of one that another thread runs nothing but the place is known. */
  private readonly places: (Member | undefined)[] = []
  private readonly backends: Member[] = []
  private made = 0
  private stopped = false
  private readonly timers = new Set<NodeJS.Timeout>()
  private readonly leaving = new Set<Promise<void>>()

  constructor(
    private readonly context: DriverContext,
    private readonly options: SlavesOptions,
    /** Called after each piece that a slave has read: a burst of updates is a long time for who has a schedule. */
    private readonly onHeard: () => void = () => {},
    private readonly share: Share = WHOLE,
  ) {}

  start(phase: DriverPhase): void {
    const { count, others, staggerNs } = this.options
    const kinds = [...Array.from({ length: count }, () => ({})), ...others.flatMap(other => repeat(other, other.count))]
    for (const [i, kind] of kinds.entries()) this.add(phase.startNs + (staggerNs * i) / kinds.length, kind)
  }

  /** All that are meant to have the list have it and stream. */
  get allStreaming(): boolean {
    return this.members.every(({ slave, neverReads }) => neverReads || slave.streaming)
  }

  /** Of all NOOPs that are not answered yet, how long the oldest has waited; 0 where there is none. */
  longestWaitNs(nowNs: number): number {
    return this.members.reduce((longest, { slave }) => Math.max(longest, nowNs - (slave.awaitedSinceNs ?? nowNs)), 0)
  }

  /** Sets the gauge; once they were told to stop it stays at what it was then. */
  observe(): void {
    if (this.stopped) return
    this.context.counters.slavesStreaming = this.members.reduce((sum, { slave }) => sum + (slave.streaming ? 1 : 0), 0)
  }

  private get members(): Member[] {
    return here(this.places)
  }

  /** Does to the first so many (of those that leave, the last; without a number, all) what the profile plans. */
  affect(affair: SlaveAffair): void {
    const members = here(this.places.slice(0, affair.slaves))
    switch (affair.kind) {
      case 'restart':
        for (const { slave } of here(this.places.slice(affair.first).slice(0, affair.slaves))) slave.restart()
        break
      case 'join':
        for (let i = 0; i < (affair.slaves ?? 1); i++) this.add(this.context.clock.nowNs(), {})
        break
      case 'leave':
        for (const member of here(this.places.splice(-(affair.slaves ?? this.places.length)))) this.dismiss(member)
        break
      case 'freeze':
        this.forAWhile(affair.forNs, members, 'freeze', 'thaw')
        break
      case 'loseNetwork':
        this.forAWhile(affair.forNs, members, 'cutNetwork', 'restoreNetwork')
        break
    }
  }

  /** An imapd of one of them waits for the slave to catch up; it is drawn, unless it is named. */
  kick(intendedNs: number, chosen: number): void {
    const member = this.places[chosen % this.places.length]
    if (member !== undefined) this.kickOne(member, intendedNs)
  }

  /** A backend of a unified murder kicks the slave on its own host when an operation was done (imap/imapd.c, kick_mupdate). */
  operated(backend: number, atNs: number): void {
    const { backends } = this
    if (backends.length > 0) this.kickOne(backends[backend % backends.length], atNs)
  }

  private kickOne({ slave }: Member, intendedNs: number): void {
    const { counters, recorder, phase } = this.context
    const end = (outcome: 'ok' | 'failed') => (atNs: number) => {
      counters.slaveKicks++
      recorder.metric(phase(intendedNs), 'commands', 'KICK').add(outcome, intendedNs, undefined, atNs)
    }
    slave.kick({ answered: end('ok'), failed: end('failed') })
  }

  /**
   * Lets every slave that follows send a NOOP once it streams, and waits for its OK: what was sent to it then has come.
   *
   * @returns whether each of them has come through in time
   */
  async catchUp(limitMs: number): Promise<CaughtUp[]> {
    const deadline = this.context.clock.nowNs() + limitMs * 1e6
    return Promise.all(
      this.followed.map(async ({ slave, index, follower }) => ({
        index,
        follower,
        through: await through(slave, this.context.clock, deadline, () => this.stopped),
      })),
    )
  }

  /** Those whose records are followed. */
  get followed(): readonly Followed[] {
    return this.members.filter((member): member is Followed => member.follower !== undefined)
  }

  async stop(): Promise<void> {
    this.observe()
    this.stopped = true
    for (const timer of this.timers) clearTimeout(timer)
    this.context.ledger?.held?.releaseAll()
    for (const { follower } of this.followed) this.context.ledger?.unfollow(follower)
    const limit = pLimit(64)
    await Promise.all([...this.members.map(({ slave }) => limit(() => slave.stop(300))), ...this.leaving])
    this.places.length = 0
  }

  /** Only those that are meant to hold the whole list, as many as there is memory for. */
  private mayFollow(kind: Omit<OtherSlaves, 'count'>): boolean {
    const { ledger } = this.context
    const whole = kind.servers === undefined && kind.readBytesPerSecond !== 0
    return ledger !== undefined && whole && ledger.followers.size < Math.ceil(this.options.mostFollowed / this.share.of)
  }

  private add(startNs: number, kind: Omit<OtherSlaves, 'count'>): void {
    const { counters } = this.context
    const index = this.made++
    // Those that are backends too are kicked by the thread of the backends.
    const member = isOwn(this.share, kind.backend === true ? 0 : index) ? this.make(index, startNs, kind) : undefined
    this.places.push(member)
    if (member !== undefined && kind.backend === true) this.backends.push(member)
    counters.slavesMost = Math.max(counters.slavesMost, this.places.length)
    member?.watcher.move('joined')
  }

  private make(index: number, startNs: number, kind: Omit<OtherSlaves, 'count'>): Member {
    const { address, credentials, clock, seed } = this.context
    const { retryDelayNs, mergeNsPerMailbox } = this.options
    const random = entityRandom(seed, 'slave', index)
    const { servers, readBytesPerSecond, reconnectsAtOnce } = kind
    const settings: SlaveSettings = {
      retryDelayNs,
      mergeNsPerMailbox,
      random,
      ...(servers === undefined ? {} : { servers }),
      ...(readBytesPerSecond === undefined ? {} : { readBytesPerSecond }),
      ...(reconnectsAtOnce === undefined ? {} : { reconnectsAtOnce }),
    }
    const follower = this.mayFollow(kind)
      ? new Follower(this.context.ledger!.catalogue, this.context.ledger!, index, kind.backend !== true)
      : undefined
    const watcher = new SlaveWatcher(this.context, index, follower, this.onHeard)
    const slave = new Slave({ address, credentials, clock }, settings, watcher, startNs)
    return { index, slave, watcher, follower, neverReads: kind.readBytesPerSecond === 0 }
  }

  private dismiss({ slave, watcher, follower }: Member): void {
    watcher.left()
    if (follower !== undefined) this.context.ledger?.unfollow(follower)
    const gone: Promise<void> = slave.stop(300).then(() => void this.leaving.delete(gone))
    this.leaving.add(gone)
  }

  private forAWhile(
    forNs: number,
    members: readonly Member[],
    begin: 'freeze' | 'cutNetwork',
    end: 'thaw' | 'restoreNetwork',
  ): void {
    for (const { slave } of members) slave[begin]()
    const timer = setTimeout(() => {
      this.timers.delete(timer)
      for (const { slave } of members) slave[end]()
    }, forNs / 1e6)
    this.timers.add(timer)
  }
}

interface Member {
  readonly index: number
  readonly follower: Follower | undefined
  readonly slave: Slave
  readonly watcher: SlaveWatcher
  readonly neverReads: boolean
}

/** A slave that was waited for. */
interface CaughtUp {
  readonly index: number
  readonly follower: Follower
  readonly through: boolean
}

interface Followed extends Member {
  readonly follower: Follower
}

function here(places: readonly (Member | undefined)[]): Member[] {
  return places.filter(member => member !== undefined)
}

function repeat<T>(item: T, count: number): T[] {
  return Array.from({ length: count }, () => item)
}

const LOOK_AGAIN_MS = 20

/** One slave's NOOP, once it streams; again when its connection is lost meanwhile. */
async function through(slave: Slave, clock: Clock, deadlineNs: number, isOver: () => boolean): Promise<boolean> {
  while (clock.nowNs() < deadlineNs && !isOver()) {
    const limitMs = (deadlineNs - clock.nowNs()) / 1e6
    const answered = await new Promise<boolean>(resolve => {
      const limit = setTimeout(() => resolve(false), limitMs)
      const end = (is: boolean) => () => {
        clearTimeout(limit)
        resolve(is)
      }
      slave.kick({ answered: end(true), failed: end(false) })
    })
    if (answered) return true
    await new Promise(resolve => setTimeout(resolve, LOOK_AGAIN_MS))
  }
  return false
}
