import { isRefusal, messageOf } from '../core/errors.js'
import { Fifo } from '../core/fifo.js'
import type { MailboxRecord } from '../core/mailbox.js'
import type { Operation } from '../core/operation.js'
import { isOwn, type Share } from '../core/share.js'
import type { OpenArrivalSpec } from '../generators/arrivals.js'
import type { Paced, Playing } from '../generators/lanes.js'
import type { ArrivalSpec } from '../generators/spec.js'
import { type Outcome, stepMetric } from '../metrics/recorder.js'
import { BackendConnections, type ConnectionMode, type Lent } from './backend-connections.js'
import type { DriverContext, DriverPhase } from './context.js'
import { MailboxOrder } from './mailbox-order.js'
import { type OperationEnd, OperationRun } from './operation-run.js'
import { PlayedList } from './played-list.js'
import { Schedule } from './schedule.js'

export interface BackendsOptions {
  readonly connection: ConnectionMode
  readonly backends: number
  readonly connectionsPerBackend: number
  /** Operations under way per backend; a real backend has so many processes. */
  readonly inFlight: number
  /** The part of the backends that this thread has: of what arrives it sends theirs. */
  readonly share: Share
}

/** An operation that has arrived. */
interface Job {
  readonly operation: Operation
  readonly mailboxes: readonly string[]
  readonly phase: number
  /** Undefined in a closed loop. */
  readonly intendedNs: number | undefined
  sentNs: number | undefined
  /** That it came from, and that its end starts the next one of. */
  readonly loop: ClosedLoop | undefined
  readonly list: PlayedList | undefined
}

interface ClosedLoop {
  readonly thinkTimeNs: number
}

/**
 * Beyond this the harness gives up an arrival rather than its memory; counted as dropped, as one is that it did not come
 * to before the phase was over, and the run is invalid.
 */
const MOST_QUEUED = 1_000_000

/** Operations of a step that one program of a backend sends: XFER's DEACTIVATEs, and what `ctl_mboxlist -m` pushes. */
const PROGRAMS: readonly Operation['kind'][] = ['moveOut', 'push']

/**
 * Backends at work: operations arrive by an open model whether or not earlier ones were answered, or by a closed loop;
 * each backend has so many under way, and the rest waits, counted from its intended start.
 */
export class Backends {
  private readonly order: MailboxOrder<Job>
  private readonly lanes: BackendLane[]
  private readonly connections: BackendConnections
  private schedule: Schedule | undefined
  private closedLoop: ClosedLoop | undefined
  private list: PlayedList | undefined
  private phase: DriverPhase = { index: 0, startNs: 0 }
  private live = new Set<Job>()
  private stopped = false

  constructor(
    readonly context: DriverContext,
    readonly options: BackendsOptions,
    private readonly operations: Iterator<Operation>,
    private readonly times: (spec: OpenArrivalSpec, phase: number) => Iterator<number>,
    /** An operation of that backend has succeeded. */
    private readonly onSuccess: (backend: number, atNs: number) => void = () => {},
    /** Mailboxes that are not there, though they should be. */
    doubtful = new Set<string>(),
  ) {
    this.order = new MailboxOrder<Job>((job, possible) => this.ready(job, possible), doubtful)
    this.connections = new BackendConnections(context, options)
    this.lanes = Array.from({ length: options.backends }, () => ({ underWay: 0, waiting: new Fifo<Job>() }))
  }

  /** Opens kept connections ahead of the first arrival. */
  async prepare(): Promise<void> {
    await this.connections.open()
  }

  start(phase: DriverPhase, arrivals: ArrivalSpec): void {
    this.pause()
    this.phase = phase
    // Arrivals do not wait for connections: a master that is away meets them all.
    void this.connections.open()
    if (arrivals.kind === 'closed') {
      this.closedLoop = { thinkTimeNs: arrivals.thinkTimeNs }
      for (let i = 0; i < arrivals.concurrency; i++) this.arrive(undefined)
      return
    }
    const times = this.times(arrivals, phase.index)
    this.schedule = new Schedule(this.context.clock, phase.startNs, times, intendedNs => this.arrive(intendedNs))
  }

  /** Plays a list, beside what arrives. @param times one for each operation, and more */
  play(phase: DriverPhase, operations: (playing: Playing) => Paced, times: Iterator<number>): void {
    this.phase = phase
    this.connections.endPrograms()
    void this.connections.open()
    const list = new PlayedList(this.context, phase, operations, times, (operation, intendedNs) => {
      // What a push says follows the answer before, and its own look at what it has: nothing was meant for an earlier moment.
      this.take(operation, operation.kind === 'push' ? undefined : intendedNs, undefined, list)
    })
    this.list = list
  }

  /** Whether all of the list that was played last has ended. */
  get hasPlayed(): boolean {
    return this.list?.hasEnded ?? true
  }

  /** No further arrivals; what has arrived, or is due, goes on. */
  pause(): void {
    this.look()
    this.endArrivals()
  }

  private endArrivals(): void {
    const missed = this.schedule?.stop() ?? 0
    this.schedule = undefined
    if (this.options.share.of === 1) this.context.counters.droppedArrivals += missed
    else
      for (let i = 0; i < missed; i++) {
        const operation = this.drawOwn()
        if (operation !== undefined) this.drop(operation)
      }
    this.list?.stop()
    this.closedLoop = undefined
  }

  /** The next of all operations. @returns undefined where another thread sends it, or there is none */
  private drawOwn(): Operation | undefined {
    const { value: operation, done } = this.operations.next()
    return done || !isOwn(this.options.share, operation.backend) ? undefined : operation
  }

  /** One that is never sent. */
  private drop(operation: Operation): void {
    this.context.counters.droppedArrivals++
    this.order.doubt(operation.mailboxes)
  }

  /** Sends what is due, for those who are awake anyway. */
  look(): void {
    this.schedule?.look()
    this.list?.look()
  }

  get idle(): boolean {
    return this.live.size === 0
  }

  /** Gives up what is under way or waiting: each is a sample with a lower bound. */
  async stop(): Promise<void> {
    this.endArrivals()
    this.stopped = true
    const nowNs = this.context.clock.nowNs()
    for (const job of [...this.live]) this.end(job, 'unfinished', nowNs)
    await this.connections.close()
  }

  private arrive(intendedNs: number | undefined): void {
    const operation = this.drawOwn()
    if (operation === undefined) return
    if (this.live.size >= MOST_QUEUED) this.drop(operation)
    else this.take(operation, intendedNs, this.closedLoop, undefined)
  }

  private take(
    operation: Operation,
    intendedNs: number | undefined,
    loop: ClosedLoop | undefined,
    list: PlayedList | undefined,
  ): void {
    const { counters, recorder, clock } = this.context
    const job: Job = {
      operation,
      mailboxes: operation.mailboxes,
      phase: this.phase.index,
      intendedNs,
      sentNs: undefined,
      loop,
      list,
    }
    if (intendedNs !== undefined) {
      recorder.metric(job.phase, 'harness', 'scheduleSlip').add('ok', intendedNs, undefined, clock.nowNs())
      recorder.metric(job.phase, 'harness', `offered.${operation.kind}`).addUntimed(1)
    }
    this.live.add(job)
    if (list === undefined) this.list?.touched(job.mailboxes)
    else list.taken(operation, this.order.names)
    counters.operationsQueued++
    this.order.add(job)
  }

  private ready(job: Job, possible: boolean): void {
    if (this.stopped || !this.live.has(job)) return
    // A push makes a mailbox what it should be, whatever it was: it sends nothing that kills a master.
    if (!possible && job.operation.kind !== 'push') {
      this.context.counters.skippedOperations++
      this.context.counters.operationsQueued--
      this.forget(job, 'unfinished')
      // A step without it is not whole.
      if (job.list !== undefined) this.recordStep(job, 'unfinished', this.context.clock.nowNs())
      this.order.finish(job, false)
      if (job.loop !== undefined && job.loop === this.closedLoop) this.follow(job.loop, 'failed')
      return
    }
    const lane = this.lanes[job.operation.backend]
    lane.waiting.push(job)
    this.advance(lane)
  }

  private advance(lane: BackendLane): void {
    while (lane.underWay < this.options.inFlight) {
      const job = lane.waiting.shift()
      if (job === undefined) return
      lane.underWay++
      this.context.counters.operationsQueued--
      this.context.counters.operationsInFlight++
      this.perform(job, lane)
    }
  }

  private perform(job: Job, lane: BackendLane): void {
    job.sentNs = this.context.clock.nowNs()
    const { kind, backend } = job.operation
    const isProgram = job.list !== undefined && PROGRAMS.includes(kind)
    const lent = isProgram
      ? this.connections.takeProgram(backend)
      : this.connections.take(backend, job.phase, job.intendedNs)
    if (lent instanceof Promise)
      lent.then(
        late => this.sendAll(job, lane, late),
        error => this.leave(job, lane, error),
      )
    else this.sendAll(job, lane, lent)
  }

  private sendAll(job: Job, lane: BackendLane, lent: Lent): void {
    const mayGoOn = () => !this.stopped
    const onEnd = (end: OperationEnd) => {
      this.leave(job, lane, end)
      lent.giveBack()
    }
    const { operation, phase, intendedNs, list } = job
    const onListed = list === undefined ? undefined : (record: MailboxRecord) => list.heard(operation, record)
    new OperationRun(this.context, lent.client, operation, phase, intendedNs, mayGoOn, onEnd, onListed).start()
  }

  /** Its place in the lane is free again. */
  private leave(job: Job, lane: BackendLane, end: unknown): void {
    const known = end === 'ok' || end === 'failed' || end === 'unfinished'
    this.end(job, known ? end : isRefusal(end) ? 'failed' : 'unfinished', this.context.clock.nowNs())
    if (!known && !this.stopped) this.context.event('operation-lost', `${job.operation.kind}: ${messageOf(end)}`)
    lane.underWay--
    this.context.counters.operationsInFlight--
    if (!this.stopped) this.advance(lane)
  }

  private end(job: Job, outcome: Outcome, nowNs: number): void {
    if (!this.forget(job, outcome)) return
    this.context.recorder
      .metric(job.phase, 'operations', job.operation.kind)
      .add(outcome, job.intendedNs, job.sentNs, nowNs)
    if (job.list !== undefined) this.recordStep(job, outcome, nowNs)
    if (outcome === 'ok') this.onSuccess(job.operation.backend, nowNs)
    const { kind } = job.operation
    this.order.finish(job, outcome === 'ok' && kind === 'push' ? 'surely' : outcome === 'ok' || kind === 'find')
    if (this.stopped) return
    this.look()
    const { loop } = job
    if (loop !== undefined && loop === this.closedLoop) this.follow(loop, outcome)
  }

  private recordStep({ phase, operation, intendedNs, sentNs }: Job, outcome: Outcome, nowNs: number): void {
    this.context.recorder.metric(phase, 'steps', stepMetric(operation.kind)).add(outcome, intendedNs, sentNs, nowNs)
  }

  /** @returns whether it was live */
  private forget(job: Job, outcome: Outcome): boolean {
    const wasLive = this.live.delete(job)
    if (wasLive) job.list?.ended(job.operation, outcome)
    return wasLive
  }

  /**
   * What ended in a closed loop is followed by the next. Of no time a timer makes 1 ms, longer than a quick master takes;
   * one that refuses, or is away, is not asked again sooner.
   */
  private follow(loop: ClosedLoop, outcome: Outcome): void {
    const next = () => loop === this.closedLoop && this.arrive(undefined)
    if (loop.thinkTimeNs === 0 && outcome === 'ok') setImmediate(next)
    else setTimeout(next, loop.thinkTimeNs / 1e6)
  }
}

interface BackendLane {
  underWay: number
  readonly waiting: Fifo<Job>
}
