import { afterEach, expect, it, vi } from 'vitest'
import type { PlanPhase } from '../../src/engine/plan.js'
import { PhaseState } from '../../src/engine/run-state.js'
import type { AgentName } from '../../src/engine/crew.js'
import { LoadSpan } from '../../src/engine/load-span.js'
import { Watch } from '../../src/engine/watch.js'
import type { LoadSample } from '../../src/samplers/load.js'
import type { ProcessSample } from '../../src/samplers/process-cpu.js'

/** Of 250 ms. */
function sampleOf(
  fromMs: number,
  host: Partial<NonNullable<LoadSample['host']>> = {},
  pegged: readonly string[] = [],
): LoadSample {
  const [fromNs, toNs] = [fromMs, fromMs + 250].map(ms => ms * 1e6)
  return { fromNs, toNs, cpuCores: 0.5, pegged, host: { elapsedNs: 250e6, idleShare: 0.5, stealShare: 0, ...host } }
}

it('a span says for how long hardly any CPU was left, not how it was on average', () => {
  const span = new LoadSpan()
  expect(span.hostFullMs).toBeUndefined()
  span.add(sampleOf(0, { idleShare: 0.4 }))
  span.add(sampleOf(250, { idleShare: 0.02, stealShare: 0.08 }))
  expect(span.hostFullMs).toBeCloseTo(250)
  expect(span.stealShare).toBeCloseTo(0.04)
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
  phase.watch.add(undefined, sampleOf(0))
  phase.end('duration', 250e6)
  phase.watch.add(undefined, sampleOf(250))
  expect(phase.result(500e6).harnessCpuMs).toBe(125)
})

it('a thread of ours is pegged when it was so for a second, however short the phase', () => {
  const arrivals = { kind: 'closed', thinkTimeNs: 0, concurrency: 1 } as const
  const step: PlanPhase = { name: 'move', run: [], limitNs: 1e9, durationNs: 1e9, arrivals, events: [] }
  const phase = new PhaseState(step, 0)
  for (let i = 0; i < 3; i++) phase.watch.add(undefined, sampleOf(250 * i, {}, ['load']))
  expect(phase.saturation()).toEqual([])
  phase.watch.add(undefined, sampleOf(750, {}, ['load']))
  expect(phase.saturation()).toEqual([
    'move: the harness was the limit: thread "load" was pegged in 100 % of the samples',
  ])
})

it('an agent that was the limit is named, by what it did in that phase alone', () => {
  const arrivals = { kind: 'closed', thinkTimeNs: 0, concurrency: 1 } as const
  const step: PlanPhase = { name: 'move', run: [], limitNs: 1e9, durationNs: 1e9, arrivals, events: [] }
  const [phase, next] = [new PhaseState(step, 0), new PhaseState({ ...step, name: 'next' }, 1_100e6)]
  phase.end('duration', 1_050e6)
  const tell = (agent: AgentName, sample: LoadSample) =>
    [phase, next].findIndex(each => each.addElsewhere(agent, sample))
  const [busy, robbed] = [
    { id: 'aa', name: 'fe1' },
    // Another that goes by the same name.
    { id: 'bb', name: 'fe1' },
  ]
  const places = [0, 250, 500, 750, 1_000, 1_250].map(ms => [
    tell(busy, sampleOf(ms, {}, ['load-2'])),
    tell(robbed, sampleOf(ms, { stealShare: ms < 1_000 ? 0.2 : 0 })),
  ])
  // What reaches from one into the other is of none.
  expect(places).toEqual([0, 0, 0, 0, -1, 1].map(place => [place, place]))
  expect(phase.saturation()).toEqual([
    'move: the harness was the limit: thread "load-2" of agent fe1 was pegged in 100 % of the samples',
    "move: the harness was the limit: 20 % of the CPU time of agent fe1's host went to other machines (steal)",
  ])
  expect(next.saturation()).toEqual([])
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

afterEach(() => void vi.useRealTimers())

it('takes no sample while a start is near, and none when it is over', () => {
  vi.useFakeTimers()
  const startMs = Date.now()
  const watch = new Watch({ nowNs: () => (Date.now() - startMs) * 1e6 }, () => undefined)
  const atMs: number[] = []
  vi.spyOn(watch, 'sample').mockImplementation(() => void atMs.push(Date.now() - startMs))
  watch.start(undefined)
  vi.advanceTimersByTime(60)
  watch.expectStart(260e6)
  vi.advanceTimersByTime(600)
  watch.expectStart(860e6)
  // A phase may be over before it has begun.
  vi.advanceTimersByTime(40)
  watch.expectStart(900e6)
  vi.advanceTimersByTime(100)
  watch.stop()
  vi.advanceTimersByTime(1000)
  expect(atMs).toEqual([0, 280, 530, 800])
})
