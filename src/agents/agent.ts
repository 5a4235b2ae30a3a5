import { existsSync, readdirSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node'
import { type Credentials, isLoopback, type MasterAddress } from '../core/address.js'
import { monotonicClock } from '../core/clock.js'
import { messageOf } from '../core/errors.js'
import type { AgentName } from '../engine/crew.js'
import { Fleet } from '../engine/fleet.js'
import { bootId } from '../samplers/host.js'
import { Client } from '../session/client.js'
import { LedgerRelay } from './ledger-relay.js'
import { LoadWatch } from './load-watch.js'
import { Lookout } from './lookout.js'
import {
  type Assignment,
  BEAT_MS,
  beatOf,
  type Chunk,
  controlOf,
  decode,
  encode,
  HELLO,
  type Hello,
  LOST_MS,
  type Output,
  outputOf,
  type Reply,
  type Request,
} from './protocol.js'
import { chunkBytesOf } from './chunk-bytes.js'
import { framed, readPart, Spool } from './spool.js'

export interface AgentOptions {
  readonly id: string
  readonly name: string
  readonly version: string
  /** Threads of load that it may be given. */
  readonly capacity: number
  /** `host` or `host:port`, beside loopback. */
  readonly allowMasters: readonly string[]
  /** Of masters that are not the run's own. */
  readonly password: string | undefined
  readonly spoolFolder: string
  readonly tell: (line: string) => void
}

/** To find out whether the master can be reached from here. */
const REACH_MS = 5_000
/** At a time: on a slow way what is new would have to wait for all of it. */
const MOST_RESENT_BYTES = 4 * 1024 * 1024

/** Waits for runs, and carries out a part of one at a time. */
export class Agent {
  private job: Job | undefined
  private assigning = false
  private readonly subscriptions: Subscription[] = []

  constructor(
    private readonly nats: NatsConnection,
    private readonly options: AgentOptions,
  ) {}

  listen(): void {
    const { id } = this.options
    const answer = (subject: string, reply: (message: Msg) => Promise<Reply> | Hello) =>
      this.subscriptions.push(
        this.nats.subscribe(subject, {
          callback: (error, message) => {
            if (error !== null) return
            // Where NATS is gone meanwhile nobody hears it.
            void Promise.resolve(reply(message)).then(said => this.nats.isClosed() || message.respond(encode(said)))
          },
        }),
      )
    answer(HELLO, () => this.hello)
    answer(controlOf(id), async message => {
      try {
        return await this.answer(decode<Request>(message.data))
      } catch (error) {
        return { kind: 'refused', reason: messageOf(error) }
      }
    })
  }

  /** Ends what it does; its part stays on disk. @param why in words */
  async stop(why: string): Promise<void> {
    for (const subscription of this.subscriptions) subscription.unsubscribe()
    await this.job?.quit(why)
  }

  private get hello(): Hello {
    const { id, name, version, capacity } = this.options
    return { id, name, host: hostname(), version, capacity, isBusy: this.isBusy }
  }

  private get isBusy(): boolean {
    return this.assigning || this.job?.isOver === false
  }

  private async answer(request: Request): Promise<Reply> {
    switch (request.kind) {
      case 'clock':
        return { kind: 'clock', ns: Number(process.hrtime.bigint()), bootId: bootId() }
      case 'assign':
        return this.assign(request.assignment)
      case 'list':
        return { kind: 'files', files: this.kept.filter(name => name.startsWith(`${request.run}-`)) }
      case 'fetch':
        return { kind: 'kept', ...readPart(this.pathOf(request.file), request.from, chunkBytesOf(this.nats)) }
      case 'forget':
        rmSync(this.pathOf(request.file))
        return { kind: 'ok' }
      default:
        if (this.job?.run !== request.run) return { kind: 'refused', reason: 'it has no part in this run' }
        return this.job.answer(request)
    }
  }

  /** Names of files of runs that have lost their controllers; of one in which it has a part there are none yet. */
  get kept(): string[] {
    const { spoolFolder } = this.options
    if (!existsSync(spoolFolder)) return []
    const isOpen = (name: string) => this.isBusy && this.job !== undefined && name.startsWith(`${this.job.run}-`)
    return readdirSync(spoolFolder).filter(name => name.endsWith('.spool') && !isOpen(name))
  }

  private pathOf(file: string): string {
    if (!this.kept.includes(file)) throw new Error(`it has not kept ${file}`)
    return join(this.options.spoolFolder, file)
  }

  private async assign(assignment: Assignment): Promise<Reply> {
    const refused = (reason: string): Reply => ({ kind: 'refused', reason })
    const { version, allowMasters, password, spoolFolder, id, name, tell } = this.options
    const { address } = assignment.setup
    const where = `${address.host}:${address.port}`
    // It names a file.
    if (!/^[\w-]+$/.test(assignment.run)) return refused('it has no such run')
    if (assignment.version !== version) return refused(`it is ${version}, and the run ${assignment.version}`)
    if (this.isBusy) return refused('it has a part in another run')
    if (!mayLoad(address, allowMasters))
      return refused(`its operator does not allow ${where} (mupdate-bench agent --allow-master ${where})`)
    if (assignment.ownPassword && password === undefined)
      return refused(`it has no password for ${where} (MUPDATE_BENCH_PASSWORD, or --password-file, of the agent)`)
    this.assigning = true
    try {
      const { credentials } = assignment.setup
      const own = assignment.ownPassword ? { ...credentials, password: password! } : credentials
      const path = join(spoolFolder, `${assignment.run}-${id}.spool`)
      const job = new Job(this.nats, { id, name }, path, assignment, tell)
      this.job = job
      await job.begin(own)
      tell(`run ${assignment.run}: ${assignment.shards.map(({ name }) => name).join(', ')} against ${where}`)
      return { kind: 'ok' }
    } catch (error) {
      return refused(messageOf(error))
    } finally {
      this.assigning = false
    }
  }
}

function mayLoad({ host, port }: MasterAddress, allowed: readonly string[]): boolean {
  return isLoopback(host) || allowed.includes(host) || allowed.includes(`${host}:${port}`)
}

async function reach(address: MasterAddress, credentials: Credentials): Promise<void> {
  const clock = monotonicClock(process.hrtime()[0])
  const client = await Client.connect({ address, credentials, clock, timeoutMs: REACH_MS })
  await client.logout()
}

/** Its part of one run. */
class Job {
  isOver = false
  private readonly spool: Spool
  private readonly fleet: Fleet
  private readonly load: LoadWatch
  private relay: LedgerRelay | undefined
  private ending: Promise<void> | undefined
  private quitting: Promise<void> | undefined
  private left: Promise<void> | undefined
  private isBegun = false
  /** It has ended of its own accord. */
  private why: string | undefined
  private heardAtMs = performance.now()
  private readonly lookout = new Lookout()
  private readonly beat: Subscription
  private readonly timer: NodeJS.Timeout

  constructor(
    private readonly nats: NatsConnection,
    private readonly agent: AgentName,
    path: string,
    private readonly assignment: Assignment,
    private readonly tell: (line: string) => void,
  ) {
    this.spool = new Spool(path)
    const { originS, offsetNs } = assignment.setup
    this.load = new LoadWatch(monotonicClock(originS, offsetNs), samples => this.put({ kind: 'load', agent, samples }))
    this.fleet = new Fleet({
      onReport: (shard, report) => {
        if (report.kind === 'ready') this.load.nameThread(report.tid, shard)
        this.put({ kind: 'report', shard, report })
      },
      onDeath: (shard, { message }) => this.put({ kind: 'died', shard, message }),
    })
    this.beat = nats.subscribe(beatOf(this.run), {
      callback: () => {
        this.heardAtMs = performance.now()
      },
    })
    this.timer = setInterval(() => this.look(), BEAT_MS)
  }

  get run(): string {
    return this.assignment.run
  }

  async begin(credentials: Credentials): Promise<void> {
    const { shards, setup } = this.assignment
    try {
      await reach(setup.address, credentials)
      if (this.isOver) throw new Error('the run is over')
      const onGap = (shard: string) => this.put({ kind: 'gap', shard })
      this.relay = new LedgerRelay(this.nats, { run: this.run, shards, plan: setup.plan }, this.agent.id, onGap)
      // The files of notes are on the run's host, for those who send.
      await this.fleet.start(shards, { ...setup, credentials, notes: {} }, this.relay.ports)
      if (this.isOver) throw new Error('the run is over')
      this.load.begin()
      this.isBegun = true
    } catch (error) {
      await this.leave()
      // Nothing was measured.
      this.spool.remove()
      throw error
    }
  }

  async answer(request: Exclude<Request, { kind: 'clock' | 'assign' | 'list' | 'fetch' | 'forget' }>): Promise<Reply> {
    switch (request.kind) {
      case 'order':
        if (request.order.kind === 'stop') void this.end()
        else this.fleet.order(request.order, request.only)
        break
      case 'resend':
        this.resend(request.from)
        break
      case 'dismiss':
        await this.leave()
        this.spool.remove()
        break
    }
    return { kind: 'ok' }
  }

  /** Its part is on disk then, to its end. */
  end(): Promise<void> {
    this.ending ??= this.fleet.stop().then(stuck => {
      this.load.end()
      this.put({ kind: 'ended', stuck, ...(this.why && { why: this.why }) })
    })
    return this.ending
  }

  /** Ends before the run says so. */
  quit(why: string): Promise<void> {
    this.quitting ??= this.isOver ? this.leave() : this.endEarly(why)
    return this.quitting
  }

  private async endEarly(why: string): Promise<void> {
    this.isOver = true
    this.why = why
    this.tell(`run ${this.run}: ${why}${this.isBegun ? `; what was measured here is in ${this.spool.path}` : ''}`)
    await this.end()
    await this.leave()
  }

  private put(output: Output): void {
    // After its dismissal nobody asks for it.
    if (this.spool.isClosed) return
    const at = this.spool.length
    try {
      this.sendAll(at, this.spool.add(output))
    } catch (error) {
      const why = `it cannot write ${this.spool.path}: ${messageOf(error)}`
      this.sendAll(at, framed({ kind: 'ended', stuck: [], why }))
      this.spool.close()
      void this.quit(why)
    }
  }

  /** The rest when it is asked again. */
  private resend(from: number): void {
    if (this.spool.isClosed) return
    this.sendAll(from, this.spool.read(from, MOST_RESENT_BYTES))
  }

  private sendAll(at: number, bytes: Uint8Array): void {
    const most = chunkBytesOf(this.nats)
    for (let from = 0; from < bytes.length; from += most) this.send(at + from, bytes.subarray(from, from + most))
  }

  private send(at: number, bytes: Uint8Array): void {
    if (!this.nats.isClosed())
      this.nats.publish(outputOf(this.run, this.agent.id), encode({ at, bytes } satisfies Chunk))
  }

  private look(): void {
    this.send(this.spool.length, new Uint8Array())
    if (this.heardAtMs <= this.lookout.look()) void this.quit(`nothing was heard of the run for ${LOST_MS / 1e3} s`)
  }

  private leave(): Promise<void> {
    this.left ??= this.goAway()
    return this.left
  }

  private async goAway(): Promise<void> {
    this.isOver = true
    clearInterval(this.timer)
    this.beat.unsubscribe()
    this.load.end()
    await this.fleet.kill()
    this.relay?.close()
    this.spool.close()
  }
}
