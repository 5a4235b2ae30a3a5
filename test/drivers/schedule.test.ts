import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Schedule } from '../../src/drivers/schedule.js'

/** Time in which the event loop stood still: no timer fired in it. */
let blockedNs = 0
/** A clock that vitest's fake timers move. */
const clock = { nowNs: () => performance.now() * 1e6 + blockedNs }

beforeEach(() => {
  blockedNs = 0
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})

afterEach(() => {
  vi.useRealTimers()
})

function play(timesNs: Iterable<number>, startNs = clock.nowNs(), onFire: (count: number) => void = () => {}) {
  const fired: { intendedNs: number; atNs: number }[] = []
  const schedule = new Schedule(clock, startNs, timesNs[Symbol.iterator](), intendedNs => {
    fired.push({ intendedNs: intendedNs - startNs, atNs: clock.nowNs() - startNs })
    onFire(fired.length)
  })
  return { fired, schedule }
}

describe('Schedule', () => {
  it('fires each when it is due: never early, never skipped', () => {
    const times = [0, 0.4e6, 1e6, 1e6, 7.9e6, 300e6]
    const { fired } = play(times)
    vi.advanceTimersByTime(400)
    expect(fired.map(each => each.intendedNs)).toEqual(times)
    for (const { intendedNs, atNs } of fired) {
      expect(atNs).toBeGreaterThanOrEqual(intendedNs)
      expect(atNs - intendedNs).toBeLessThanOrEqual(2e6)
    }
  })

  it('fires late ones at once, with the time they were meant for', () => {
    const { fired } = play([0, 10e6, 20e6, 5000e6], clock.nowNs() - 100e6)
    vi.advanceTimersByTime(1)
    expect(fired.map(each => each.intendedNs)).toEqual([0, 10e6, 20e6])
  })

  it('catches up after it was held up, as an open model must', () => {
    const hold = (count: number) => {
      if (count === 1) blockedNs += 500e6
    }
    const { fired } = play(
      Array.from({ length: 100 }, (_, i) => i * 10e6),
      undefined,
      hold,
    )
    vi.advanceTimersByTime(1)
    expect(fired.length).toBeGreaterThanOrEqual(50)
    vi.advanceTimersByTime(1100)
    expect(fired.map(each => each.intendedNs)).toEqual(Array.from({ length: 100 }, (_, i) => i * 10e6))
  })

  it('fires what is due when it is looked at, without its timer, and not twice', () => {
    const { fired, schedule } = play([0, 1e6, 2e6, 50e6], undefined, () => schedule.look())
    blockedNs += 1.5e6
    schedule.look()
    expect(fired.map(each => each.intendedNs)).toEqual([0, 1e6])
    vi.advanceTimersByTime(60)
    expect(fired.map(each => each.intendedNs)).toEqual([0, 1e6, 2e6, 50e6])
  })

  it('lets others run between slices of a backlog, and counts what it never came to', () => {
    const { fired, schedule } = play(
      Array.from({ length: 1000 }, () => 0),
      clock.nowNs() - 1e6,
      () => (blockedNs += 0.1e6),
    )
    schedule.look()
    expect(fired.length).toBeGreaterThanOrEqual(100)
    expect(fired.length).toBeLessThan(200)
    const slice = fired.length
    // Not at the next reply either.
    schedule.look()
    expect(fired).toHaveLength(slice)
    vi.advanceTimersByTime(1)
    expect(fired.length).toBeLessThan(400)
    blockedNs += 20e6
    expect(schedule.stop()).toBe(1000 - fired.length)
    expect(schedule.stop(), 'once').toBe(0)
  })

  it('does not count as missed what was due just now', () => {
    const { schedule } = play([0, 0, 0])
    blockedNs += 5e6
    expect(schedule.stop()).toBe(0)
  })

  it('waits longer than a timer can: in steps', () => {
    const days = 30 * 86_400e9
    const { fired } = play([days])
    vi.advanceTimersByTime(days / 1e6 - 1)
    expect(fired).toEqual([])
    vi.advanceTimersByTime(2)
    expect(fired).toHaveLength(1)
  })

  it('stops, also from within, and leaves no timer', () => {
    const { fired, schedule } = play([0, 0, 0, 1e6], undefined, count => count === 2 && schedule.stop())
    vi.advanceTimersByTime(10)
    expect(fired).toHaveLength(2)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('draws from an endless plan only as far as it has come', () => {
    let drawn = 0
    function* endless() {
      for (;;) yield drawn++ * 1e6
    }
    const { fired, schedule } = play(endless())
    vi.advanceTimersByTime(50)
    schedule.stop()
    expect(fired.length).toBeGreaterThanOrEqual(49)
    expect(drawn).toBeLessThanOrEqual(fired.length + 1)
  })

  it('ends with its plan', () => {
    play([0])
    vi.advanceTimersByTime(5)
    expect(vi.getTimerCount()).toBe(0)
  })
})
