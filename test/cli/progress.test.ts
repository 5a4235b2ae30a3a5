import { describe, expect, it } from 'vitest'
import { Progress } from '../../src/cli/progress.js'
import { PhaseState } from '../../src/engine/run-state.js'
import type { PlanPhase } from '../../src/engine/plan.js'
import { SpanTallies } from '../../src/engine/span-tallies.js'
import { newCounters } from '../../src/metrics/interval.js'

const PLAN = { name: 'steady', run: ['probes'], durationNs: 60e9, limitNs: 60e9, events: [] } as unknown as PlanPhase

/** On a pipe, with a clock that the test moves. */
function onPipe() {
  const lines: string[] = []
  const now = { ms: 0 }
  const pipe = { isTTY: false, write: (text: string) => lines.push(...text.trimEnd().split('\n')) }
  const progress = new Progress(pipe as unknown as NodeJS.WriteStream, false, () => now.ms)
  const phase = new PhaseState(PLAN, 0)
  progress.begin('smoke')
  return {
    lines,
    now,
    progress,
    phase,
    second: (atS: number) =>
      progress.second({ atNs: atS * 1e9, phase, tallies: new SpanTallies(), spanNs: 1e9, counters: newCounters() }, 4),
  }
}

describe('progress on a pipe', () => {
  it('is a line every five seconds, and one soon after a phase has begun', () => {
    const { lines, now, progress, phase, second } = onPipe()
    for (let s = 1; s <= 12; s++) {
      now.ms = s * 1000
      if (s === 8) progress.phase(phase, 2, 5)
      second(s)
    }
    expect(lines).toEqual(['slaves 0/4', 'slaves 0/4', '3/5 steady (52 s left) · slaves 0/4'])
  })

  it('says how things stand, however much happens', () => {
    const { lines, now, progress, second } = onPipe()
    for (let s = 0; s <= 20; s++) {
      now.ms = s * 1000
      second(s)
      for (let i = 0; i < 9; i++) progress.event({ atNs: 0, kind: 'slave-timed-out', detail: 'slave 3' })
    }
    expect(lines.filter(line => line.startsWith('slaves'))).toHaveLength(5)
    expect(lines.filter(line => line.includes('slave-timed-out')).length).toBeGreaterThan(10)
  })

  it('is never more than a line a second, whatever happens', () => {
    const { lines, now, progress, phase, second } = onPipe()
    for (let ms = 0; ms < 4000; ms += 100) {
      now.ms = ms
      progress.phase(phase, 0, 5)
      progress.event({ atNs: 0, kind: 'slave-timed-out', detail: 'slave 3' })
      second(1)
    }
    expect(lines).toHaveLength(4)
  })
})
