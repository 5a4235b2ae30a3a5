import { setFlagsFromString } from 'node:v8'
import { MessageChannel, Worker } from 'node:worker_threads'
import { HarnessError } from '../core/errors.js'
import type { Crew, CrewListener } from './crew.js'
import type { PeerPort } from './ledger-peer.js'
import type { WorkerOrder, WorkerReport } from './messages.js'
import { type CrewSetup, followsSlaves, type Shard, type WorkerSetup } from './plan.js'

/** How long a worker may take to give up what is under way. */
export const STOP_MS = 8_000
/**
 * How the heaps of worker threads are kept: the pauses of V8's defaults made 1 % of 5,000 operations a second more than
 * 3 ms late. Small young generations (three semi-spaces) are collected in a fraction of a millisecond instead of 3 to
 * 6; and nothing is worth marking before the heap has this size, which V8 has to be told before it makes the heap.
 */
const YOUNG_GENERATION_MB = 4
const UNMARKED_HEAP_MB = 256

/** Time for a message to reach all threads. */
const LEAD_NS = 20e6

/** The worker threads of a run. */
export class Fleet implements Crew {
  readonly leadNs = LEAD_NS
  private readonly workers = new Map<string, Worker>()
  private stopping = false
  /** They have handed up all. */
  private readonly done = new Set<string>()

  constructor(private readonly listener: Pick<CrewListener, 'onReport' | 'onDeath'>) {}

  /**
   * Starts a thread for each shard and waits until all are ready.
   *
   * @param outward by shard: its way to those that are elsewhere
   */
  async start(
    shards: readonly Shard[],
    setup: CrewSetup,
    outward: ReadonlyMap<string, PeerPort> = new Map(),
  ): Promise<void> {
    setFlagsFromString(`--initial-heap-size=${UNMARKED_HEAP_MB}`)
    const inward = followsSlaves(setup.plan) ? portsOf(shards) : new Map<string, PeerPort[]>()
    const portsFor = ({ name }: Shard) => [
      ...(inward.get(name) ?? []),
      ...(outward.has(name) ? [outward.get(name)!] : []),
    ]
    await Promise.all(shards.map(shard => this.startOne(shard, { ...setup, shard, ports: portsFor(shard) })))
  }

  order(order: WorkerOrder, only?: string): void {
    for (const [name, worker] of this.workers) if (only === undefined || only === name) worker.postMessage(order)
  }

  /** Lets each hand up its last interval. @returns those that did not in time and were ended: their figures are lost */
  async stop(): Promise<string[]> {
    this.stopping = true
    const ended = [...this.workers.values()].map(worker => new Promise(resolve => worker.once('exit', resolve)))
    this.order({ kind: 'stop' })
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>(resolve => {
      timer = setTimeout(resolve, STOP_MS)
    })
    await Promise.race([Promise.all(ended), late])
    clearTimeout(timer)
    const stuck = [...this.workers.keys()].filter(name => !this.done.has(name))
    await this.kill()
    return stuck
  }

  async kill(): Promise<void> {
    this.stopping = true
    await Promise.all([...this.workers.values()].map(worker => worker.terminate()))
    this.workers.clear()
  }

  private startOne(shard: Shard, workerData: WorkerSetup): Promise<void> {
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      workerData,
      transferList: workerData.ports.map(({ port }) => port),
      name: shard.name,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    })
    this.workers.set(shard.name, worker)
    return new Promise((resolve, reject) => {
      worker.on('message', (report: WorkerReport) => {
        this.listener.onReport(shard.name, report)
        if (report.kind === 'stopped') this.done.add(shard.name)
        if (report.kind === 'ready') resolve()
      })
      worker.on('error', error => this.died(shard, error, reject))
      worker.on('exit', code => this.died(shard, new Error(`it ended with status ${code}`), reject))
    })
  }

  private died(shard: Shard, error: Error, reject: (error: Error) => void): void {
    this.workers.delete(shard.name)
    if (this.stopping) {
      // Who waits until it is ready would wait for ever.
      reject(new HarnessError('INTERRUPTED', 'its threads were ended before all were ready', ''))
      return
    }
    const message = `worker thread "${shard.name}" died: ${error.message}`
    reject(new HarnessError('INTERNAL', message, 'please report this', { cause: error }))
    this.listener.onDeath(shard.name, error)
  }
}

/** Between each two that have slaves, of which one sends operations. */
function portsOf(shards: readonly Shard[]): Map<string, PeerPort[]> {
  const peers = shards.filter(({ runs }) => runs.includes('slaves'))
  const ports = new Map(peers.map(({ name }): [string, PeerPort[]] => [name, []]))
  for (const [i, one] of peers.entries()) {
    for (const other of peers.slice(i + 1)) {
      if (one.backends === undefined && other.backends === undefined) continue
      const { port1, port2 } = new MessageChannel()
      ports.get(one.name)!.push({ port: port1, to: other.share.index })
      ports.get(other.name)!.push({ port: port2, to: one.share.index })
    }
  }
  return ports
}
