import { type ChildProcess, spawn } from 'node:child_process'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import { type ProcessSample, ProcessSampler, ProcessSpan } from '../../src/samplers/process-cpu.js'
import { ProcDir } from './proc-dir.js'

const MS = 1e6

describe('ProcessSampler', () => {
  let proc: ProcDir
  let nowNs: number
  let pid: number | undefined
  let sampler: ProcessSampler
  beforeEach(() => {
    proc = new ProcDir()
    nowNs = 0
    pid = 7
    sampler = new ProcessSampler({ pid: () => pid, clock: { nowNs: () => nowNs }, procDir: proc.path })
  })
  afterEach(() => proc.remove())

  it('compares two looks', () => {
    proc.process(7, 100, { 7: [0, 0], 8: [1e9, 0] })
    expect(sampler.sample()).toBeUndefined()
    nowNs = 200 * MS
    proc.process(7, 119, { 7: [10 * MS, 0], 8: [1e9 + 150 * MS, 40 * MS] })
    proc.write('7/status', 'VmRSS:\t    1000 kB\n')
    expect(sampler.sample()).toEqual({
      pid: 7,
      atNs: 200 * MS,
      elapsedNs: 200 * MS,
      cpuCores: 0.95,
      waitCores: 0.2,
      threads: [
        { tid: 7, runShare: 0.05, waitShare: 0 },
        { tid: 8, runShare: 0.75, waitShare: 0.2 },
      ],
      peakThreadShare: 0.75,
      unionShare: 1,
      pegged: true,
      threadCount: 2,
      rssBytes: 1_024_000,
    })
  })

  it('is pegged when threads take turns under a lock', () => {
    proc.process(7, 0, { 1: [0, 0], 2: [0, 0], 3: [0, 0] })
    sampler.sample()
    nowNs = 100 * MS
    proc.process(7, 9, { 1: [33 * MS, 0], 2: [33 * MS, 0], 3: [33 * MS, 0] })
    expect(sampler.sample()).toMatchObject({ pegged: true, peakThreadShare: 0.33 })
  })

  it('keeps the time of threads that have ended in the total', () => {
    proc.process(7, 0, { 1: [0, 0], 2: [0, 0] })
    sampler.sample()
    nowNs = 100 * MS
    proc.process(7, 10, { 1: [10 * MS, 0] })
    expect(sampler.sample()).toMatchObject({ cpuCores: 1, peakThreadShare: 0.1, pegged: false })
  })

  it('says what was written since', () => {
    proc.process(7, 0, { 1: [0, 0] })
    proc.write('7/io', 'syscw: 10\nread_bytes: 20\nwrite_bytes: 30\n')
    sampler.sample()
    nowNs = 100 * MS
    proc.write('7/io', 'syscw: 11\nread_bytes: 22\nwrite_bytes: 33\n')
    expect(sampler.sample()).toMatchObject({ io: { syscw: 1, readBytes: 2, writeBytes: 3 } })
  })

  it('has nothing to say of a process that is gone, and starts afresh with the next', () => {
    proc.process(7, 900, { 7: [9e9, 0] })
    sampler.sample()
    nowNs = 100 * MS
    proc.remove('7')
    expect(sampler.sample()).toBeUndefined()
    nowNs = 200 * MS
    pid = undefined
    expect(sampler.sample()).toBeUndefined()
    nowNs = 300 * MS
    pid = 9
    proc.process(9, 5, { 9: [50 * MS, 0] })
    expect(sampler.sample()).toBeUndefined()
    nowNs = 400 * MS
    proc.process(9, 10, { 9: [100 * MS, 0] })
    expect(sampler.sample()).toMatchObject({ pid: 9, cpuCores: 0.5, peakThreadShare: 0.5 })
  })

  it('tells a process from another that was given its pid', () => {
    proc.process(7, 900, { 7: [9e9, 0] }, 1)
    sampler.sample()
    nowNs = 100 * MS
    proc.process(7, 1, { 7: [1, 0] }, 2)
    expect(sampler.sample()).toBeUndefined()
  })
})

describe('ProcessSpan', () => {
  const sample = (over: Partial<ProcessSample>): ProcessSample => ({
    pid: 7,
    atNs: 0,
    elapsedNs: 100 * MS,
    cpuCores: 0,
    waitCores: 0,
    threads: [],
    peakThreadShare: 0,
    unionShare: 0,
    pegged: false,
    threadCount: 1,
    ...over,
  })

  it('weighs samples by their length', () => {
    const span = new ProcessSpan()
    span.add(
      sample({
        cpuCores: 1,
        peakThreadShare: 0.9,
        pegged: true,
        waitCores: 2,
        rssBytes: 10,
        io: { readBytes: 1, writeBytes: 5, syscw: 3 },
      }),
    )
    span.add(
      sample({ elapsedNs: 300 * MS, rssBytes: 5, io: { readBytes: 0, writeBytes: 2, syscw: 4 }, threadCount: 6 }),
    )
    expect(span.summary()).toEqual({
      sampledMs: 400,
      meanCores: 0.25,
      peakThreadShare: 0.9,
      peggedMs: 100,
      waitMs: 200,
      rssPeakBytes: 10,
      rssLastBytes: 5,
      descriptorsPeak: 0,
      threadsPeak: 6,
      io: { readBytes: 1, writeBytes: 7, syscw: 7 },
    })
  })

  it('claims no traffic where none could be read', () => {
    const span = new ProcessSpan()
    span.add(sample({}))
    expect(span.summary()).not.toHaveProperty('io')
  })

  it('claims nothing without samples', () => expect(new ProcessSpan().summary()).toBeUndefined())
})

describe.runIf(process.platform === 'linux')('on real processes', () => {
  const children: ChildProcess[] = []
  const node = (script: string) => {
    const child = spawn(process.execPath, ['-e', `process.stdout.write('up');${script}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    children.push(child)
    return new Promise<ChildProcess>(resolve => child.stdout!.once('data', () => resolve(child)))
  }
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
  })

  async function watch(child: ChildProcess, looks: number) {
    const sampler = new ProcessSampler({ pid: () => child.pid, clock: monotonicClock(monotonicOriginS()) })
    const span = new ProcessSpan()
    for (let i = 0; i < looks; i++) {
      const sample = sampler.sample()
      if (sample) span.add(sample)
      await new Promise(resolve => setTimeout(resolve, 200))
    }
    return span.summary()!
  }

  // Again where another tenant had the CPU: what it takes is neither on a CPU nor waiting for one.
  it('finds the one that burns a CPU pegged, and the one that sleeps not', { retry: 4 }, async () => {
    const [burner, sleeper] = await Promise.all([node('for (;;) {}'), node('setInterval(() => {}, 1e6)')])
    const [burnt, slept] = await Promise.all([watch(burner, 6), watch(sleeper, 6)])
    expect(burnt.peggedMs / burnt.sampledMs).toBeGreaterThan(0.5)
    expect(burnt.meanCores + burnt.waitMs / burnt.sampledMs).toBeGreaterThan(0.8)
    expect(slept.peggedMs).toBe(0)
    expect(slept.meanCores).toBeLessThan(0.3)
    expect(slept.rssPeakBytes).toBeGreaterThan(10e6)
    expect(slept.descriptorsPeak).toBeGreaterThan(2)
  })
})
