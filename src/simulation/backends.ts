import type { HarnessError } from '../core/errors.js'
import { isHarnessError, isRefusal } from '../core/errors.js'
import { Fifo } from '../core/fifo.js'
import { MIXED_KINDS, type MixedKind } from '../core/operation.js'
import { entityRandom, type Random } from '../core/random.js'
import type { Alarm } from '../core/timeline.js'
import type { BackendsOptions } from '../drivers/backends.js'
import type { WatcherContext } from '../drivers/slave-watcher.js'
import { arrivalTimes } from '../generators/arrivals.js'
import { weightedPick } from '../generators/distribution.js'
import type { ArrivalSpec, MixSpec, SiteSpec } from '../generators/spec.js'
import type { ModelCommand } from '../masters/model/port.js'
import type { Outcome } from '../metrics/recorder.js'
import { SimulatedClient } from './client.js'
import type { SimulatedMaster } from './master.js'

/** As a real run's kept connections come back. */
const RECONNECT_NS = 500e6

type Verb = 'RESERVE' | 'ACTIVATE' | 'DELETE' | 'FIND'

/** What a command does to the number of mailboxes. */
interface Step {
  readonly verb: Verb
  readonly command: ModelCommand
  readonly mailboxes: number
}

const STEP: Record<'reserve' | 'activate' | 'reactivate' | 'remove' | 'find', Step> = {
  reserve: { verb: 'RESERVE', command: { kind: 'set', what: 'reserve' }, mailboxes: 1 },
  activate: { verb: 'ACTIVATE', command: { kind: 'set', what: 'activate' }, mailboxes: 0 },
  reactivate: { verb: 'ACTIVATE', command: { kind: 'set', what: 'activate' }, mailboxes: 0 },
  remove: { verb: 'DELETE', command: { kind: 'set', what: 'remove' }, mailboxes: -1 },
  find: { verb: 'FIND', command: { kind: 'find' }, mailboxes: 0 },
}

interface Job {
  readonly kind: MixedKind
  readonly steps: readonly Step[]
  readonly backend: number
  readonly phase: number
  readonly intendedNs: number | undefined
  readonly loop: ClosedLoop | undefined
  sentNs: number | undefined
  /** Records as unfinished what is under way of it: a login, a command. */
  giveUp: (() => void) | undefined
}

interface ClosedLoop {
  readonly thinkTimeNs: number
}

/** As {@link Backends} of a real run, with operations that have kinds and no names. */
export class SimulatedBackends {
  private readonly lanes: Lane[]
  private readonly random: Random
  private readonly drawKind: () => MixedKind
  private readonly drawBackend: () => number
  private readonly live = new Set<Job>()
  private arrival: Alarm | undefined
  private closedLoop: ClosedLoop | undefined

  constructor(
    readonly context: WatcherContext,
    readonly master: SimulatedMaster,
    readonly options: Omit<BackendsOptions, 'backends' | 'share'>,
    private readonly mix: MixSpec,
    site: SiteSpec,
    private readonly seed: number,
    readonly firstRank: number,
    readonly bytesPerMailbox: number,
    private readonly onChange: (change: number, nowNs: number) => void,
    private readonly onSuccess: (backend: number, nowNs: number) => void,
  ) {
    this.random = entityRandom(seed, 'operations', 0)
    const kinds = weightedPick(MIXED_KINDS.map(kind => mix[kind]))
    const backends = weightedPick(site.backends.map(({ weight }) => weight))
    this.drawKind = () => MIXED_KINDS[kinds(this.random())]
    this.drawBackend = () => backends(this.random())
    this.lanes = site.backends.map((_, i) => new Lane(this, i))
  }

  get idle(): boolean {
    return this.live.size === 0
  }

  prepare(): void {
    if (this.options.connection === 'kept') for (const lane of this.lanes) lane.open()
  }

  /** @param endNs of the phase: what would arrive then does not any more */
  start(phase: number, startNs: number, endNs: number, arrivals: ArrivalSpec): void {
    this.pause()
    this.prepare()
    if (arrivals.kind === 'closed') {
      this.closedLoop = { thinkTimeNs: arrivals.thinkTimeNs }
      for (let i = 0; i < arrivals.concurrency; i++) this.arrive(phase, undefined)
      return
    }
    const times = arrivalTimes(arrivals, entityRandom(this.seed, 'arrivals', phase))
    const { timeline } = this.master
    const next = () => {
      const { value, done } = times.next()
      if (done || startNs + value >= endNs) return
      const intendedNs = startNs + value
      this.arrival = timeline.at(intendedNs, this.firstRank, () => {
        this.arrive(phase, intendedNs)
        next()
      })
    }
    next()
  }

  pause(): void {
    this.arrival?.cancel()
    this.arrival = undefined
    this.closedLoop = undefined
  }

  stop(): void {
    this.pause()
    for (const job of [...this.live]) this.end(job, 'unfinished')
    for (const lane of this.lanes) lane.stop()
  }

  succeeded(step: Step, change: number): void {
    if (step.command.kind !== 'set') return
    this.onChange(change, this.master.timeline.nowNs)
  }

  noteLost(error: HarnessError): void {
    if (isHarnessError(error, 'TIMEOUT')) this.context.unserved()
  }

  end(job: Job, outcome: Outcome): void {
    if (!this.live.delete(job)) return
    if (outcome !== 'ok') job.giveUp?.()
    const { nowNs } = this.master.timeline
    this.context.recorder.metric(job.phase, 'operations', job.kind).add(outcome, job.intendedNs, job.sentNs, nowNs)
    if (outcome === 'ok') this.onSuccess(job.backend, nowNs)
    const { loop } = job
    if (loop === undefined || loop !== this.closedLoop) return
    this.master.timeline.at(nowNs + loop.thinkTimeNs, this.firstRank, () => {
      if (loop === this.closedLoop) this.arrive(job.phase, undefined)
    })
  }

  private arrive(phase: number, intendedNs: number | undefined): void {
    const drawn = this.drawKind()
    // As the generator does where nothing is left to be changed.
    const kind = this.master.mailboxes > 0 ? drawn : 'create'
    const backend = this.drawBackend()
    const { closedLoop: loop } = this
    const job: Job = {
      kind,
      steps: this.stepsOf(kind),
      backend,
      phase,
      intendedNs,
      sentNs: undefined,
      giveUp: undefined,
      loop,
    }
    if (intendedNs !== undefined) this.context.recorder.metric(phase, 'harness', `offered.${kind}`).addUntimed(1)
    this.live.add(job)
    this.lanes[backend].add(job)
  }

  /** As {@link operations} makes them. */
  private stepsOf(kind: MixedKind): readonly Step[] {
    const { renameStyle, deleteStyle } = this.mix
    switch (kind) {
      case 'create':
        return [STEP.reserve, STEP.activate]
      case 'setacl':
        return [STEP.reactivate]
      case 'rename':
        return renameStyle === '3.x'
          ? [STEP.remove, STEP.reserve, STEP.activate]
          : [STEP.reserve, STEP.activate, STEP.remove]
      case 'delete':
        return deleteStyle === 'final' ? [STEP.remove] : [STEP.remove, STEP.reserve, STEP.activate]
      case 'find':
        return [STEP.find]
    }
  }
}

/** One backend: so many operations under way, the rest waits. */
class Lane {
  private underWay = 0
  private readonly waiting = new Fifo<Job>()
  private readonly kept: Kept[] = []
  private turn = 0
  private stopped = false
  private opened = 0

  constructor(
    private readonly backends: SimulatedBackends,
    private readonly index: number,
  ) {}

  open(): void {
    while (this.kept.length < this.backends.options.connectionsPerBackend)
      this.kept.push(new Kept(this.backends, this.rank))
  }

  add(job: Job): void {
    this.waiting.push(job)
    this.advance()
  }

  stop(): void {
    this.stopped = true
    for (const kept of this.kept) kept.stop()
  }

  /** Each connection is a client of its own where several act at the same ns. */
  get rank(): number {
    return this.backends.firstRank + 1 + this.index + (this.opened++ % RANKS_PER_LANE) * LANES
  }

  private advance(): void {
    while (!this.stopped && this.underWay < this.backends.options.inFlight) {
      const job = this.waiting.shift()
      if (job === undefined) return
      this.underWay++
      this.perform(job)
    }
  }

  private perform(job: Job): void {
    job.sentNs = this.backends.master.timeline.nowNs
    if (this.backends.options.connection === 'kept') {
      const kept = this.kept[this.turn++ % this.kept.length]
      kept.use(
        job,
        (client, end) => this.run(job, client, end),
        outcome => this.leave(job, outcome),
      )
      return
    }
    this.performAlone(job)
  }

  private performAlone(job: Job): void {
    const { backends } = this
    const { timeline } = backends.master
    const startNs = timeline.nowNs
    const login = (outcome: Outcome) => {
      job.giveUp = undefined
      backends.context.recorder
        .metric(job.phase, 'commands', 'LOGIN')
        .add(outcome, job.intendedNs, startNs, timeline.nowNs)
    }
    job.giveUp = () => login('unfinished')
    let loggedIn = false
    const client: SimulatedClient = new SimulatedClient(
      backends.master,
      this.rank,
      {
        onLoggedIn: () => {
          loggedIn = true
          login('ok')
          this.run(job, client, outcome => {
            this.leave(job, outcome)
            client.logout()
          })
        },
        onLost: error => {
          if (!loggedIn) login(outcomeOf(error))
          backends.noteLost(error)
          this.leave(job, outcomeOf(error))
        },
      },
      backends,
    )
  }

  private run(job: Job, client: SimulatedClient, then: (outcome: Outcome) => void): void {
    const { backends } = this
    const { timeline } = backends.master
    let intendedNs = job.intendedNs
    const step = (i: number) => {
      const current = job.steps[i]
      const sentNs = timeline.nowNs
      const record = (outcome: Outcome) => {
        job.giveUp = undefined
        backends.context.recorder
          .metric(job.phase, 'commands', current.verb)
          .add(outcome, intendedNs, sentNs, timeline.nowNs)
      }
      job.giveUp = () => record('unfinished')
      client.send(
        current.command,
        change => {
          record('ok')
          backends.succeeded(current, change)
          if (intendedNs !== undefined) intendedNs = timeline.nowNs
          if (i + 1 < job.steps.length) step(i + 1)
          else then('ok')
        },
        current.mailboxes,
      )
    }
    step(0)
  }

  private leave(job: Job, outcome: Outcome): void {
    this.backends.end(job, outcome)
    this.underWay--
    this.advance()
  }
}

const LANES = 10_000
const RANKS_PER_LANE = 1_000

function outcomeOf(error: HarnessError): Outcome {
  return isRefusal(error) ? 'failed' : 'unfinished'
}

/** A connection that comes back after it was lost; whoever needs it meanwhile waits. */
class Kept {
  private client: SimulatedClient | undefined
  private up = false
  private readonly waiting = new Fifo<(client: SimulatedClient) => void>()
  /** How to end what is under way when the connection is lost. */
  private readonly running = new Map<Job, (outcome: Outcome) => void>()
  private stopped = false

  constructor(
    private readonly backends: SimulatedBackends,
    private readonly rank: number,
  ) {
    this.connect()
  }

  use(
    job: Job,
    what: (client: SimulatedClient, end: (outcome: Outcome) => void) => void,
    onEnd: (outcome: Outcome) => void,
  ): void {
    const begin = (client: SimulatedClient) => {
      this.running.set(job, onEnd)
      what(client, outcome => {
        if (this.running.delete(job)) onEnd(outcome)
      })
    }
    if (this.up && this.client !== undefined) begin(this.client)
    else this.waiting.push(begin)
  }

  stop(): void {
    this.stopped = true
    this.client?.destroy()
  }

  private connect(): void {
    if (this.stopped) return
    const client: SimulatedClient = new SimulatedClient(
      this.backends.master,
      this.rank,
      {
        onLoggedIn: () => {
          this.up = true
          for (const what of this.waiting.takeAll()) what(client)
        },
        onLost: error => {
          this.backends.noteLost(error)
          this.up = false
          const lost = [...this.running.values()]
          this.running.clear()
          for (const end of lost) end('unfinished')
          const { timeline } = this.backends.master
          timeline.at(timeline.nowNs + RECONNECT_NS, this.rank, () => this.connect())
        },
      },
      this.backends,
    )
    this.client = client
  }
}
