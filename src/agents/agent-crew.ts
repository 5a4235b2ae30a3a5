import type { NatsConnection, Subscription } from '@nats-io/transport-node'
import { isLoopback } from '../core/address.js'
import { HarnessError, messageOf } from '../core/errors.js'
import type { AgentFacts, Crew, CrewListener } from '../engine/crew.js'
import { Fleet, STOP_MS } from '../engine/fleet.js'
import type { WorkerOrder } from '../engine/messages.js'
import { LoadSpan } from '../engine/load-span.js'
import type { CrewSetup, Shard } from '../engine/plan.js'
import type { LoadSample } from '../samplers/load.js'
import { askClock } from './ask-clock.js'
import type { ClockOffset } from './clock-offset.js'
import {
  type Assignment,
  BEAT_MS,
  beatOf,
  type Chunk,
  controlOf,
  decode,
  encode,
  heard,
  type Hello,
  LOST_MS,
  type Output,
  outputOf,
  type Reply,
  type Request,
} from './protocol.js'
import { LedgerRelay } from './ledger-relay.js'
import { Lookout } from './lookout.js'
import { Spool, SpoolReader } from './spool.js'

/** Who is lost is to be known within 3 s, of which all but this is silence. */
const LOOK_MS = 250
/** Time for an order to reach all agents. */
const LEAD_NS = 200e6
/** As long as silence may last: an agent may have no CPU for a second. */
const ORDER_MS = LOST_MS
/** Who leaves waits for nobody longer. */
const DISMISS_MS = 1_000
/** To reach the master, and to start threads. */
const ASSIGN_MS = 30_000
/** Beyond what its threads may take to end. */
const LAST_OUTPUT_MS = 2_000

export interface AgentCrewOptions {
  readonly run: string
  readonly version: string
  readonly agents: readonly Hello[]
  /** For each agent its shards, as {@link dealt} deals them; the others stay with the run. */
  readonly parts: readonly (readonly Shard[])[]
  /** Whether agents have the master's password: it is not the run's own. */
  readonly ownPassword: boolean
  /** Of the kernel that runs here. */
  readonly bootId: string
  /** Where the run's own part is kept until it is over: what agents keep could not be put together without it. */
  readonly spoolPath: string
}

/**
 * Agents on other machines, each with its part of the slaves. The backends, with parts of the slaves too, and the probes
 * stay with the run: it keeps the journal, and knows what it has sent.
 */
export class AgentCrew implements Crew {
  readonly leadNs = LEAD_NS
  private readonly local: Fleet
  private readonly spool: Spool
  private relay: LedgerRelay | undefined
  private readonly posts: Post[] = []
  private readonly subscriptions: Subscription[] = []
  private readonly timer: NodeJS.Timeout
  private readonly lookout = new Lookout()
  private isStopping = false
  private isOver = false

  constructor(
    private readonly nats: NatsConnection,
    private readonly options: AgentCrewOptions,
    private readonly listener: CrewListener,
  ) {
    this.spool = new Spool(options.spoolPath)
    this.local = new Fleet({
      onReport: (shard, report) => {
        this.note({ kind: 'report', shard, report })
        listener.onReport(shard, report)
      },
      onDeath: (shard, error) => listener.onDeath(shard, error),
    })
    this.timer = setInterval(() => this.look(), LOOK_MS)
  }

  get agents(): AgentFacts[] {
    return this.posts.map(post => post.facts)
  }

  async start(shards: readonly Shard[], setup: CrewSetup): Promise<void> {
    const { agents, run, parts } = this.options
    this.spool.add({ kind: 'begun', plan: setup.plan, shards })
    const elsewhere = new Set(parts.flat())
    const own = shards.filter(shard => !elsewhere.has(shard))
    const senders = own.filter(({ backends }) => backends !== undefined)
    const onGap = (shard: string) => this.listener.onDeath(shard, gap('what an agent said'))
    this.relay = new LedgerRelay(this.nats, { run, shards: senders, plan: setup.plan }, 'run', onGap)
    await Promise.all([
      this.local.start(own, setup, this.relay.ports),
      ...agents.map(async (agent, i) => {
        if (parts[i]!.length > 0) await this.assign(agent, parts[i]!, setup)
      }),
    ])
  }

  order(order: WorkerOrder, only?: string): void {
    if (order.kind === 'phase') this.note(order)
    this.local.order(order, only)
    this.tell(order, only)
  }

  /** Its own part, for who collects a run that was lost; where its disk is full, the results say so. */
  private note(output: Output): void {
    if (this.spool.isClosed) return
    try {
      this.spool.add(output)
    } catch {
      this.spool.close()
    }
  }

  private tell(order: WorkerOrder, only?: string): void {
    const { run } = this.options
    for (const post of this.posts) {
      if (post.lost !== undefined || (only !== undefined && !post.shards.some(({ name }) => name === only))) continue
      const request: Request = { kind: 'order', run, order, ...(only !== undefined && { only }) }
      this.ask(post.agent, request, ORDER_MS).catch(error => this.lose(post, messageOf(error)))
    }
  }

  async stop(): Promise<string[]> {
    this.isStopping = true
    // Its own backends wait for what the agents have still to say.
    this.tell({ kind: 'stop' })
    const local = this.local.stop()
    const deadlineMs = performance.now() + STOP_MS + LAST_OUTPUT_MS
    const isOpen = ({ ended, lost }: Post) => ended === undefined && lost === undefined
    while (this.posts.some(isOpen) && performance.now() < deadlineMs) await new Promise(r => setTimeout(r, 10))
    // Of those that are lost it has been said.
    const present = this.posts.filter(({ lost }) => lost === undefined)
    const stuck = present.flatMap(({ ended, shards }) => ended ?? shards.map(({ name }) => name))
    stuck.push(...(await local))
    await this.kill()
    return stuck
  }

  async kill(): Promise<void> {
    this.isOver = true
    clearInterval(this.timer)
    await this.local.kill()
    this.relay?.close()
    this.spool.remove()
    const { run } = this.options
    const present = this.posts.filter(({ lost }) => lost === undefined)
    await Promise.allSettled(present.map(({ agent }) => this.ask(agent, { kind: 'dismiss', run }, DISMISS_MS)))
    for (const subscription of this.subscriptions) subscription.unsubscribe()
  }

  private async assign(agent: Hello, shards: readonly Shard[], setup: CrewSetup): Promise<void> {
    const { run, version, ownPassword } = this.options
    const clock = await this.clockOf(agent, setup.address.host)
    // Another agent has refused meanwhile.
    if (this.isOver) return
    const credentials = ownPassword ? { ...setup.credentials, password: '' } : setup.credentials
    const mine = { ...setup, credentials, offsetNs: clock.ns, offsetErrorNs: clock.errorNs }
    const assignment: Assignment = { run, version, shards, setup: mine, ownPassword }
    const post = new Post(agent, shards, clock, output => this.hear(post, output))
    this.posts.push(post)
    this.subscriptions.push(
      this.nats.subscribe(outputOf(run, agent.id), {
        callback: (error, { data }) => {
          const chunk = error === null ? heard<Chunk>(data, 'at', 'bytes') : undefined
          if (chunk?.bytes instanceof Uint8Array) this.take(post, chunk)
        },
      }),
    )
    await Promise.race([this.ask(agent, { kind: 'assign', assignment }, ASSIGN_MS), post.loss])
  }

  private clockOf(agent: Hello, master: string): Promise<ClockOffset> {
    const { bootId } = this.options
    return askClock(async () => {
      const reply = await this.ask(agent, { kind: 'clock' }, ORDER_MS)
      if (reply.kind !== 'clock') throw refusal(agent, 'it does not tell its time')
      if (reply.bootId !== bootId && isLoopback(master))
        throw new HarnessError(
          'AGENTS',
          `agent ${agent.name} on ${agent.host} cannot reach ${master}: the master listens on this host alone`,
          'take a master that both can reach (--master mupdate://…), or agents on this host',
        )
      return reply
    }, bootId)
  }

  private take(post: Post, { at, bytes }: Chunk): void {
    post.heardAtMs = performance.now()
    const isMissing = post.reader.take(at, bytes)
    if (post.reader.isBroken) this.lose(post, 'what it says cannot be read')
    if (!isMissing || performance.now() - post.askedAtMs < BEAT_MS) return
    // At most once: core NATS delivers no more often, and its disk has all.
    post.askedAtMs = performance.now()
    const request: Request = { kind: 'resend', run: this.options.run, from: post.reader.at }
    this.ask(post.agent, request, ORDER_MS).catch(error => this.lose(post, messageOf(error)))
  }

  private hear(post: Post, output: Output): void {
    switch (output.kind) {
      case 'report':
        // The number of a thread says something on its own host alone.
        this.listener.onReport(
          output.shard,
          output.report.kind === 'ready' ? { ...output.report, tid: undefined } : output.report,
        )
        break
      case 'load':
        post.see(output.samples)
        this.listener.onLoad(output.agent, output.samples)
        break
      case 'died':
        this.listener.onDeath(output.shard, new Error(`${output.message} (agent ${post.agent.name})`))
        break
      case 'gap':
        this.listener.onDeath(output.shard, gap(`what was said to agent ${post.agent.name}`))
        break
      case 'ended':
        if (output.why !== undefined || !this.isStopping) this.lose(post, output.why ?? 'it has ended its part')
        post.ended = output.stuck
        break
    }
  }

  private look(): void {
    if (!this.nats.isClosed()) this.nats.publish(beatOf(this.options.run))
    const lostMs = this.lookout.look()
    for (const post of this.posts) {
      if (post.heardAtMs < lostMs) this.lose(post, `nothing was heard of it for ${LOST_MS / 1e3} s`)
    }
  }

  private lose(post: Post, why: string): void {
    if (post.lost !== undefined || post.ended !== undefined) return
    post.lost = why
    const { name, host } = post.agent
    const error = new HarnessError('AGENTS', `agent ${name} on ${host} is lost: ${why}`, '')
    post.fail(error)
    for (const shard of post.shards) this.listener.onDeath(shard.name, error)
  }

  private async ask(
    { id, name, host }: Pick<Hello, 'id' | 'name' | 'host'>,
    request: Request,
    timeout: number,
  ): Promise<Reply> {
    const reply = await this.nats.request(controlOf(id), encode(request), { timeout }).then(
      ({ data }) => decode<Reply>(data),
      error => {
        const message = `agent ${name} on ${host} does not answer: ${messageOf(error)}`
        throw new HarnessError('AGENTS', message, 'look at what it says there', { cause: error })
      },
    )
    if (reply.kind === 'refused') throw refusal({ name, host }, reply.reason)
    return reply
  }
}

/** An agent, its part, and what has come of it. */
class Post {
  readonly reader: SpoolReader
  heardAtMs = performance.now()
  /** When it was last asked for what is missing. */
  askedAtMs = -Infinity
  /** Its shards whose last figures are lost, once all its threads have ended. */
  ended: readonly string[] | undefined
  lost: string | undefined
  /** Rejects once it is lost. */
  readonly loss: Promise<never>
  fail: (error: HarnessError) => void = () => {}
  private readonly load = new LoadSpan()
  /** The samples that came last. */
  private latest: LoadSpan | undefined

  constructor(
    readonly agent: Hello,
    readonly shards: readonly Shard[],
    readonly clock: ClockOffset,
    onOutput: (output: Output) => void,
  ) {
    this.reader = new SpoolReader(onOutput)
    this.loss = new Promise((_, reject) => {
      this.fail = reject
    })
    // Nobody waits for it but while it is given its part.
    this.loss.catch(() => {})
  }

  get facts(): AgentFacts {
    const { id, name, host } = this.agent
    const { cpuCores, stealShare } = this.load
    return {
      ...{ id, name, host, shards: this.shards.map(shard => shard.name), clock: this.clock, cpuCores, stealShare },
      ...{ coresNow: this.latest?.cpuCores, silentMs: performance.now() - this.heardAtMs, lost: this.lost },
    }
  }

  see(samples: readonly LoadSample[]): void {
    this.latest = new LoadSpan()
    for (const sample of samples) {
      this.load.add(sample)
      this.latest.add(sample)
    }
  }
}

/** Each shard to the agent that has the most room left: where slaves are few, each agent has some. */
export function dealt(shards: readonly Shard[], agents: readonly Pick<Hello, 'capacity'>[]): Shard[][] {
  const parts: Shard[][] = agents.map(() => [])
  const room = agents.map(({ capacity }) => capacity)
  for (const shard of shards) {
    const at = room.indexOf(Math.max(...room))
    room[at]!--
    parts[at]!.push(shard)
  }
  return parts
}

/** The run is not true any more, which is not its threads' fault. */
function gap(what: string): HarnessError {
  return new HarnessError('NEWS_LOST', `${what} was lost on the way (NATS)`, '')
}

function refusal({ name, host }: Pick<Hello, 'name' | 'host'>, reason: string): HarnessError {
  return new HarnessError('AGENTS', `agent ${name} on ${host} refuses: ${reason}`, '')
}
