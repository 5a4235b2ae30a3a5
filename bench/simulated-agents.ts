/** `simulated-agents.js URL COUNT`: agents that load nothing, and say each second what busy ones would, until SIGTERM. */
import { mkdtempSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import {
  type Assignment,
  BEAT_MS,
  type Chunk,
  controlOf,
  decode,
  encode,
  HELLO,
  type Hello,
  outputOf,
  type Reply,
  type Request,
} from '../src/agents/protocol.js'
import { Spool } from '../src/agents/spool.js'
import { type Clock, monotonicClock } from '../src/core/clock.js'
import { packageVersion } from '../src/core/package-root.js'
import type { WorkerOrder, WorkerReport } from '../src/engine/messages.js'
import { newCounters } from '../src/metrics/interval.js'
import { loadHistograms } from '../src/metrics/latency.js'
import { type MetricDelta, Recorder } from '../src/metrics/recorder.js'
import { bootId } from '../src/samplers/host.js'
import { METRICS, SAMPLES, simulatedMetric } from './simulated-metrics.js'

const INTERVAL_MS = 1_000

class SimulatedAgent {
  private readonly id: string
  private run: { readonly assignment: Assignment; readonly spool: Spool; readonly clock: Clock } | undefined
  private fromNs = 0
  private timers: NodeJS.Timeout[] = []

  constructor(
    private readonly nats: NatsConnection,
    private readonly number: number,
    private readonly metrics: readonly MetricDelta[],
    private readonly folder: string,
  ) {
    this.id = `simulated-${number}`
    nats.subscribe(HELLO, { callback: (_, message) => void message.respond(encode(this.hello)) })
    nats.subscribe(controlOf(this.id), {
      callback: (_, message) => void message.respond(encode(this.answer(decode<Request>(message.data)))),
    })
  }

  private get hello(): Hello {
    const isBusy = this.run !== undefined
    return { id: this.id, name: this.id, host: hostname(), version: packageVersion(), capacity: 1, isBusy }
  }

  private answer(request: Request): Reply {
    switch (request.kind) {
      case 'clock':
        return { kind: 'clock', ns: Number(process.hrtime.bigint()), bootId: bootId() }
      case 'assign':
        this.begin(request.assignment)
        break
      case 'order':
        this.obey(request.order)
        break
      case 'resend':
        throw new Error('something was lost on the way: this is no measurement')
      case 'dismiss':
        this.leave()
        break
    }
    return { kind: 'ok' }
  }

  private begin(assignment: Assignment): void {
    const spool = new Spool(join(this.folder, `${assignment.run}-${this.number}.spool`))
    const clock = monotonicClock(assignment.setup.originS)
    this.run = { assignment, spool, clock }
    this.fromNs = clock.nowNs()
    this.report({ kind: 'ready', tid: undefined })
    const beat = () => this.send({ at: spool.length, bytes: new Uint8Array() })
    this.timers = [setInterval(beat, BEAT_MS), setInterval(() => this.tell(), INTERVAL_MS)]
  }

  private obey(order: WorkerOrder): void {
    if (order.kind !== 'stop') return
    this.tell()
    this.report({ kind: 'stopped' })
    this.put({ kind: 'ended', stuck: [] })
  }

  private tell(): void {
    const toNs = this.run!.clock.nowNs()
    const interval = {
      worker: this.shard,
      fromNs: this.fromNs,
      toNs,
      metrics: this.metrics,
      moves: [],
      counters: newCounters(),
      eventLoopDelayUs: { p50: 1, p99: 1, max: 1 },
    }
    this.fromNs = toNs
    this.report({ kind: 'interval', interval })
  }

  private get shard(): string {
    return this.run!.assignment.shards[0]!.name
  }

  private report(report: WorkerReport): void {
    this.put({ kind: 'report', shard: this.shard, report })
  }

  private put(output: Parameters<Spool['add']>[0]): void {
    const { spool } = this.run!
    const at = spool.length
    this.send({ at, bytes: spool.add(output) })
  }

  private send(chunk: Chunk): void {
    this.nats.publish(outputOf(this.run!.assignment.run, this.id), encode(chunk))
  }

  private leave(): void {
    for (const timer of this.timers) clearInterval(timer)
    this.run?.spool.close()
    this.run = undefined
  }
}

/** Of one second, each with a histogram of times that are spread as real ones are. */
function aSecond(): MetricDelta[] {
  const recorder = new Recorder()
  for (let i = 0; i < METRICS; i++) {
    const metric = recorder.metric(0, 'commands', simulatedMetric(i))
    // Over three powers of ten, most of them at the lower end.
    for (let j = 0; j < SAMPLES; j++) metric.add('ok', 0, undefined, Math.round(2e5 * 10 ** (3 * (j / SAMPLES) ** 3)))
  }
  return recorder.takeDeltas()
}

const [url, count] = process.argv.slice(2)
await loadHistograms()
const nats = await connect({ servers: url! })
const folder = mkdtempSync(join(tmpdir(), 'mupdate-bench-'))
const metrics = aSecond()
for (let i = 0; i < Number(count); i++) new SimulatedAgent(nats, i, metrics, folder)
await nats.flush()
process.once('SIGTERM', () => {
  rmSync(folder, { recursive: true })
  process.exit(0)
})
process.stderr.write('waiting\n')
