import { describe, expect, it } from 'vitest'
import { RealTimeline } from '../../../src/masters/embedded/real-timeline.js'

/** A machine whose clock a test turns, and whose timers fire when the test says so. */
class Machine {
  ns = 5e9
  readonly timers = new Set<{ readonly delayMs: number | 'soon'; readonly what: () => void }>()
  readonly timeline = new RealTimeline(
    { nowNs: () => this.ns },
    { after: (delayMs, what) => this.add(delayMs, what), soon: what => this.add('soon', what) },
  )

  delays(): (number | 'soon')[] {
    return [...this.timers].map(({ delayMs }) => delayMs)
  }

  /** Time passes, and then the one timer fires. */
  fire(atNs: number): void {
    this.ns = atNs
    const [timer] = this.timers
    this.timers.delete(timer)
    timer.what()
  }

  private add(delayMs: number | 'soon', what: () => void): () => void {
    const timer = { delayMs, what }
    this.timers.add(timer)
    return () => void this.timers.delete(timer)
  }
}

describe('RealTimeline', () => {
  it('begins at the clock’s time, and wakes up for nothing when nothing is to happen', () => {
    const { timeline, timers } = new Machine()
    expect(timeline.nowNs).toBe(5e9)
    expect(timers.size).toBe(0)
  })

  it('lets late events happen in their order, at their own times', () => {
    const machine = new Machine()
    const { timeline } = machine
    const seen: string[] = []
    const note = (name: string) => () => void seen.push(`${name} ${timeline.nowNs / 1e6 - 5000}`)
    timeline.at(5e9 + 30e6, 2, note('third'))
    timeline.at(5e9 + 30e6, 1, note('second'))
    timeline.at(5e9 + 10e6, 9, () => {
      note('first')()
      timeline.at(timeline.nowNs + 50e6, 0, note('last'))
    })
    machine.fire(5e9 + 100e6)
    expect(seen).toEqual(['first 10', 'second 30', 'third 30', 'last 60'])
    expect(timeline.nowNs).toBe(5e9 + 100e6)
    expect(machine.timers.size).toBe(0)
  })

  it('stamps what comes from outside with the clock’s time, after all that was due before', () => {
    const machine = new Machine()
    const { timeline } = machine
    const seen: string[] = []
    timeline.at(5e9 + 10e6, 0, () => void seen.push('due'))
    timeline.at(5e9 + 21e6, 0, () => void seen.push('not due'))
    machine.ns += 20e6
    timeline.happens(() => {
      seen.push(`input ${timeline.nowNs / 1e6 - 5000}`)
      timeline.happens(() => void seen.push('of it'))
    })
    expect(seen).toEqual(['due', 'input 20', 'of it'])
  })

  it('sleeps until shortly before the next event, then looks turn by turn', () => {
    const machine = new Machine()
    let happened = 0
    machine.timeline.at(5e9 + 10e6, 0, () => void happened++)
    expect(machine.delays()).toEqual([9])
    machine.fire(5e9 + 9.1e6)
    expect(machine.delays()).toEqual(['soon'])
    machine.fire(5e9 + 9.9e6)
    expect([happened, machine.delays()]).toEqual([0, ['soon']])
    machine.fire(5e9 + 10e6)
    expect([happened, machine.delays()]).toEqual([1, []])
  })

  it('has one timer at most, however much is to happen', () => {
    const machine = new Machine()
    const { timeline, timers } = machine
    for (let i = 1000; i > 0; i--) timeline.at(5e9 + i * 1e6, 0, () => timeline.at(timeline.nowNs + 1, 0, () => {}))
    expect(timers.size).toBe(1)
    timeline.happens(() => timeline.at(5e9 + 0.5e6, 0, () => {}))
    expect(machine.delays()).toEqual(['soon'])
    let fired = 0
    while (timers.size > 0) {
      machine.fire(machine.ns + 100e6)
      expect(timers.size).toBeLessThanOrEqual(1)
      fired++
    }
    // One for each 100 ms, and one for what the very last event asked for.
    expect(fired).toBe(11)
    timeline.at(machine.ns + 1e9, 0, () => {})
    timeline.stop()
    expect(timers.size).toBe(0)
  })

  it('goes on after an event that threw', () => {
    const machine = new Machine()
    const { timeline } = machine
    timeline.at(5e9 + 1e6, 0, () => {
      throw new Error('broken')
    })
    expect(() => machine.fire(5e9 + 2e6)).toThrow('broken')
    let happened = false
    timeline.happens(() => {
      happened = true
    })
    expect(happened).toBe(true)
  })
})
