import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import { EventLoopDelayMeter } from '../../src/samplers/event-loop.js'
import { currentThreadId, OwnLoadSampler } from '../../src/samplers/own-load.js'
import { ProcDir } from './proc-dir.js'

const MS = 1e6

function block(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

describe('OwnLoadSampler', () => {
  let proc: ProcDir
  beforeEach(() => {
    proc = new ProcDir()
  })
  afterEach(() => proc.remove())

  it('names the thread that has no room left, and sums up no others', () => {
    let nowNs = 0
    let cpuUs = 0
    const sampler = new OwnLoadSampler({ clock: { nowNs: () => nowNs }, cpuUs: () => cpuUs, procDir: proc.path })
    sampler.nameThread(11, 'probes')
    sampler.nameThread(undefined, 'nobody')
    proc.write('self/task/10/schedstat', '0 0 1\n')
    proc.write('self/task/11/schedstat', '0 0 1\n')
    expect(sampler.sample()).toBeUndefined()
    nowNs = 100 * MS
    cpuUs = 150_000
    proc.write('self/task/10/schedstat', `${60 * MS} ${10 * MS} 1\n`)
    proc.write('self/task/11/schedstat', `${90 * MS} ${6 * MS} 1\n`)
    const probes = { tid: 11, runShare: 0.9, waitShare: 0.06, label: 'probes' }
    expect(sampler.sample()).toEqual({
      atNs: 100 * MS,
      elapsedNs: 100 * MS,
      cpuCores: 1.5,
      threads: [{ tid: 10, runShare: 0.6, waitShare: 0.1 }, probes],
      pegged: [probes],
    })
  })

  it.runIf(process.platform === 'linux')('sees the thread it runs on', { retry: 4 }, () => {
    const sampler = new OwnLoadSampler({ clock: monotonicClock(monotonicOriginS()) })
    sampler.nameThread(currentThreadId(), 'test')
    sampler.sample()
    block(200)
    const load = sampler.sample()!
    expect(load.cpuCores).toBeGreaterThan(0.1)
    const own = load.threads.find(thread => thread.label === 'test')!
    expect(own.runShare + own.waitShare).toBeGreaterThan(0.8)
  })
})

describe('EventLoopDelayMeter', () => {
  const turns = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

  it('has nothing before it starts', () => {
    expect(new EventLoopDelayMeter().take()).toEqual({ count: 0, p50Us: 0, p99Us: 0, maxUs: 0 })
  })

  it('shows a stuck loop once, and keeps it in the whole', { retry: 4 }, async () => {
    const meter = new EventLoopDelayMeter()
    meter.start()
    await turns(100)
    block(150)
    await turns(50)
    const stuck = meter.take()
    await turns(100)
    const after = meter.take()
    meter.stop()
    expect(stuck.maxUs).toBeGreaterThan(100_000)
    expect(after.maxUs).toBeLessThan(stuck.maxUs)
    expect(meter.whole().maxUs).toBeGreaterThan(100_000)
    expect(meter.whole().count).toBeGreaterThan(Math.max(stuck.count, after.count))
  })
})
