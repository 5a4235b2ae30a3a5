import { parentPort, workerData } from 'node:worker_threads'
import { monotonicClock } from '../core/clock.js'
import { messageOf } from '../core/errors.js'
import { giveWay } from '../core/give-way.js'
import { waitForStart } from '../core/quiet-start.js'
import type { DriverContext } from '../drivers/context.js'
import { newCounters, type SlaveMove } from '../metrics/interval.js'
import { loadHistograms } from '../metrics/latency.js'
import { type MetricDelta, Recorder } from '../metrics/recorder.js'
import { TraceFile } from '../recording/trace-file.js'
import { EventLoopDelayMeter } from '../samplers/event-loop.js'
import { currentThreadId } from '../samplers/own-load.js'
import { traffic } from '../session/transport.js'
import { Draws } from './draws.js'
import { Journal } from './journal.js'
import { LedgerPeer } from './ledger-peer.js'
import { listedSite } from './listed-site.js'
import type { WorkerOrder, WorkerReport } from './messages.js'
import { measureNoiseFloor } from './noise-floor.js'
import type { WorkerSetup } from './plan.js'
import { traceThread } from './trace-thread.js'
import { propagationObserver, Workload } from './workload.js'

/** One thread of a run: carries out its shard and hands up an interval each second. */
const setup = workerData as WorkerSetup
const port = parentPort!
const clock = monotonicClock(setup.originS, setup.offsetNs)
const recorder = new Recorder()
const counters = newCounters()
const loopDelay = new EventLoopDelayMeter()
let moves: SlaveMove[] = []
const { journalPath, drawsPath, doubtful, trace } = setup.notes
/** Its folder is the run's own: on another host it is not. Nobody else makes mailboxes. */
const operates = setup.shard.backends !== undefined
const journal = operates && journalPath !== undefined ? new Journal(journalPath) : undefined
let endTrace: (() => Promise<void>) | undefined

const INTERVAL_MS = 1000
const CONDITION_MS = 20
/** A NOOP that waits too long is told of before it is answered, or given up. */
const WAITS_MS = 100
let phaseIndex = 0
const phaseStarts: { readonly index: number; readonly startNs: number }[] = []
let intervalStartNs = clock.nowNs()
let watch: NodeJS.Timeout | undefined
let sending: Promise<void> = Promise.resolve()

/** Called a million times a second: no closure. */
function phaseAt(atNs: number): number {
  for (let i = phaseStarts.length - 1; i >= 0; i--) if (phaseStarts[i].startNs <= atNs) return phaseStarts[i].index
  return phaseIndex
}

function report(message: WorkerReport): void {
  port.postMessage(message)
}

const context: DriverContext = {
  clock,
  recorder,
  counters,
  address: setup.address,
  credentials: setup.credentials,
  seed: setup.plan.seed,
  phase: atNs => (atNs === undefined ? phaseIndex : phaseAt(atNs)),
  move: move => void moves.push(move),
  unserved: () => report({ kind: 'unserved', atNs: clock.nowNs() }),
  event: (event, detail, suspects = []) => report({ kind: 'event', atNs: clock.nowNs(), event, detail, suspects }),
  journal: names => journal?.write(names),
}

/** Probes send NOOPs, whatever the mailboxes; slaves need the names where they are compared, as who sends operations does. */
const needsSite = operates || setup.ports.length > 0
const site = needsSite ? await listedSite(setup.plan.site) : setup.plan.site
const draws = operates && drawsPath !== undefined ? new Draws(drawsPath) : undefined
const peer = peerOf(setup)
const workload = new Workload({ ...setup.plan, site }, setup.shard, context, setup.mayList, draws, doubtful, peer)

function peerOf({ ports, shard, senders, offsetErrorNs = 0 }: WorkerSetup): LedgerPeer | undefined {
  if (ports.length === 0) return undefined
  const place = { thread: shard.share.index, of: shard.share.of, senders, errorNs: offsetErrorNs }
  return new LedgerPeer(ports, place, clock, propagationObserver(context))
}

/** Before it is said that the list is there: nobody is to name them. */
function reportRefused(): void {
  const names = workload.takeRefused()
  if (names.length > 0) report({ kind: 'refused', names })
}

/** What has to be encoded is: a phase that begins meanwhile would begin late. */
async function started(): Promise<void> {
  const waitMs = waitForStart(phaseStarts.at(-1)?.startNs ?? 0, clock.nowNs())
  if (waitMs > 0) await new Promise(resolve => setTimeout(resolve, waitMs))
}

async function sendInterval(): Promise<void> {
  workload.observe()
  reportRefused()
  counters.bytesRead = traffic.readBytes
  counters.bytesWritten = traffic.writtenBytes
  counters.plainBytesRead = traffic.plainReadBytes
  counters.plainBytesWritten = traffic.plainWrittenBytes
  const toNs = clock.nowNs()
  const fromNs = intervalStartNs
  intervalStartNs = toNs
  const metrics: MetricDelta[] = []
  const movesSoFar = moves
  moves = []
  for (const delta of recorder.eachDelta()) {
    metrics.push(delta)
    await new Promise(resolve => setImmediate(resolve))
  }
  const { p50Us, p99Us, maxUs } = loopDelay.take()
  report({
    kind: 'interval',
    interval: {
      worker: setup.shard.name,
      fromNs,
      toNs,
      metrics,
      moves: movesSoFar,
      counters: { ...counters },
      eventLoopDelayUs: { p50: p50Us, p99: p99Us, max: maxUs },
    },
  })
}

function enterPhase(index: number, startNs: number): void {
  clearInterval(watch)
  phaseIndex = index
  phaseStarts.push({ index, startNs })
  // Before all else that it arms: when the thread comes to its start, not when what it begins with is done.
  // Node cuts off parts of a millisecond, so that it may be one before; what the thread begins with is not.
  const began = () => report({ kind: 'began', phase: index, lateNs: clock.nowNs() - startNs })
  setTimeout(began, (startNs - clock.nowNs()) / 1e6)
  workload.enter(index, startNs)
  const phase = setup.plan.phases[index]
  if (phase.until === undefined || phaseIndex !== index) return
  if (phase.until === 'converged') {
    void compare(index, startNs)
    return
  }
  if (phase.until === 'counted') {
    void count(index, startNs)
    return
  }
  let met = false
  watch = setInterval(() => {
    // It would end before it began.
    if (clock.nowNs() < startNs || workload.met(phase) === met) return
    met = !met
    reportRefused()
    report({ kind: 'met', phase: index, met })
  }, CONDITION_MS)
}

async function compare(phase: number, startNs: number): Promise<void> {
  if (!setup.shard.runs.includes('slaves')) return
  // Its NOOPs are not the phase's before.
  await new Promise(resolve => setTimeout(resolve, Math.ceil((startNs - clock.nowNs()) / 1e6)))
  try {
    const convergence = await workload.converge(phase)
    report({ kind: 'converged', phase, ...(convergence === undefined ? {} : { convergence }) })
  } catch (error) {
    report({ kind: 'converged', phase, failure: messageOf(error) })
  }
}

async function count(phase: number, startNs: number): Promise<void> {
  if (!setup.shard.runs.includes('backends')) return
  await new Promise(resolve => setTimeout(resolve, Math.ceil((startNs - clock.nowNs()) / 1e6)))
  const reason = await workload.count().catch(messageOf)
  report(reason === undefined ? { kind: 'met', phase, met: true } : { kind: 'miscounted', phase, reason })
}

function beginTrace({ path, startNs }: { readonly path: string; readonly startNs: number }): () => Promise<void> {
  const file = TraceFile.join(path)
  file.onFailure = ({ message }) => context.event('trace-ended', message)
  return traceThread(file, startNs)
}

function reportWait(noopNs: number): void {
  const ns = workload.longestWaitNs(clock.nowNs())
  if (ns > noopNs) report({ kind: 'noopWaits', ns })
}

async function stop(timers: readonly NodeJS.Timeout[]): Promise<void> {
  clearInterval(watch)
  for (const timer of timers) clearInterval(timer)
  // What the master did until now is heard first; that it closed a connection, in the turn after.
  await turn()
  await turn()
  await workload.stop()
  await sending
  await sendInterval()
  journal?.close()
  draws?.close()
  await endTrace?.()
  report({ kind: 'stopped', held: workload.held })
  port.close()
}

function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

async function main(): Promise<void> {
  const tid = currentThreadId()
  // What probes' NOOPs take is not to be their wait for a CPU that many threads of load have.
  if (tid !== undefined && setup.shard.share.of > 1) giveWay(tid)
  await loadHistograms()
  loopDelay.start()
  const timers = [
    setInterval(() => {
      sending = sending.then(started).then(sendInterval)
    }, INTERVAL_MS),
  ]
  const { stopLoss } = setup.plan
  if (stopLoss !== undefined) timers.push(setInterval(() => reportWait(stopLoss.noopNs), WAITS_MS))
  port.on('message', (order: WorkerOrder) => {
    switch (order.kind) {
      case 'measureNoise':
        void measureNoiseFloor(clock).then(floor => report({ kind: 'noise', floor }))
        break
      case 'phase':
        // Not before: the noise floor is no master's.
        if (trace !== undefined) endTrace ??= beginTrace(trace)
        enterPhase(order.index, order.startNs)
        break
      case 'refused':
        workload.refuse(order.names)
        break
      case 'shareLost':
        peer?.lose()
        break
      case 'stop':
        void stop(timers)
        break
    }
  })
  report({ kind: 'ready', tid })
}

await main()
