import { expect, it } from 'vitest'
import type { PlanPhase } from '../../src/engine/plan.js'
import { PhaseState } from '../../src/engine/run-state.js'
import { Watch, WatchSpan } from '../../src/engine/watch.js'
import type { ProcessSample } from '../../src/samplers/process-cpu.js'

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

it('a phase of which a part was not seen has no sums of the rest, and the next one has', () => {
  const arrivals = { kind: 'closed', thinkTimeNs: 0, concurrency: 1 } as const
  const plan: PlanPhase = { name: 'x', run: [], limitNs: 1e9, durationNs: 1e9, arrivals, events: [] }
  const [phase, next] = [new PhaseState(plan, 0), new PhaseState(plan, 1e9)]
  const watch = new Watch({ nowNs: () => 0 }, () => undefined)
  const thread = { tid: 9, runShare: 0.5, waitShare: 0 }
  const sample: ProcessSample = {
    ...{ pid: 8, atNs: 250e6, elapsedNs: 250e6, cpuCores: 0.5, waitCores: 0, threads: [thread] },
    ...{ peakThreadShare: 0.5, unionShare: 0.5, pegged: false, threadCount: 1 },
  }
  watch.spans = [phase.watch]
  watch.addMaster(sample)
  expect(phase.result(1e9).master).toMatchObject({ cpuMs: 125, peggedMs: 0 })
  watch.miss(250e6)
  expect(phase.result(1e9).master).toBeNull()
  phase.end('duration', 1e9)
  watch.spans = [next.watch]
  watch.addMaster(sample)
  expect(next.result(2e9).master).toMatchObject({ cpuMs: 125 })
  expect([...watch.threads.values()]).toEqual([{ tid: 9, cpuMs: 250, waitMs: 0, peakShare: 0.5 }])
})
