import { entityRandom } from '../core/random.js'
import { VirtualTimeline } from '../core/timeline.js'
import type { WatcherContext } from '../drivers/slave-watcher.js'
import { conditionsOf, MOST_SIGNS, type MasterCondition } from '../engine/conditions.js'
import type { Comparison } from '../engine/convergence.js'
import { briefConnectionsOf, isMasterAffair, type Plan, type PlanPhase, type TimelineEvent } from '../engine/plan.js'
import { PhaseState } from '../engine/run-state.js'
import { SpanTallies } from '../engine/span-tallies.js'
import { WatchSpan } from '../engine/watch.js'
import { arrivalTimes } from '../generators/arrivals.js'
import { mailboxes } from '../generators/mailboxes.js'
import { type Calibration, Costs } from '../masters/model/calibration.js'
import { type Broken, modelSettings } from '../masters/model/settings.js'
import { newCounters, type SlaveMove } from '../metrics/interval.js'
import type { PhaseResult } from '../metrics/run-result.js'
import { type MetricDelta, Recorder } from '../metrics/recorder.js'
import { SimulatedBackends } from './backends.js'
import { SimulatedComparison } from './comparison.js'
import { SimulatedMaster } from './master.js'
import { SimulatedPreload } from './preload.js'
import { SimulatedProbes } from './probes.js'
import { Propagation } from './propagation.js'
import { SimulatedSwarm } from './swarm.js'

export interface SimulationOptions {
  readonly plan: Plan
  readonly calibration: Calibration
  /** Lines of imapd.conf. */
  readonly settings: Readonly<Record<string, string>>
  /** For tests of those who must notice. */
  readonly broken?: Broken
  readonly onEvent: (event: { readonly atNs: number; readonly kind: string; readonly detail: string }) => void
  /** Called now and then with what the last span brought, and waited for: who runs in real time has his turn then. */
  readonly onPoint: (point: SimulationPoint) => void | Promise<void>
}

export interface SimulationPoint {
  readonly atNs: number
  readonly phase: PhaseState
  readonly tallies: SpanTallies
  readonly spanNs: number
  /** What was added to the tallies, for the log. */
  readonly deltas: readonly MetricDelta[]
  /** What slaves went through since the last point. */
  readonly moves: readonly SlaveMove[]
}

const LOOK_NS = 20e6
const GRACE_NS = 250e6
/** Points of a simulation's series: a day's would be 86,400. */
const MOST_POINTS = 600
const SAMPLED_MAILBOXES = 1_000
/** Ranks: who comes first where several act at the same ns. */
const RANK = { slaves: 1_000, probes: 100_000, backends: 200_000, preload: 10 }

/** A run in virtual time: the same plan, generators and slaves, against the model. */
export class Simulation {
  readonly timeline = new VirtualTimeline()
  readonly counters = newCounters()
  readonly total = new SpanTallies()
  readonly phases: PhaseState[] = []
  readonly watchSpan = new WatchSpan()
  readonly watch = { threads: new Map<number, never>(), diskFlushes: undefined, queueOverflows: undefined }
  readonly loopDelayUs = { p50: 0, p99: 0, max: 0 }
  readonly workers = 0
  readonly startSkewNs = undefined
  readonly phaseSkewNs = undefined
  readonly workerDeaths: readonly string[] = []
  readonly lostFigures: readonly string[] = []
  readonly comparisons: Comparison[] = []
  readonly noiseFloor = undefined
  readonly http = undefined
  interrupted = false
  begunNs: number | undefined
  endNs: number | undefined
  private readonly moves: SlaveMove[] = []
  private readonly deeds: { atNs: number; detail: string }[] = []
  private readonly log: { atNs: number; line: string }[] = []
  private readonly restarts: number[] = []
  private readonly recorder = new Recorder()
  private readonly master: SimulatedMaster
  private readonly propagation: Propagation
  private readonly context: WatcherContext
  private readonly unserved: number[] = []
  private swarm: SimulatedSwarm | undefined
  private phaseIndex = 0
  private readonly bytesPerMailbox: number
  private preload: SimulatedPreload | undefined
  private backends: SimulatedBackends | undefined
  private probing: SimulatedProbes | undefined
  /** Under way. */
  private comparison: SimulatedComparison | undefined
  private lastPointNs = 0
  private movesShown = 0

  constructor(private readonly options: SimulationOptions) {
    const { plan, calibration } = options
    // Where in a second it begins is chance, and decides when timers fire.
    this.timeline.runUntil(1e9 + Math.floor(entityRandom(plan.seed, 'start', 0)() * 1e9))
    const costs = new Costs(calibration, entityRandom(plan.seed, 'costs', 0))
    this.master = new SimulatedMaster(this.timeline, modelSettings(options.settings, options.broken), costs, {
      onDeath: line => this.died(line),
      onBack: () => this.preload?.start(),
      onTurnedAway: line => {
        if (this.log.length < MOST_SIGNS) this.log.push({ atNs: this.timeline.nowNs, line })
      },
    })
    this.bytesPerMailbox = averageBytes(plan)
    this.context = {
      clock: { nowNs: () => this.timeline.nowNs },
      recorder: this.recorder,
      counters: this.counters,
      phase: atNs => this.phaseAt(atNs),
      move: move => void this.moves.push(move),
      unserved: () => {
        if (this.unserved.length < MOST_SIGNS) this.unserved.push(this.timeline.nowNs)
      },
      event: (kind, detail) => this.event(kind, detail),
    }
    this.propagation = new Propagation()
  }

  get startNs(): number {
    return this.begunNs ?? this.timeline.nowNs
  }

  get slaveMoves(): readonly SlaveMove[] {
    return this.moves
  }

  get retryDelayNs(): number {
    return this.options.plan.slaves.retryDelayNs
  }

  get slaveCount(): number {
    return this.options.plan.slaves.count
  }

  get mailboxesListed(): number {
    return this.master.mailboxes
  }

  get masterRestarts(): number {
    return this.restarts.length
  }

  get probes() {
    const { plain, streaming, ratePerSecond } = this.options.plan.probes
    const used = this.options.plan.phases.some(({ run }) => run.includes('probes'))
    return { plain: used ? plain : 0, streaming: used ? streaming : 0, ratePerSecond }
  }

  get conditions(): MasterCondition[] {
    const { moves, unserved, log, restarts } = this
    const briefConnections = briefConnectionsOf(this.options.plan)
    const streamingProbes = this.probes.streaming
    return conditionsOf({
      moves,
      unserved,
      streamingProbes,
      briefConnections,
      log,
      restarts,
      losses: [],
      overflows: [],
    })
  }

  triggerBefore(atNs: number): string | undefined {
    return this.deeds.findLast(deed => deed.atNs <= atNs)?.detail
  }

  async execute(): Promise<void> {
    this.begunNs = this.timeline.nowNs
    this.lastPointNs = this.begunNs
    const { phases } = this.options.plan
    for (const [index, phase] of phases.entries()) {
      if (this.interrupted) break
      await this.runPhase(index, phase)
    }
    // What is on its way when a run ends is no lost one.
    this.stopProbes()
    this.backends?.stop()
    this.timeline.runUntil(this.timeline.nowNs + GRACE_NS)
    this.swarm?.stop()
    this.swarm = undefined
    await this.point()
    this.endNs = this.timeline.nowNs
  }

  /** It ends where it is now. */
  interrupt(): void {
    this.interrupted = true
  }

  /** Histograms are not garbage collected, and a sweep makes many. */
  destroy(): void {
    this.recorder.destroy()
    this.total.destroy()
    for (const { tallies } of this.phases) tallies.destroy()
  }

  private async runPhase(index: number, planned: PlanPhase): Promise<void> {
    const startNs = this.timeline.nowNs
    const phase = new PhaseState(planned, startNs)
    this.phases.push(phase)
    this.phaseIndex = index
    this.event('phase', planned.name)
    this.enter(index, planned, startNs)
    const stopEvents = this.planEvents(planned, startNs)
    const endNs = startNs + (planned.durationNs ?? planned.limitNs)
    const stepNs = Math.max(1e9, (planned.durationNs ?? planned.limitNs) / MOST_POINTS)
    let ended: PhaseResult['ended'] = planned.durationNs === undefined ? 'limit' : 'duration'
    while (this.timeline.nowNs < endNs && !this.interrupted) {
      const lookNs = planned.until === undefined ? stepNs : LOOK_NS
      this.timeline.runUntil(Math.min(endNs, this.timeline.nowNs + lookNs))
      if (this.timeline.nowNs - this.lastPointNs >= stepNs) await this.point()
      if (planned.until !== undefined && this.met(planned)) {
        ended = 'condition'
        break
      }
    }
    stopEvents()
    if (this.interrupted) ended = 'interrupted'
    phase.end(ended, this.timeline.nowNs)
    const limitS = planned.limitNs / 1e9
    this.noteUncompared(planned.name, ended === 'limit' ? `it was not done after ${limitS} s` : `the run was ${ended}`)
    await this.point()
    if (ended === 'limit') this.event('phase-limit', `${planned.name}: not ${planned.until} after ${limitS} s`)
  }

  private enter(index: number, { name, run, arrivals, until, durationNs, limitNs }: PlanPhase, startNs: number): void {
    const { plan } = this.options
    const runs = (what: PlanPhase['run'][number]) => run.includes(what)
    if (!runs('slaves')) {
      this.swarm?.stop()
      this.swarm = undefined
    }
    if (!runs('probes')) this.stopProbes()
    if (!runs('backends')) this.backends?.pause()
    if (!runs('preload')) this.preload?.stop()
    else if (this.preload === undefined) this.startPreload(index)
    if (runs('slaves') && this.swarm === undefined) {
      const { context, master, propagation, bytesPerMailbox } = this
      this.swarm = new SimulatedSwarm(context, master, propagation, plan, bytesPerMailbox, RANK.slaves)
      this.swarm.start(startNs)
    }
    if (runs('probes')) {
      this.probing ??= new SimulatedProbes(this.context, this.master, plan.probes, RANK.probes, this.bytesPerMailbox)
    }
    if (runs('kicks')) this.startKicks(index, startNs)
    if (runs('backends')) this.backendsOf().start(index, startNs, startNs + (durationNs ?? limitNs), arrivals)
    else if (plan.phases[index + 1]?.run.includes('backends') === true) this.backendsOf().prepare()
    if (until === 'converged') this.startComparison(name)
  }

  private startComparison(phase: string): void {
    const { master, swarm, backends, bytesPerMailbox } = this
    if (swarm === undefined || swarm.followed === 0) return
    const catchUpNs = this.options.plan.catchUpMs * 1e6
    const compared = { master, swarm, backends, catchUpNs, bytesPerMailbox }
    this.comparison = new SimulatedComparison(compared, RANK.probes - 1, outcome => {
      this.comparisons.push({ phase, ...outcome })
      this.comparison = undefined
    })
  }

  /** Slaves were to be compared, and were not. */
  private noteUncompared(phase: string, why: string): void {
    if (this.comparison === undefined) return
    this.comparison.abandon()
    this.comparison = undefined
    this.comparisons.push({ phase, failure: why })
  }

  private startPreload(index: number): void {
    const loaded = this.recorder.metric(index, 'commands', 'ACTIVATE')
    this.preload = new SimulatedPreload(this.master, this.options.plan.site.mailboxes, RANK.preload, count => {
      loaded.addUntimed(count)
      this.counters.preloaded += count
    })
    this.preload.start()
  }

  /** What is on its way when a phase ends is no lost one. */
  private stopProbes(): void {
    const { probing } = this
    if (probing === undefined) return
    this.probing = undefined
    probing.sendLast()
    this.timeline.at(this.timeline.nowNs + GRACE_NS, RANK.probes, () => probing.stop())
  }

  private startKicks(index: number, startNs: number): void {
    const { plan } = this.options
    const random = entityRandom(plan.seed, 'kicks', index)
    const times = arrivalTimes({ kind: 'poisson', ratePerSecond: plan.kicks.ratePerSecond }, random)
    const next = () => {
      const { value, done } = times.next()
      if (done) return
      this.timeline.at(startNs + value, RANK.slaves - 1, () => {
        if (this.phaseIndex !== index) return
        this.swarm?.kick(startNs + value, Math.floor(random() * 0x1_0000_0000))
        next()
      })
    }
    next()
  }

  private backendsOf(): SimulatedBackends {
    const { plan } = this.options
    this.backends ??= new SimulatedBackends(
      this.context,
      this.master,
      plan.backends,
      plan.mix,
      plan.site,
      plan.seed,
      RANK.backends,
      this.bytesPerMailbox,
      (change, nowNs) => this.propagation.succeeded(change, nowNs),
      (backend, nowNs) => this.swarm?.operated(backend, nowNs),
    )
    return this.backends
  }

  /** @returns how to call off those that have not come */
  private planEvents({ name, events }: PlanPhase, startNs: number): () => void {
    const alarms = events.map(({ atNs, affair }) =>
      this.timeline.at(startNs + atNs, 0, () => {
        this.event(
          'timeline',
          isMasterAffair(affair) ? `${name}: ${affair.kind}` : `${affair.kind}: ${affair.slaves ?? 'all'} slaves`,
        )
        this.affect(affair)
      }),
    )
    return () => {
      for (const alarm of alarms) alarm.cancel()
    }
  }

  private affect(affair: TimelineEvent['affair']): void {
    if (isMasterAffair(affair)) {
      this.restarts.push(this.timeline.nowNs)
      this.master.restart(affair.kind === 'emptyMaster')
    } else this.swarm?.affect(affair)
  }

  private met({ until }: PlanPhase): boolean {
    switch (until) {
      case 'preloaded':
        return this.preload?.done ?? true
      case 'streaming':
        return this.swarm === undefined || this.swarm.allStreaming
      case 'idle':
        return (this.backends?.idle ?? true) && (this.preload?.done ?? true)
      case 'converged':
        return this.comparison === undefined
      case 'counted':
        // Its mailboxes are numbers: there is nothing to be lost.
        return true
      default:
        return false
    }
  }

  private died(line: string): void {
    this.restarts.push(this.timeline.nowNs)
    this.log.push({ atNs: this.timeline.nowNs, line })
    this.event('master-died', line)
  }

  /** Hands up what the last span brought. A phase may end where a point was a moment ago: no span, nothing to hand up. */
  private async point(): Promise<void> {
    if (this.timeline.nowNs === this.lastPointNs) return
    const tallies = new SpanTallies()
    this.propagation.take((which, lagNs, count) =>
      this.recorder.metric(this.phaseIndex, 'harness', `propagation.${which}`).addMany(lagNs, count),
    )
    const deltas = this.recorder.takeDeltas()
    for (const delta of deltas) {
      SpanTallies.addTo([this.phases[delta.phase]?.tallies, this.total, tallies], delta)
    }
    this.swarm?.observe()
    const { nowNs } = this.timeline
    const moves = this.moves.slice(this.movesShown)
    this.movesShown = this.moves.length
    const spanNs = nowNs - this.lastPointNs
    this.lastPointNs = nowNs
    await this.options.onPoint({ atNs: nowNs, phase: this.phases.at(-1)!, tallies, spanNs, deltas, moves })
    tallies.destroy()
  }

  /** All phases are gone through, so that their indices are those of the plan. */
  private phaseAt(atNs = this.timeline.nowNs): number {
    let index = this.phases.length - 1
    while (index > 0 && this.phases[index].startNs > atNs) index--
    return index
  }

  private event(kind: string, detail: string): void {
    const atNs = this.timeline.nowNs
    if (kind === 'phase') this.deeds.push({ atNs, detail: `the start of phase ${detail}` })
    if (kind === 'timeline') this.deeds.push({ atNs, detail: `“${detail}”` })
    this.options.onEvent({ atNs, kind, detail })
  }
}

/** Of a mailbox in a list, as the first of the site are. */
function averageBytes({ site, seed }: Plan): number {
  let bytes = 0
  let count = 0
  for (const { name, location, acl } of mailboxes(
    { ...site, mailboxes: Math.min(site.mailboxes, SAMPLED_MAILBOXES) },
    seed,
  )) {
    bytes += name.length + location.length + acl.length + FRAME_BYTES
    count++
  }
  return count === 0 ? 100 : Math.round(bytes / count)
}

/** `U01 MAILBOX {n+}…` around name, location and ACL. */
const FRAME_BYTES = 36
