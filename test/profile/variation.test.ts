import { readdirSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AXES } from '../../src/metrics/capacity-result.js'
import { mostSlaves } from '../../src/engine/plan.js'
import { loadProfile, PROFILES_DIRECTORY } from '../../src/profile/load.js'
import { objectiveOf } from '../../src/profile/objective.js'
import { planOf } from '../../src/profile/plan.js'
import { variationOf } from '../../src/profile/variation.js'

const names = readdirSync(PROFILES_DIRECTORY).map(file => file.replace(/\.yaml$/, ''))
/** Nothing in it has a duration, so there is no load to vary. */
const WITHOUT_LOAD = new Set(['bulk-500k'])

function varied(name: string, axis: (typeof AXES)[number], value: number, length: 'short' | 'full' = 'short') {
  return loadProfile(name, variationOf(loadProfile(name), axis).sets(value, length))
}

describe.each(names.filter(name => !WITHOUT_LOAD.has(name)))('%s', name => {
  it.each(AXES.filter(axis => axis !== 'mailboxes'))('is varied in its %s', axis => {
    let variation: ReturnType<typeof variationOf>
    try {
      variation = variationOf(loadProfile(name), axis)
    } catch (error) {
      // Some have no backends, or no slaves: then that is said.
      expect(String(error)).toMatch(/no phase with a duration that runs|nothing is created|no slave is left/)
      return
    }
    for (const length of ['short', 'full'] as const) {
      const value = Math.min(variation.most, variation.least + 6)
      expect(() => loadProfile(name, variation.sets(value, length))).not.toThrow()
    }
    expect(variation.fixedMs.short).toBeLessThanOrEqual(variation.fixedMs.full)
  })
})

describe('slaves', () => {
  it('are as many as that, from the start, whatever joins later in the profile', () => {
    const plan = planOf(varied('worker-cliff', 'slaves', 37), '')
    expect(mostSlaves(plan)).toBe(37)
    expect(plan.slaves.count).toBe(37)
  })

  it('may take longer to stream the more there are, and no shorter the fewer', () => {
    const own = loadProfile('capacity')
    const limitOf = (value: number) =>
      varied('capacity', 'slaves', value).phases.find(({ until }) => until === 'streaming')!.limit
    const limit = own.phases.find(({ until }) => until === 'streaming')!.limit
    expect(limitOf(own.slaves.count + 100)).toBe(limit + 100 * own.site.mailboxes * 20_000)
    expect(limitOf(2)).toBe(limit)
  })

  it('of other kinds are among them', () => {
    const { slaves } = loadProfile('slow-frontend')
    const others = slaves.others.reduce((sum, { count }) => sum + count, 0)
    expect(others).toBeGreaterThan(0)
    expect(mostSlaves(planOf(varied('slow-frontend', 'slaves', 20), ''))).toBe(20)
    expect(variationOf(loadProfile('slow-frontend'), 'slaves').least).toBe(others + 1)
  })
})

describe('resyncs', () => {
  it('are those of the profile’s own restart', () => {
    const { phases } = varied('resync-storm', 'resyncs', 4)
    expect(phases.flatMap(({ events }) => events)).toMatchObject([{ do: 'restart', slaves: 4, at: 0 }])
  })

  it('are put where changes stream, in a profile without one', () => {
    const { phases } = varied('capacity', 'resyncs', 4)
    expect(phases.find(({ name }) => name === 'load')!.events).toMatchObject([{ do: 'restart', slaves: 4, at: 1e9 }])
  })

  it('leave one slave established, and last until all who were to time out have', () => {
    const variation = variationOf(loadProfile('resync-storm'), 'resyncs')
    expect(variation.most).toBe(19)
    expect(variationOf(loadProfile('capacity'), 'resyncs').fixedMs.short).toBeGreaterThanOrEqual(41_000)
  })
})

describe('creates', () => {
  it('are as many a second as that, and the rest of the mix keeps its proportion', () => {
    // 6 creates, 2 setacls, a rename, a delete and 2 finds.
    const { phases } = varied('smoke', 'creates', 60)
    expect(phases.find(({ name }) => name === 'steady')!.arrivals).toEqual({ kind: 'poisson', rate: 120 })
  })

  it('in a closed loop become an open one', () => {
    expect(varied('ci', 'creates', 60).phases.find(({ name }) => name === 'creates')!.arrivals).toEqual({
      kind: 'constant',
      rate: 60,
    })
  })
})

it('connections are one for each look-up', () => {
  const { backends, phases } = varied('capacity', 'connections', 70)
  expect(backends).toMatchObject({ connection: 'per-operation', mix: { find: 1, create: 0 } })
  expect(phases.find(({ name }) => name === 'load')!.arrivals).toEqual({ kind: 'constant', rate: 70 })
})

it('kicks come in every phase with slaves, where none has them', () => {
  const { kicks, phases } = varied('capacity', 'kicks', 30)
  expect(kicks.rate).toBe(30)
  expect(phases.filter(({ run }) => run.includes('kicks')).map(({ name }) => name)).toEqual(['load'])
})

it('more mailboxes take longer to load, and a frontend’s restart is what they cost something at', () => {
  const { site, phases } = varied('capacity', 'mailboxes', 20_000)
  expect(site.mailboxes).toBe(20_000)
  expect(phases[0]).toMatchObject({ name: 'preload', limit: 300e9 })
  expect(phases[2]!.events).toMatchObject([{ do: 'restart', slaves: 1 }])
})

it('short trials are no shorter than what has to be seen', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('capacity', 'resync-storm', 'seed-2010', 'kick-storm'),
      fc.constantFrom(...AXES),
      (name, axis) => {
        const { phases, slaves } = varied(name, axis, 3)
        for (const { duration, events } of phases) {
          if (duration === undefined) continue
          const last = Math.max(0, ...events.filter(({ do: kind }) => kind === 'restart').map(({ at }) => at))
          const own = loadProfile(name).phases.find(phase => phase.duration !== undefined)!.duration!
          expect(duration).toBeGreaterThanOrEqual(Math.min(own, 10e9))
          if (axis === 'resyncs' && events.length > 0)
            expect(duration).toBeGreaterThanOrEqual(last + 2 * slaves.retryDelay)
        }
      },
    ),
  )
})

describe('the objective', () => {
  const texts = (name: string, axis: (typeof AXES)[number], given: string[] = []) =>
    objectiveOf(loadProfile(name), axis, given).thresholds.map(({ text }) => text)

  it('is by default of time-outs, NOOPs of slaves and creates', () => {
    expect(texts('resync-storm', 'slaves')).toEqual([
      'slaves.timeouts == 0',
      'calm: NOOP.slave.responseTimeUs.p99 < 500ms',
      'storm: NOOP.slave.responseTimeUs.p99 < 500ms',
      'calm: create.responseTimeUs.p99 < 1s',
      'storm: create.responseTimeUs.p99 < 1s',
    ])
  })

  it('is what was given, where it was', () => {
    expect(texts('resync-storm', 'slaves', ['slaves.timeouts == 0'])).toEqual(['slaves.timeouts == 0'])
  })

  it('of kicks and connections is of these', () => {
    expect(texts('capacity', 'kicks')).toContain('load: KICK.responseTimeUs.p99 < 5s')
    expect(texts('capacity', 'connections')).toContain('load: find.responseTimeUs.p99 < 1s')
  })

  it('knows the restarts that a profile plans', () => {
    expect(objectiveOf(loadProfile('master-restart'), 'slaves', []).plannedRestarts).toBeGreaterThan(0)
  })
})
