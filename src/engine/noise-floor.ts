import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Clock } from '../core/clock.js'
import type { DriverContext } from '../drivers/context.js'
import { Probes } from '../drivers/probes.js'
import { newCounters } from '../metrics/interval.js'
import { decodeHistogram } from '../metrics/latency.js'
import { Recorder } from '../metrics/recorder.js'
import type { NoiseFloor } from './messages.js'

const RATE_PER_SECOND = 500
const DURATION_MS = 700

/**
 * A TCP echo on loopback through the same probe code: service times below this say nothing about a master.
 *
 * @returns nanoseconds
 */
export async function measureNoiseFloor(clock: Clock): Promise<NoiseFloor> {
  const echo = new Worker(new URL('./echo-server.js', import.meta.url))
  const [port] = (await once(echo, 'message')) as [number]
  const recorder = new Recorder()
  const context: DriverContext = {
    clock,
    recorder,
    counters: newCounters(),
    address: { host: '127.0.0.1', port },
    credentials: { user: 'echo', password: 'echo' },
    seed: 0,
    phase: () => 0,
    move: () => {},
    unserved: () => {},
    event: () => {},
    journal: () => {},
  }
  const probes = new Probes(context, { ratePerSecond: RATE_PER_SECOND, plain: 1, streaming: 0 })
  probes.start()
  await new Promise(resolve => setTimeout(resolve, DURATION_MS))
  await probes.stop()
  await echo.terminate()
  const delta = recorder.takeDeltas().find(({ name }) => name === 'NOOP.plain')
  const histogram = decodeHistogram(delta?.service ?? '')
  const floor = {
    count: histogram.totalCount,
    p50Ns: histogram.getValueAtPercentile(50),
    p99Ns: histogram.getValueAtPercentile(99),
    maxNs: histogram.maxValue,
  }
  histogram.destroy()
  recorder.destroy()
  return floor
}
