import { messageOf } from '../core/errors.js'
import type { MailboxRecord } from '../core/mailbox.js'
import { Catalogue } from '../slaves/catalogue.js'
import { Ledger, type PropagationObserver, type Reached } from '../slaves/ledger.js'
import { type Convergence, converge } from './convergence.js'
import type { LedgerPeer, Site } from './ledger-peer.js'
import { type Held, heldOf, missingFrom } from './held.js'
import { type Drawer, type Draws, type Replayed, replay } from './draws.js'
import { entityRandom } from '../core/random.js'
import { type Share, WHOLE } from '../core/share.js'
import { Backends } from '../drivers/backends.js'
import { countMailboxes } from '../drivers/count.js'
import type { DriverContext, DriverPhase } from '../drivers/context.js'
import type { Metric } from '../metrics/recorder.js'
import { Kicks } from '../drivers/kicks.js'
import { Preload } from '../drivers/preload.js'
import { Probes } from '../drivers/probes.js'
import { Schedule } from '../drivers/schedule.js'
import { Slaves } from '../drivers/slaves.js'
import { arrivalTimes, constantTimes } from '../generators/arrivals.js'
import { mailboxes } from '../generators/mailboxes.js'
import type { Paced, Playing } from '../generators/lanes.js'
import { endless, OperationStream } from '../generators/operations.js'
import { operationsPerMailbox, stepOperations } from '../generators/steps.js'
import {
  followsSlaves,
  isMasterAffair,
  LAST_OPERATIONS_MS,
  operates,
  type Plan,
  type PlanPhase,
  type Runnable,
  type Shard,
} from './plan.js'

/** When a run ends: for what other threads have just sent. */
const LAST_NEWS_MS = 100

/** The drivers of one shard, started and stopped as the phases say. */
export class Workload {
  private preload: Preload | undefined
  private slaves: Slaves | undefined
  private kicks: Kicks | undefined
  private timeline: Schedule | undefined
  private probes: Probes | undefined
  private backends: Backends | undefined
  /** Names that the master would not take: a DELETE or DEACTIVATE of one kills real masters. */
  private readonly refused: Set<string>
  private readonly leaving = new Set<Promise<unknown>>()

  /** What all operations are made of, those of steps and those that arrive. */
  private stream: OperationStream | undefined
  /** The step in which the run before this one was broken off. */
  private readonly begun: Replayed['begun']
  private readonly context: DriverContext
  private readonly ledger: Ledger | undefined

  constructor(
    private readonly plan: Plan,
    private readonly shard: Shard,
    context: DriverContext,
    private readonly mayList: boolean,
    private readonly draws: Draws | undefined,
    doubtful: readonly string[] = [],
    private readonly peer?: LedgerPeer,
  ) {
    this.refused = new Set(doubtful)
    const { past = [] } = draws ?? {}
    if (past.length > 0) {
      const { stream, begun } = replay(plan, past)
      this.stream = stream
      this.begun = begun
    }
    this.ledger =
      shard.runs.includes('slaves') && followsSlaves(plan)
        ? new Ledger(catalogueFor(plan, shard.share), propagationObserver(context), peer?.sharing)
        : undefined
    if (this.ledger !== undefined) peer?.follow(this.ledger)
    this.context = this.ledger === undefined ? context : { ...context, ledger: this.ledger }
  }

  /** In a phase without arrivals: whether all slaves hold what they should. @returns undefined where none were followed */
  async converge(phase: number): Promise<Convergence | undefined> {
    const { ledger, plan, context } = this
    if (ledger === undefined) return undefined
    await this.lastOperations()
    const own = this.siteForOthers()
    const { isKnown, forgotten } = (await this.peer?.barrier(phase, own)) ?? own
    const gone = new Set(forgotten)
    const { slaves } = this
    if (slaves === undefined || slaves.followed.length === 0) return undefined
    // A push finds that a master has lost what was only reserved, and leaves it so: no operation says it.
    const kept = isKnown ? unless(this.siteBefore(), ({ name }) => gone.has(name)) : undefined
    const asks = this.shard.share.index === 0
    return converge({ ...context, ledger }, slaves, kept, { asks, mayList: this.mayList && asks }, plan.catchUpMs)
  }

  /** What this thread knows of what there was: that which has filled the master, or has gone on with its run. */
  private siteForOthers(): Site {
    const { draws, preload } = this
    if (this.shard.share.index !== 0) return { isKnown: false, forgotten: [] }
    const isKnown = (draws !== undefined && draws.past.length > 0) || preload?.complete === true
    return { isKnown, forgotten: [...this.operations.model.forgotten] }
  }

  /** In a phase without arrivals: whether a LIST has as many of each server as it should. @returns why not */
  async count(): Promise<string | undefined> {
    await this.lastOperations()
    const { address, credentials, clock } = this.context
    const { byServer } = await countMailboxes(address, credentials, clock)
    return missingFrom(byServer, heldOf(this.operations.model.catalogue(), this.refused.size))
  }

  /** What the master should hold; undefined where nobody asks, or it is not known what there was. */
  get held(): Held | undefined {
    const { plan, shard, mayList } = this
    if (!mayList || !shard.runs.includes('backends') || plan.phases.every(({ step }) => step === undefined))
      return undefined
    return this.preload?.complete === true ? heldOf(this.operations.model.catalogue(), this.refused.size) : undefined
  }

  private async lastOperations(): Promise<void> {
    for (let waitedMs = 0; waitedMs < LAST_OPERATIONS_MS && this.backends?.idle === false; waitedMs += 20) {
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }

  /** Mailboxes that the master did not take: another thread has heard it. */
  refuse(names: readonly string[]): void {
    for (const name of names) this.refused.add(name)
  }

  /** Those of the preload since it was last asked. */
  takeRefused(): string[] {
    return this.preload?.takeRefused() ?? []
  }

  enter(index: number, startNs: number): void {
    const phase = this.plan.phases[index]
    const runs = (runnable: Runnable) => this.shard.runs.includes(runnable) && phase.run.includes(runnable)
    this.timeline?.stop()
    this.kicks?.stop()
    if (!runs('preload')) this.leave(this.preload?.stop())
    if (!runs('slaves')) {
      this.leave(this.slaves?.stop())
      this.slaves = undefined
    }
    if (!runs('probes')) {
      this.leave(this.probes?.stop())
      this.probes = undefined
    }
    this.backends?.pause()
    this.draws?.enter(index)
    if (runs('preload')) this.startPreload(index, startNs)
    if (runs('slaves') && this.slaves === undefined) {
      this.slaves = new Slaves(this.context, this.plan.slaves, () => this.backends?.look(), this.shard.share)
      this.slaves.start({ index, startNs })
    }
    if (this.slaves !== undefined) this.startTimeline(phase, this.slaves, startNs)
    if (runs('kicks') && this.slaves !== undefined) {
      const random = entityRandom(this.plan.seed, 'kicks', index)
      this.kicks = new Kicks(this.context, this.slaves, { index, startNs }, this.plan.kicks.ratePerSecond, random)
    }
    if (runs('probes') && this.probes === undefined) {
      this.probes = new Probes(this.context, this.plan.probes)
      this.probes.start()
    }
    if (runs('backends')) this.backendsOf().start({ index, startNs }, phase.arrivals)
    if (!this.shard.runs.includes('backends')) return
    const next = this.plan.phases[index + 1]
    if (phase.step !== undefined) this.startStep(phase.step, { index, startNs })
    else if (!runs('backends') && next !== undefined && operates(next)) {
      // Kept connections are there when the first arrival is due.
      this.leave(this.backendsOf().prepare())
    }
  }

  /** Mailboxes before the first operation of this run. */
  private siteBefore(): Iterable<MailboxRecord> {
    const { plan, draws } = this
    if (draws !== undefined && draws.past.length > 0) return replay(plan, draws.past).stream.model.catalogue()
    return mailboxes(plan.site, plan.seed)
  }

  /** Whether the condition that ends the phase holds, as far as this shard knows. */
  met(phase: PlanPhase): boolean {
    switch (phase.until) {
      case 'preloaded':
        return this.preload === undefined || this.preload.done
      case 'streaming':
        return this.slaves === undefined || this.slaves.allStreaming
      case 'done':
        return this.backends?.hasPlayed ?? true
      case 'idle':
        return (
          (this.backends?.idle ?? true) && (this.preload === undefined || this.preload.done || this.preload.isStopped)
        )
      default:
        return false
    }
  }

  observe(): void {
    this.slaves?.observe()
  }

  /** Of slaves’ NOOPs that are not answered yet, how long the oldest has waited. */
  longestWaitNs(nowNs: number): number {
    return this.slaves?.longestWaitNs(nowNs) ?? 0
  }

  async stop(): Promise<void> {
    await this.ledger?.held?.known(this.context.clock.nowNs(), LAST_NEWS_MS)
    // Before slaves leave: what they wait for, they wait for in vain.
    if (this.peer !== undefined) this.ledger?.endPropagation()
    this.timeline?.stop()
    this.kicks?.stop()
    const stopping = [this.preload?.stop(), this.backends?.stop(), this.slaves?.stop(), this.probes?.stop()]
    await Promise.all([...stopping, ...this.leaving])
    await this.peer?.end()
  }

  private startTimeline(phase: PlanPhase, slaves: Slaves, startNs: number): void {
    const events = phase.events.filter(({ affair }) => !isMasterAffair(affair))
    let next = 0
    const times = events.map(({ atNs }) => atNs)
    this.timeline = new Schedule(this.context.clock, startNs, times[Symbol.iterator](), () => {
      const { affair } = events[next++]
      if (isMasterAffair(affair)) return
      const { kind, slaves: count } = affair
      if (this.shard.share.index === 0) this.context.event('timeline', `${kind}: ${count ?? 'all'} slaves`)
      slaves.affect(affair)
    })
  }

  private startPreload(index: number, startNs: number): void {
    const { site, seed } = this.plan
    this.preload = new Preload(this.context, this.plan.preload, mailboxes(site, seed), this.refused)
    this.preload.start({ index, startNs })
  }

  private startStep({ spec, mailboxesPerSecond }: NonNullable<PlanPhase['step']>, phase: DriverPhase): void {
    const ratePerSecond = mailboxesPerSecond * operationsPerMailbox(spec)
    const times = constantTimes(ratePerSecond)
    const operations = (playing: Playing): Paced => {
      const noted = this.draws?.answersOf(playing) ?? playing
      const isBegun = this.begun?.phase === phase.index
      return this.noted('step', isBegun ? this.begun!.goOn(noted) : stepOperations(this.operations, spec, noted))
    }
    this.backendsOf().play(phase, operations, times)
  }

  private backendsOf(): Backends {
    const { plan, context } = this
    this.backends ??= new Backends(
      context,
      { ...plan.backends, backends: plan.site.backends.length, share: this.shard.backends ?? WHOLE },
      this.noted('arrival', endless(this.operations)),
      (spec, phaseIndex) => {
        const times = arrivalTimes(spec, entityRandom(plan.seed, 'arrivals', phaseIndex))
        // Each thread hears a little later, or earlier, that the phase is over: all are to draw the same.
        return before(times, plan.phases[phaseIndex].durationNs)
      },
      (backend, atNs) => this.slaves?.operated(backend, atNs),
      this.refused,
    )
    return this.backends
  }

  private noted<Drawn>(
    drawer: Drawer,
    operations: Generator<Drawn, void, undefined>,
  ): Generator<Drawn, void, undefined> {
    return this.draws === undefined ? operations : this.draws.noted(drawer, operations)
  }

  private get operations(): OperationStream {
    const { site, mix, seed } = this.plan
    this.stream ??= new OperationStream(site, mix, seed)
    return this.stream
  }

  private leave(leaving: Promise<unknown> | undefined): void {
    if (leaving === undefined) return
    const settled: Promise<unknown> = leaving
      .catch(error => this.context.event('driver-failed', messageOf(error)))
      .then(() => this.leaving.delete(settled))
    this.leaving.add(settled)
  }
}

function catalogueFor({ site, slaves }: Plan, { of }: Share): Catalogue {
  const all = slaves.others.reduce((sum, { count }) => sum + count, slaves.count)
  return new Catalogue(site.mailboxes, Math.ceil(Math.min(all, slaves.mostFollowed) / of))
}

/** Called a million times a second: the metrics of a phase are looked up once. */
export function propagationObserver({ recorder, phase }: DriverContext): PropagationObserver {
  const byPhase: Record<Reached, Metric>[] = []
  const metricsOf = (index: number) => {
    const metric = (which: Reached) => recorder.metric(index, 'harness', `propagation.${which}`)
    return { first: metric('first'), median: metric('median'), last: metric('last'), all: metric('all') }
  }
  return {
    reached(which, okNs, atNs) {
      const index = phase(okNs)
      byPhase[index] ??= metricsOf(index)
      byPhase[index][which].add('ok', okNs, undefined, atNs)
    },
  }
}

function* before(times: Iterable<number>, endNs = Infinity): Generator<number, void, undefined> {
  for (const timeNs of times) {
    if (timeNs >= endNs) return
    yield timeNs
  }
}

function* unless<T>(items: Iterable<T>, isOut: (item: T) => boolean): Generator<T, void, undefined> {
  for (const item of items) if (!isOut(item)) yield item
}
