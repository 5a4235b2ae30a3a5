import { entityRandom } from '../core/random.js'
import type { Timeline } from '../core/timeline.js'
import { SlaveWatcher, type WatcherContext } from '../drivers/slave-watcher.js'
import type { OtherSlaves, SlaveAffair } from '../drivers/slaves.js'
import type { Plan } from '../engine/plan.js'
import { Connects } from './connects.js'
import type { SimulatedMaster } from './master.js'
import type { Propagation } from './propagation.js'
import { SimulatedSlave } from './slave.js'

/** As often as a real run asks again. */
const LOOK_NS = 20e6

interface Member {
  readonly index: number
  readonly slave: SimulatedSlave
  readonly watcher: SlaveWatcher
  /** Is meant to hold the whole list. */
  readonly follows: boolean
  readonly neverReads: boolean
}

/** A swarm of frontends, as {@link Slaves} of a real run. */
export class SimulatedSwarm {
  private readonly members: Member[] = []
  private readonly backends: Member[] = []
  private readonly connects = new Connects()
  private made = 0

  constructor(
    private readonly context: WatcherContext,
    private readonly master: SimulatedMaster,
    private readonly propagation: Propagation,
    private readonly plan: Pick<Plan, 'seed' | 'site' | 'slaves'>,
    private readonly bytesPerMailbox: number,
    private readonly firstRank: number,
  ) {}

  start(startNs: number): void {
    const { count, others, staggerNs } = this.plan.slaves
    const kinds: Partial<OtherSlaves>[] = [
      ...Array.from({ length: count }, () => ({})),
      ...others.flatMap(other => Array.from({ length: other.count }, () => other)),
    ]
    for (const [i, kind] of kinds.entries()) this.add(Math.round(startNs + (staggerNs * i) / kinds.length), kind)
  }

  get allStreaming(): boolean {
    return this.members.every(({ slave, neverReads }) => neverReads || slave.streaming)
  }

  observe(): void {
    this.context.counters.slavesStreaming = this.members.reduce((sum, { slave }) => sum + (slave.streaming ? 1 : 0), 0)
  }

  affect(affair: SlaveAffair): void {
    const members = this.members.slice(0, affair.slaves)
    switch (affair.kind) {
      case 'restart':
        for (const { slave } of this.members.slice(affair.first).slice(0, affair.slaves)) slave.restart()
        break
      case 'join':
        for (let i = 0; i < (affair.slaves ?? 1); i++) this.add(this.timeline.nowNs, {})
        break
      case 'leave':
        for (const member of this.members.splice(-(affair.slaves ?? this.members.length))) this.dismiss(member)
        break
      case 'freeze':
        for (const { slave } of members) slave.freeze()
        this.later(affair.forNs, () => {
          for (const { slave } of members) slave.thaw()
        })
        break
      case 'loseNetwork':
        for (const { slave } of members) slave.cutNetwork()
        this.later(affair.forNs, () => {
          for (const { slave } of members) slave.restoreNetwork()
        })
        break
    }
  }

  kick(intendedNs: number, chosen: number): void {
    const member = this.members[chosen % this.members.length]
    if (member !== undefined) this.kickOne(member, intendedNs)
  }

  /** Unified murder: a backend kicks the slave on its own host when an operation was done. */
  operated(backend: number, atNs: number): void {
    const { backends } = this
    if (backends.length > 0) this.kickOne(backends[backend % backends.length], atNs)
  }

  /** Slaves that hear of every change. */
  get followed(): number {
    return this.members.filter(({ follows }) => follows).length
  }

  /** Waits for the NOOP of every slave that follows, at most so long. @param then with those that had none */
  catchUp(limitNs: number, then: (away: readonly number[]) => void): void {
    const deadlineNs = this.timeline.nowNs + limitNs
    const followed = this.members.filter(({ follows }) => follows)
    const away: number[] = []
    let left = followed.length
    if (left === 0) then(away)
    for (const { slave, index } of followed)
      this.through(slave, deadlineNs, answered => {
        if (!answered) away.push(index)
        if (--left === 0) then(away.toSorted((a, b) => a - b))
      })
  }

  stop(): void {
    this.observe()
    for (const { slave, follows } of this.members.splice(0)) {
      slave.stop()
      if (follows) this.propagation.followers--
    }
  }

  private get timeline(): Timeline {
    return this.master.timeline
  }

  private add(startNs: number, kind: Partial<OtherSlaves>): void {
    const { plan, context } = this
    const { counters } = context
    const index = this.made++
    const watcher = new SlaveWatcher(context, index, undefined, () => {})
    const { servers, readBytesPerSecond, reconnectsAtOnce, backend } = kind
    const share = servers === undefined ? undefined : shareOf(plan.site, servers)
    const follows = share === undefined && readBytesPerSecond !== 0
    const slave = new SimulatedSlave(
      this.master,
      this.firstRank + index,
      {
        retryDelayNs: plan.slaves.retryDelayNs,
        mergeNsPerMailbox: plan.slaves.mergeNsPerMailbox,
        random: entityRandom(plan.seed, 'slave', index),
        ...(reconnectsAtOnce === undefined ? {} : { reconnectsAtOnce }),
      },
      {
        bytesPerMailbox: this.bytesPerMailbox,
        ...(share === undefined ? {} : { share }),
        ...(readBytesPerSecond === undefined ? {} : { readBytesPerSecond }),
      },
      watcher,
      this.propagation,
      follows,
      this.connects,
      startNs,
    )
    const member: Member = { index, slave, watcher, follows, neverReads: readBytesPerSecond === 0 }
    this.members.push(member)
    if (backend === true) this.backends.push(member)
    if (follows) this.propagation.followers++
    counters.slavesMost = Math.max(counters.slavesMost, this.members.length)
    watcher.move('joined')
  }

  private dismiss({ slave, watcher, follows }: Member): void {
    watcher.left()
    slave.stop()
    if (follows) this.propagation.followers--
  }

  private kickOne({ slave }: Member, intendedNs: number): void {
    const { counters, recorder, phase } = this.context
    const end = (outcome: 'ok' | 'failed') => (atNs: number) => {
      counters.slaveKicks++
      recorder.metric(phase(intendedNs), 'commands', 'KICK').add(outcome, intendedNs, undefined, atNs)
    }
    slave.kick({ answered: end('ok'), failed: end('failed') })
  }

  private through(slave: SimulatedSlave, deadlineNs: number, then: (answered: boolean) => void): void {
    let open = true
    const end = (answered: boolean) => {
      if (open) then(answered)
      open = false
    }
    const limit = this.timeline.at(deadlineNs, slave.rank, () => end(false))
    const kick = () =>
      slave.kick({
        answered: () => {
          limit.cancel()
          end(true)
        },
        failed: nowNs => {
          if (open) this.timeline.at(nowNs + LOOK_NS, slave.rank, kick)
        },
      })
    kick()
  }

  private later(afterNs: number, what: () => void): void {
    this.timeline.at(this.timeline.nowNs + afterNs, 0, what)
  }
}

function shareOf({ backends }: Plan['site'], servers: readonly string[]): number {
  const sum = (all: typeof backends) => all.reduce((weights, { weight }) => weights + weight, 0)
  return sum(backends.filter(({ server }) => servers.includes(server))) / sum(backends)
}
