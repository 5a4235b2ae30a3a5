import { expect, it } from 'vitest'
import type { PlanPhase } from '../../src/engine/plan.js'
import { PhaseState } from '../../src/engine/run-state.js'
import { WatchSpan } from '../../src/engine/watch.js'

it('a span says for how long hardly any CPU was left, not how it was on average', () => {
  const span = new WatchSpan()
  expect(span.hostFullMs).toBeUndefined()
  const host = { atNs: 0, elapsedNs: 250e6, busyCores: 1.2, stealShare: 0, idleShare: 0.4, runnable: 1, load1: 0 }
  span.add(undefined, undefined, host)
  span.add(undefined, undefined, { ...host, busyCores: 1.8, stealShare: 0.08, idleShare: 0.02 })
  expect(span.hostFullMs).toBeCloseTo(250)
})

it('a phase that has ended takes no more: what comes then is the end of the run', () => {
  const plan: PlanPhase = {
    name: 'last',
    run: ['backends'],
    durationNs: 100e6,
    limitNs: 100e6,
    arrivals: { kind: 'closed', thinkTimeNs: 0, concurrency: 1 },
    events: [],
  }
  const phase = new PhaseState(plan, 0)
  const own = { atNs: 0, elapsedNs: 100e6, cpuCores: 0.5, threads: [], pegged: [] }
  phase.watch.add(undefined, own, undefined)
  phase.end('duration', 100e6)
  phase.watch.add(undefined, own, undefined)
  expect(phase.result(200e6).harnessCpuMs).toBe(50)
})

it('a thread of ours is pegged when it was so for a second, however short the phase', () => {
  const arrivals = { kind: 'closed', thinkTimeNs: 0, concurrency: 1 } as const
  const step: PlanPhase = { name: 'move', run: [], limitNs: 1e9, durationNs: 1e9, arrivals, events: [] }
  const phase = new PhaseState(step, 0)
  const pegged = { label: 'load', tid: 1, runShare: 1, waitShare: 0 }
  const own = { atNs: 0, elapsedNs: 250e6, cpuCores: 1, threads: [], pegged: [pegged] }
  for (let i = 0; i < 3; i++) phase.watch.add(undefined, own, undefined)
  expect(phase.saturation()).toEqual([])
  phase.watch.add(undefined, own, undefined)
  expect(phase.saturation()).toEqual([
    'move: the harness was the limit: thread "load" was pegged in 100 % of the samples',
  ])
})
