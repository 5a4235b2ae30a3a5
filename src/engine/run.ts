import type { Clock } from '../core/clock.js'
import { waitForStart } from '../core/quiet-start.js'
import { isHarnessError, messageOf } from '../core/errors.js'
import { WIPE } from '../drivers/operation-run.js'
import { PRELOAD_REFUSED } from '../drivers/preload.js'
import { type HttpResult, HttpUsers } from '../drivers/http.js'
import type { Master } from '../masters/master.js'
import type { Counters, Interval, SlaveMove } from '../metrics/interval.js'
import type { PhaseResult } from '../metrics/run-result.js'
import type { LoadSample } from '../samplers/load.js'
import { MovesInOrder } from './moves-in-order.js'
import { conditionsOf, LOSS_NEAR_NS, MOST_SIGNS, type Loss, type MasterCondition } from './conditions.js'
import { type Comparison, type Convergence, together } from './convergence.js'
import type { AgentFacts, AgentName, Crew, CrewListener } from './crew.js'
import { STOP_MS } from './fleet.js'
import type { Held } from './held.js'
import type { MasterProbe, ProbeFacts, ProbeListener } from './master-probe.js'
import type { NoiseFloor, WorkerReport } from './messages.js'
import {
  briefConnectionsOf,
  type Condition,
  isMasterAffair,
  type Plan,
  type PlanPhase,
  type RunNotes,
  type Shard,
} from './plan.js'
import { PhaseState, sumCounters } from './run-state.js'
import { StopLoss } from './stop-loss.js'
import { SecondTallies, SpanTallies } from './span-tallies.js'
import { DetailedWatchSpan } from './detailed-watch-span.js'
import { Watch, WatchSpan } from './watch.js'

/** Something that happened at one moment of a run. */
export interface RunEvent {
  /** ns of the run's clock. */
  readonly atNs: number
  readonly kind: string
  readonly detail: string
}

/** What the last second brought. */
export interface Second {
  readonly atNs: number
  readonly phase: PhaseState
  readonly tallies: SpanTallies
  readonly spanNs: number
  readonly watch: DetailedWatchSpan
  /** Worst of any thread but that of the probes; undefined where none reported. */
  readonly loopDelayUs: LoopDelay | undefined
  readonly counters: Counters
  /** Undefined where there are none. */
  readonly agents: readonly AgentFacts[] | undefined
}

type LoopDelay = Interval['eventLoopDelayUs']

export interface RunObserver {
  onEvent(event: RunEvent): void
  /** Encoded histograms as they come in, for the log. */
  onInterval(interval: Interval, phases: readonly PhaseState[]): void
  onSecond(second: Second): void
  onPhase(phase: PhaseState, index: number): void
}

export interface RunOptions {
  readonly plan: Plan
  readonly master: Master
  readonly clock: Clock
  readonly originS: number
  readonly observer: RunObserver
  /** Whether the master may be asked for a LIST of its own. */
  readonly mayList: boolean
  readonly notes: RunNotes
  readonly shards: readonly Shard[]
  readonly crew: (listener: CrewListener) => Crew
  /** What a run does that has lost an agent; it stops, if absent. */
  readonly onAgentLoss?: 'stop' | 'continue'
  /** Watches the master's process where it is not on this host. */
  readonly probe?: MasterProbe | undefined
}

/** What a run was told: that a phase began, or something by a thread. */
export type Told =
  | { readonly kind: 'phase'; readonly index: number; readonly startNs: number }
  | { readonly kind: 'report'; readonly shard: string; readonly report: WorkerReport }
  | { readonly kind: 'load'; readonly agent: AgentName; readonly samples: readonly LoadSample[] }

/** Until the threads have seen what the master took along. */
const LOSS_SEEN_MS = 100

/** What a later phase builds on, which must not DELETE or DEACTIVATE what is not there: that kills real masters. */
const NEEDED: readonly (Condition | undefined)[] = ['preloaded', 'done']

type PhaseEnd = 'condition' | 'limit' | 'duration' | 'lost' | 'interrupted'

/** After Ctrl-C, what is under way has so long to end. */
const INTERRUPTED_DRAIN_NS = 3e9

function isWayBack({ step }: PlanPhase): boolean {
  return step?.spec.kind === 'undo'
}

/** A run: phases one after the other on all threads, what they hand up merged, the master and ourselves watched. */
export class Run {
  /** By index of the plan; those that an interruption left out are missing. */
  private readonly byIndex: PhaseState[] = []
  private current = -1
  readonly total = new SpanTallies()
  readonly watchSpan = new WatchSpan()
  readonly watch: Watch
  noiseFloor: NoiseFloor | undefined
  http: HttpResult | undefined
  private readonly restarts: number[] = []
  private readonly losses: Loss[] = []
  private readonly unserved: number[] = []
  /** When the profile last restarted the master: what is lost then was not the commands' doing. */
  private restartOrderedNs = -Infinity
  private readonly log: { atNs: number; line: string }[] = []
  private readonly moves: SlaveMove[] = []
  /** Phases and events of the profile, as they came. */
  private readonly deeds: { atNs: number; detail: string }[] = []
  mailboxesListed: number | undefined
  serversListed: ReadonlyMap<string, number> | undefined
  /** What they should be; undefined where that is not known. */
  held: Held | undefined
  /** Worst second of any thread, µs. */
  readonly loopDelayUs = { p50: 0, p99: 0, max: 0 }
  workerDeaths: string[] = []
  /** One of them was our own doing. */
  isBroken = false
  /** Of threads that were too busy to hand them up. */
  lostFigures: readonly string[] = []
  interrupted = false
  /** By Ctrl-C, not by its own stop-loss. */
  isCancelled = false
  /** Its own rules have ended it, and the way back may be gone. */
  private mayUndo = false
  /** Why it was ended by its own rules. */
  stopReason: string | undefined
  listShrank = false
  /** What the master did not take of the list that it was to have first. */
  refused: { readonly count: number; readonly first: string } | undefined
  private readonly stopLoss: StopLoss | undefined
  private readonly inOrder: MovesInOrder
  /** A phase on which later ones build, and which came to its limit. */
  private unfinished: string | undefined
  /** Why the master is gone for good, so that nothing more can be measured; undefined while it is not. */
  masterDeath: string | undefined
  /** Why it is of no use, though it answers. */
  masterFault: string | undefined
  /** Undefined until all threads are ready and the noise floor is known. */
  begunNs: number | undefined
  endNs: number | undefined
  private readonly latest = new Map<string, Interval>()
  private second = newSecond(0)
  private readonly crew: Crew
  private webUsers: HttpUsers | undefined
  private leaving: Promise<void> = Promise.resolve()
  /** Ends the wait for the current phase. */
  private endPhase: ((how: PhaseEnd) => void) | undefined
  private onNoise: (() => void) | undefined
  /** Of the phases in which slaves were to be compared, as far as they were reached. */
  readonly comparisons: Comparison[] = []
  /** Threads whose agents are lost, in a run that goes on without them, with why. */
  private readonly lostThreads = new Map<string, string>()
  /** By phase: how long after its start each thread of load began it, ns. */
  private readonly begun = new Map<number, number[]>()
  /** Of the current phase: threads whose condition holds, and what those that have slaves found. */
  private readonly met = new Set<string>()
  private readonly compared = new Map<string, { readonly convergence?: Convergence; readonly failure?: string }>()

  constructor(private readonly options: RunOptions) {
    const { stopLoss } = options.plan
    this.stopLoss = stopLoss === undefined ? undefined : new StopLoss(stopLoss, options.plan.slaves.count)
    this.inOrder = new MovesInOrder(this.slaveThreads.map(({ name }) => name))
    this.watch = new Watch(options.clock, () => options.master.pid())
    this.crew = options.crew({
      onReport: (shard, report) => this.onReport(shard, report),
      onLoad: (agent, samples) => this.addLoad(agent, samples),
      onDeath: (shard, error) => {
        const isAgent = isHarnessError(error, 'AGENTS')
        if (isAgent && options.onAgentLoss === 'continue') return this.goOnWithout(shard, error.message)
        const isKnown = isAgent || isHarnessError(error, 'NEWS_LOST')
        if (!isKnown) this.isBroken = true
        const death = isKnown ? error.message : `worker thread "${shard}" died: ${error.message}`
        if (!this.workerDeaths.includes(death)) this.workerDeaths.push(death)
        this.event(isAgent ? 'agent-lost' : isKnown ? 'news-lost' : 'worker-died', `${shard}: ${error.message}`)
        this.onNoise?.()
        this.endPhase?.('interrupted')
      },
    })
    options.master.onEvent(event => {
      if (event.kind === 'restarted') this.restarts.push(options.clock.nowNs())
      if (event.kind === 'syslog') this.noteLog(event.line)
      if (event.kind === 'died') this.lose(event.detail)
      this.event(
        `master-${event.kind}`,
        event.kind === 'syslog'
          ? event.line
          : event.kind === 'died'
            ? event.detail
            : `pid ${event.previousPid} → ${event.pid}`,
      )
    })
  }

  get phases(): PhaseState[] {
    return this.byIndex.filter(phase => phase !== undefined)
  }

  /** Start of the run; now, while it has not begun. */
  get startNs(): number {
    return this.begunNs ?? this.options.clock.nowNs()
  }

  get masterRestarts(): number {
    return this.restarts.length
  }

  /** What the profile did last before a moment, in words. */
  triggerBefore(atNs: number): string | undefined {
    return this.deeds.findLast(deed => deed.atNs <= atNs)?.detail
  }

  get agents(): readonly AgentFacts[] | undefined {
    return this.crew.agents
  }

  get masterProbe(): ProbeFacts | undefined {
    return this.options.probe?.facts
  }

  /** Between the first thread of load that began and the last; undefined where none has. */
  get startSkewNs(): number | undefined {
    const [start] = this.begun.values()
    return start && spread(start)
  }

  /** The same of the phases after the first, at worst: their threads have work under way. */
  get phaseSkewNs(): number | undefined {
    const [, ...later] = this.begun.values()
    return later.length === 0 ? undefined : Math.max(...later.map(spread))
  }

  get workers(): number {
    return this.slaveThreads.length
  }

  private get probeListener(): ProbeListener {
    const { watch } = this
    return {
      onSample: sample => watch.addMaster(sample),
      onMissed: ns => watch.miss(ns),
      onLost: detail => this.event('probe-lost', detail),
      onBack: detail => this.event('probe-back', detail),
      onRestart: (previousPid, pid) => {
        this.restarts.push(this.options.clock.nowNs())
        this.event('master-restarted', `pid ${previousPid} → ${pid}`)
      },
    }
  }

  private get slaveThreads(): readonly Shard[] {
    return this.options.shards.filter(({ runs }) => runs.includes('slaves'))
  }

  private get senders(): readonly Shard[] {
    return this.options.shards.filter(({ backends }) => backends !== undefined)
  }

  /** What it went on without, in words. */
  get lostShares(): string[] {
    const reasons = new Map<string, number>()
    for (const why of this.lostThreads.values()) reasons.set(why, (reasons.get(why) ?? 0) + 1)
    return [...reasons].map(
      ([why, count]) => `${why}; ${count} of ${this.workers} shares of the slaves were gone with it`,
    )
  }

  private goOnWithout(thread: string, why: string): void {
    if (this.lostThreads.has(thread)) return
    this.lostThreads.set(thread, why)
    this.event('agent-lost', `${thread}: ${why}`)
    const last = this.latest.get(thread)
    if (last !== undefined) this.latest.set(thread, { ...last, counters: { ...last.counters, slavesStreaming: 0 } })
    this.lookAt(this.inOrder.forget(thread))
    for (const { name } of this.senders) this.crew.order({ kind: 'shareLost' }, name)
    if (this.current < 0 || this.endPhase === undefined) return
    this.endIfMet()
    this.endIfCompared()
  }

  get retryDelayNs(): number {
    return this.options.plan.slaves.retryDelayNs
  }

  /** What slaves went through, by time. */
  get slaveMoves(): readonly SlaveMove[] {
    return this.moves.sort((a, b) => a.atNs - b.atNs)
  }

  get conditions(): MasterCondition[] {
    const { log, restarts, losses, unserved } = this
    const briefConnections = briefConnectionsOf(this.options.plan)
    const streamingProbes = this.probes.streaming
    return conditionsOf({
      moves: this.slaveMoves,
      unserved,
      streamingProbes,
      briefConnections,
      log,
      restarts,
      losses,
      overflows: this.watch.overflows,
    })
  }

  get probes() {
    const { plain, streaming, ratePerSecond } = this.options.plan.probes
    const used = this.options.plan.phases.some(({ run }) => run.includes('probes'))
    return { plain: used ? plain : 0, streaming: used ? streaming : 0, ratePerSecond }
  }

  get slaveCount(): number {
    return this.options.plan.slaves.count
  }

  get counters(): Counters {
    return sumCounters(this.latest.values())
  }

  /** The master must be up. Resolves when all has ended and been merged. */
  async execute(): Promise<void> {
    const { plan, master, clock, originS, shards, mayList, notes, probe } = this.options
    const { address, credentials } = master
    const senders = this.senders.length
    if (notes.expected !== undefined) this.stopLoss?.expect(notes.expected)
    try {
      await this.crew.start(shards, { plan, originS, address, credentials, mayList, notes, senders })
      if (shards.some(shard => shard.name === 'probes')) await this.measureNoise()
      await probe?.begin(this.probeListener)
    } catch (error) {
      // The others would wait for what never begins.
      await this.crew.kill()
      throw error
    }
    this.begunNs = clock.nowNs()
    this.second.startNs = this.begunNs
    this.watch.start(master.databaseDirectory?.())
    const seconds = setInterval(() => this.closeSecondInTime(), 1000)
    try {
      for (let index = 0; index < plan.phases.length; index++) {
        if (this.mayRun(index)) await this.runPhase(index)
      }
    } finally {
      await this.followHttp(false)
      await this.leaving
      const stuck = await this.crew.stop().finally(() => clearInterval(seconds))
      this.lookAt(this.inOrder.rest())
      this.lostFigures = stuck.map(
        shard =>
          `the harness was the limit: thread "${shard}" had not ended after ${STOP_MS / 1e3} s, its last figures are lost`,
      )
      await probe?.look()
      probe?.end()
      this.watch.stop()
      this.endNs = clock.nowNs()
      this.closeSecond()
    }
  }

  /**
   * In place of {@link execute}: what a run was told that did not come to its end.
   *
   * @param told in order of time
   * @param ended how each phase had ended, by index
   */
  retell(told: readonly Told[], begunNs: number, ended: readonly PhaseResult['ended'][], endNs: number): void {
    this.begunNs = begunNs
    this.interrupted = true
    this.isCancelled = true
    for (const entry of told) {
      if (entry.kind === 'report') this.onReport(entry.shard, entry.report)
      else if (entry.kind === 'load') this.addLoad(entry.agent, entry.samples)
      else {
        this.byIndex[this.current]?.end(ended[this.current] ?? 'interrupted', entry.startNs)
        this.current = entry.index
        this.byIndex[entry.index] = new PhaseState(this.options.plan.phases[entry.index], entry.startNs)
      }
    }
    this.handOn()
    this.byIndex[this.current]?.end('interrupted', endNs)
    this.endNs = endNs
  }

  /** Ctrl-C: what is under way may end, then all stops. */
  interrupt(): void {
    if (this.isCancelled) return
    this.isCancelled = true
    this.mayUndo = false
    this.interrupted = true
    this.endPhase?.('interrupted')
  }

  /** @param mayUndo the master still holds what its operations have left: undoing them does not kill it */
  private stopFor(reason: string | undefined, mayUndo: boolean): void {
    if (reason === undefined || this.isCancelled || this.endNs !== undefined) return
    const wasStopped = this.stopReason !== undefined
    // The way back is gone to its end, but not on a list that has shrunk.
    if (wasStopped && (mayUndo || !this.mayUndo)) return
    this.stopReason = wasStopped ? `${this.stopReason}; then ${reason}` : reason
    if (!mayUndo) this.listShrank = true
    this.event('stop-loss', reason)
    this.mayUndo = mayUndo
    this.interrupted = true
    const isBack = this.current >= 0 && isWayBack(this.options.plan.phases[this.current])
    if (!mayUndo || !isBack) this.endPhase?.('interrupted')
  }

  /** The lines that {@link conditionsOf} looks for: all are in the events, a busy master's by the million. */
  private noteLog(line: string): void {
    if (this.log.length < MOST_SIGNS && /FD_SETSIZE|Server too busy/.test(line))
      this.log.push({ atNs: this.options.clock.nowNs(), line })
  }

  private lose(detail: string): void {
    this.masterDeath = detail
    setTimeout(() => this.endPhase?.('lost'), LOSS_SEEN_MS)
  }

  /** Each time that it comes back it would be told as much again. */
  private giveUpOn(slave: number): void {
    if (this.masterFault !== undefined) return
    this.masterFault = `slave ${slave} was sent more than is taken from a master (WIRE_LIMIT); events.ndjson says of what`
    this.lose(this.masterFault)
  }

  async kill(): Promise<void> {
    await this.crew.kill()
  }

  private event(kind: string, detail: string, atNs = this.options.clock.nowNs()): void {
    if (kind === 'phase') this.deeds.push({ atNs, detail: `the start of phase ${detail}` })
    if (kind === 'timeline') this.deeds.push({ atNs, detail: `“${detail}”` })
    this.options.observer.onEvent({ atNs, kind, detail })
  }

  /** It has stopped, and all is as it was before: that is worth a comparison. */
  private get hasUndone(): boolean {
    return this.mayUndo && this.phases.some(({ plan, ended }) => isWayBack(plan) && ended === 'condition')
  }

  private mayRun(index: number): boolean {
    if (this.options.plan.over?.includes(index) === true) return false
    if (this.workerDeaths.length > 0 || this.masterDeath !== undefined) return false
    if (!this.interrupted && this.unfinished === undefined) return true
    const { phases } = this.options.plan
    if (phases[index].until === 'converged' && (!this.interrupted || this.hasUndone)) return true
    if (this.interrupted && this.mayUndo && isWayBack(phases[index])) return true
    // What is under way may end; nothing is begun that was not running.
    const running = this.current < 0 ? [] : phases[this.current].run
    return phases[index].until === 'idle' && phases[index].run.every(runnable => running.includes(runnable))
  }

  /** Web users come and go with the phases; a failure of theirs is an event, the run goes on. */
  private async followHttp(wanted: boolean): Promise<void> {
    const { http } = this.options.plan
    if (wanted && http !== undefined) this.webUsers ??= new HttpUsers(http)
    if (wanted || this.webUsers === undefined) return
    const { webUsers } = this
    this.webUsers = undefined
    this.leaving = webUsers.stop().then(
      result => {
        this.http = result
      },
      error => this.event('http-failed', messageOf(error)),
    )
  }

  private measureNoise(): Promise<void> {
    this.crew.order({ kind: 'measureNoise' }, 'probes')
    return new Promise(resolve => {
      this.onNoise = resolve
    })
  }

  private async runPhase(index: number): Promise<void> {
    const { plan, clock, observer } = this.options
    const planned = plan.phases[index]
    const phase = new PhaseState(planned, clock.nowNs() + this.crew.leadNs, this.watch.diskFlushes)
    this.byIndex[index] = phase
    this.current = index
    this.met.clear()
    this.compared.clear()
    this.watch.spans = [this.watchSpan, this.second.watch, phase.watch]
    this.watch.expectStart(phase.startNs)
    this.event('phase', planned.name)
    void this.followHttp(planned.run.includes('http'))
    const restarts = this.planMasterRestarts(planned)
    const isShort = this.interrupted && !isWayBack(planned) && planned.until !== 'converged'
    const limitNs = isShort ? Math.min(planned.limitNs, INTERRUPTED_DRAIN_NS) : planned.limitNs
    const waitNs = this.crew.leadNs + (planned.durationNs ?? limitNs)
    const how = await new Promise<PhaseEnd>(resolve => {
      this.endPhase = resolve
      this.crew.order({ kind: 'phase', index, startNs: phase.startNs })
      // It takes its time, which must not make the threads begin late.
      this.handOn()
      observer.onPhase(phase, index)
      const timer = setTimeout(() => resolve(planned.durationNs === undefined ? 'limit' : 'duration'), waitNs / 1e6)
      this.endPhase = reason => {
        clearTimeout(timer)
        resolve(reason)
      }
    })
    this.endPhase = undefined
    for (const timer of restarts) clearTimeout(timer)
    await this.options.probe?.look()
    this.watch.sample()
    phase.end(how, clock.nowNs(), this.watch.diskFlushes)
    if (planned.until === 'converged') this.noteUncompared(planned.name, how, limitNs)
    if (how === 'condition' && planned.until === 'preloaded')
      this.stopLoss?.expect(plan.site.mailboxes - (this.refused?.count ?? 0))
    if (how === 'limit' && NEEDED.includes(planned.until)) this.unfinished = planned.name
    if (how === 'limit') this.event('phase-limit', `${planned.name}: not ${planned.until} after ${limitNs / 1e9} s`)
  }

  /** Slaves were to be compared, and were not. */
  private noteUncompared(phase: string, how: PhaseEnd, limitNs: number): void {
    if (how === 'condition') return
    const failure = how === 'limit' ? `it was not done after ${limitNs / 1e9} s` : `the run was ${how}`
    this.comparisons.push({ phase, failure })
  }

  private planMasterRestarts({ name, events }: PlanPhase): NodeJS.Timeout[] {
    const { master } = this.options
    return events
      .filter(({ affair }) => isMasterAffair(affair))
      .map(({ atNs, affair }) =>
        setTimeout(
          () => {
            this.event('timeline', `${name}: ${affair.kind}`)
            if (master.restart === undefined) this.event('timeline', `${affair.kind}: not on a ${master.kind} master`)
            else {
              this.restartOrderedNs = this.options.clock.nowNs()
              master.restart(affair.kind === 'emptyMaster')
            }
          },
          (this.crew.leadNs + atNs) / 1e6,
        ),
      )
  }

  private onReport(shard: string, report: WorkerReport): void {
    switch (report.kind) {
      case 'ready':
        this.watch.load.nameThread(report.tid, shard)
        break
      case 'noise':
        this.noiseFloor = report.floor
        this.onNoise?.()
        break
      case 'interval':
        this.addInterval(report.interval)
        break
      case 'event':
        this.event(report.event, report.detail, report.atNs)
        if (report.event === PRELOAD_REFUSED)
          this.refused = { count: (this.refused?.count ?? 0) + 1, first: this.refused?.first ?? report.detail }
        if (report.event === WIPE) this.stopFor(this.stopLoss?.wipes(report.detail), false)
        if (report.suspects.length > 0 && Math.abs(report.atNs - this.restartOrderedNs) > LOSS_NEAR_NS)
          this.losses.push(report)
        break
      case 'refused':
        for (const { name } of this.senders) if (name !== shard) this.crew.order(report, name)
        break
      case 'unserved':
        if (this.unserved.length < MOST_SIGNS) this.unserved.push(report.atNs)
        break
      case 'noopWaits':
        this.stopFor(this.stopLoss?.waits(report.ns), true)
        break
      case 'began':
        // The probes' thread blocks until its first NOOP is due, and comes round to say so afterwards.
        if (shard !== 'probes') this.begun.set(report.phase, [...(this.begun.get(report.phase) ?? []), report.lateNs])
        break
      case 'met':
        if (report.phase === this.current) this.noteMet(shard, report.met)
        break
      case 'converged':
        this.noteComparison(shard, report)
        break
      case 'miscounted':
        if (report.phase === this.current)
          this.stopFor(`${this.options.plan.phases[report.phase].name}: ${report.reason}`, false)
        break
      case 'stopped':
        this.held ??= report.held
        break
    }
  }

  /** All of the load has to say so, at the same time; of what backends do, those that have some. */
  private noteMet(shard: string, met: boolean): void {
    if (met) this.met.add(shard)
    else this.met.delete(shard)
    this.endIfMet()
  }

  private endIfMet(): void {
    const { until } = this.options.plan.phases[this.current]
    const asked = this.options.shards.filter(
      ({ name, runs }) => runs.includes(until === 'streaming' ? 'slaves' : 'backends') && !this.lostThreads.has(name),
    )
    if (asked.every(({ name }) => this.met.has(name))) this.endPhase?.('condition')
  }

  private noteComparison(shard: string, { phase: index, convergence, failure }: WorkerReport & { kind: 'converged' }) {
    // One that ended after its phase's limit has been noted as a failure.
    if (index !== this.current || this.endPhase === undefined) return
    this.compared.set(shard, { ...(convergence && { convergence }), ...(failure !== undefined && { failure }) })
    this.endIfCompared()
  }

  private endIfCompared(): void {
    const asked = this.slaveThreads.filter(({ name }) => !this.lostThreads.has(name))
    if (this.compared.size === 0 || !asked.every(({ name }) => this.compared.has(name))) return
    const phase = this.options.plan.phases[this.current].name
    const outcomes = [...this.compared.values()]
    const failed = outcomes.find(outcome => outcome.failure !== undefined)
    const parts = outcomes.flatMap(outcome => outcome.convergence ?? [])
    // What some have found is found, whatever kept the others from looking.
    const isWorthTelling = failed === undefined || parts.some(part => part.differenceCount + part.away.length > 0)
    if (parts.length > 0 && isWorthTelling) this.comparisons.push({ phase, convergence: together(parts) })
    if (failed !== undefined) this.comparisons.push({ phase, failure: failed.failure! })
    this.endPhase?.('condition')
  }

  private addInterval(interval: Interval): void {
    const current = this.byIndex[this.current]
    this.latest.set(interval.worker, interval)
    // The probes' thread blocks on purpose while nothing is due.
    if (interval.worker !== 'probes') {
      current?.addLoopDelay(interval)
      Object.assign(this.loopDelayUs, worstDelay(this.loopDelayUs, interval.eventLoopDelayUs))
      this.second.loopDelayUs = worstDelay(this.second.loopDelayUs, interval.eventLoopDelayUs)
    }
    for (const delta of interval.metrics) this.second.tallies.add(delta)
    const { coveredNs } = this.second
    const lengthNs = interval.toNs - Math.max(interval.fromNs, this.startNs)
    coveredNs.set(interval.worker, (coveredNs.get(interval.worker) ?? 0) + Math.max(0, lengthNs))
    this.stopLoss?.deleted(commandsIn(interval, 'DELETE'), commandsIn(interval, 'RESERVE'))
    for (const move of interval.moves) {
      this.moves.push(move)
      if (move.kind === 'dropped' && move.code === 'WIRE_LIMIT') this.giveUpOn(move.slave)
    }
    this.lookAt(this.inOrder.add(interval))
    this.options.observer.onInterval(interval, this.byIndex)
  }

  /** It comes after what it is of: that phase may be over. */
  private addLoad(agent: AgentName, samples: readonly LoadSample[]): void {
    for (const sample of samples) this.phases.some(phase => phase.addElsewhere(agent, sample))
  }

  private lookAt(moves: readonly SlaveMove[]): void {
    for (const move of moves) this.stopFor(this.stopLoss?.moved(move), false)
  }

  private handOn(): void {
    this.second.tallies.handOn(index => this.byIndex[index]?.tallies, this.total)
  }

  /** What it writes takes its time, in which threads are not to begin a phase. */
  private closeSecondInTime(): void {
    const waitMs = waitForStart(this.byIndex[this.current]?.startNs ?? 0, this.options.clock.nowNs())
    if (waitMs === 0) this.closeSecond()
    else setTimeout(() => this.endNs === undefined && this.closeSecond(), waitMs)
  }

  private closeSecond(): void {
    const phase = this.byIndex[this.current]
    if (phase === undefined) return
    const nowNs = this.options.clock.nowNs()
    const { watch, startNs, loopDelayUs, coveredNs } = this.second
    const { counters } = this
    this.handOn()
    const tallies = this.second.tallies.whole
    if (this.stopLoss !== undefined) this.stopFor(this.stopLoss.waited(tallies.summary(1).commands), true)
    this.second = newSecond(nowNs)
    this.watch.spans = [this.watchSpan, this.second.watch, phase.watch]
    this.options.observer.onSecond({
      atNs: nowNs,
      phase,
      tallies,
      watch,
      loopDelayUs,
      counters,
      agents: this.agents,
      // Rates are over the time that the workers' figures are of, which is not quite that since the last line.
      spanNs: Math.max(0, ...coveredNs.values()) || nowNs - startNs,
    })
    tallies.destroy()
  }
}

function commandsIn({ metrics }: Interval, command: string): number {
  const deltas = metrics.filter(({ group, name }) => group === 'commands' && name === command)
  return deltas.reduce((sum, { count }) => sum + count, 0)
}

interface CurrentSecond {
  readonly tallies: SecondTallies
  readonly watch: DetailedWatchSpan
  startNs: number
  loopDelayUs: LoopDelay | undefined
  /** ns of each worker's time that has come in. */
  readonly coveredNs: Map<string, number>
}

function newSecond(startNs: number): CurrentSecond {
  return {
    tallies: new SecondTallies(),
    watch: new DetailedWatchSpan(),
    startNs,
    loopDelayUs: undefined,
    coveredNs: new Map(),
  }
}

function worstDelay(a: LoopDelay | undefined, b: LoopDelay): LoopDelay {
  if (a === undefined) return b
  return { p50: Math.max(a.p50, b.p50), p99: Math.max(a.p99, b.p99), max: Math.max(a.max, b.max) }
}

function spread(values: readonly number[]): number {
  return Math.max(...values) - Math.min(...values)
}
