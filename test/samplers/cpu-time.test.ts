import { describe, expect, it } from 'vitest'
import { entityRandom } from '../../src/core/random.js'
import { CpuTime } from '../../src/samplers/cpu-time.js'
import type { SchedTimes } from '../../src/samplers/proc.js'

const MS = 1e6
const TICK = 10 * MS

/** As the kernel shows it: both halves cut off to ticks, and of each thread that lives its own. */
class Process {
  private readonly live = new Map<number, number>()
  private readonly totals = { user: 0, system: 0 }
  private next = 1

  run(thread: number, ns: number, userShare: number): void {
    this.live.set(thread, (this.live.get(thread) ?? 0) + ns)
    this.totals.user += ns * userShare
    this.totals.system += ns * (1 - userShare)
  }

  start(): number {
    this.live.set(this.next, 0)
    return this.next++
  }

  end(thread: number): void {
    this.live.delete(thread)
  }

  get trueNs(): number {
    return this.totals.user + this.totals.system
  }

  look(): [number, Map<number, SchedTimes>] {
    const { user, system } = this.totals
    const threads = [...this.live].map(([tid, runNs]) => [tid, { runNs, waitNs: 0 }] as const)
    return [(Math.floor(user / TICK) + Math.floor(system / TICK)) * TICK, new Map(threads)]
  }
}

describe('CPU time', () => {
  it('is as fine as that of the threads, while they live', () => {
    const process = new Process()
    const cpu = new CpuTime()
    const [one, two] = [process.start(), process.start()]
    process.run(one, 17 * MS, 0.5)
    const before = cpu.read(...process.look())
    process.run(one, 3 * MS, 0.5)
    process.run(two, 0.25 * MS, 0)
    expect(cpu.read(...process.look()) - before).toBe(3.25 * MS)
  })

  it('keeps that of threads that have ended: what was seen of them exactly, the rest to two ticks', () => {
    const process = new Process()
    const cpu = new CpuTime()
    const [main, worker] = [process.start(), process.start()]
    process.run(worker, 500 * MS, 0.5)
    const before = cpu.read(...process.look())
    process.end(worker)
    process.run(main, 1 * MS, 0)
    expect(cpu.read(...process.look()) - before).toBe(1 * MS)
    const short = process.start()
    process.run(short, 300 * MS, 0.3)
    process.end(short)
    const error = cpu.read(...process.look()) - before - 301 * MS
    expect(Math.abs(error)).toBeLessThanOrEqual(2 * TICK)
  })

  it('of threads from before the first look too', () => {
    const process = new Process()
    const ended = process.start()
    process.run(ended, 2000 * MS, 0.5)
    process.end(ended)
    const cpu = new CpuTime()
    const main = process.start()
    const before = cpu.read(...process.look())
    process.run(main, 4 * MS, 1)
    expect(cpu.read(...process.look()) - before).toBe(4 * MS)
  })

  it.each([1, 2, 3, 4, 5])('never goes back, nor further from the truth than the ticks allow: seed %i', seed => {
    const random = entityRandom(seed, 'cpu', 0)
    const process = new Process()
    const cpu = new CpuTime()
    const threads = [process.start()]
    const offset = cpu.read(...process.look()) - process.trueNs
    let last = 0
    for (let i = 0; i < 500; i++) {
      if (random() < 0.3) threads.push(process.start())
      if (random() < 0.3 && threads.length > 1) process.end(threads.pop()!)
      for (const thread of threads) process.run(thread, random() * 5 * MS, random())
      const now = cpu.read(...process.look())
      expect(now).toBeGreaterThanOrEqual(last)
      expect(Math.abs(now - process.trueNs - offset)).toBeLessThanOrEqual(2 * TICK)
      last = now
    }
  })

  it('follows stat where no thread can be read', () => {
    const cpu = new CpuTime()
    const before = cpu.read(5 * TICK, new Map())
    expect(cpu.read(9 * TICK, new Map()) - before).toBe(4 * TICK)
  })
})
