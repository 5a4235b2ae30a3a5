import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { simulateProfile } from '../../src/cli/simulate-profile.js'
import { listMs } from '../../src/limits/costs.js'
import { exactly } from '../../src/limits/estimate.js'
import { masterRestartOf, restartOf, type RestartOutcome, thrashNeeds } from '../../src/limits/restart.js'
import { loadCalibration } from '../../src/masters/model/load-calibration.js'
import { loadHistograms } from '../../src/metrics/latency.js'
import { loadProfile } from '../../src/profile/load.js'

await loadHistograms()
const calibration = loadCalibration()

interface Case {
  readonly mailboxes: number
  readonly slaves: number
  readonly retryDelayS: number
  readonly restarted: number
}

function predicted({ mailboxes, slaves, retryDelayS, restarted }: Case): RestartOutcome {
  const list = listMs(calibration, mailboxes)
  return restartOf({ restarted, slaves, retryDelayMs: retryDelayS * 1e3, listMs: list, changesStream: true })
}

async function simulated(
  { mailboxes, slaves, retryDelayS, restarted }: Case,
  seed: number,
  event = `restart, slaves: ${restarted}`,
) {
  const seconds = Math.ceil(((slaves * mailboxes) / 150_000 + 6 * retryDelayS) * 1.2)
  const profile = loadProfile('resync-storm', [
    `seed=${seed}`,
    `site.mailboxes=${mailboxes}`,
    `slaves.count=${slaves}`,
    `slaves.retryDelay=${retryDelayS}s`,
    'backends.arrivals.rate=20',
    `phases.2.duration=${retryDelayS + 6}s`,
    `phases.3.duration=${seconds}s`,
    `phases.3.events=[{ at: 0s, do: ${event} }]`,
    'converge=false',
  ])
  const { result } = await simulateProfile({ profile, calibration })
  return result.slaves
}

describe('what is said of restarted frontends', () => {
  const grid = [2, 4, 8].flatMap(retryDelayS =>
    [1, 2, 5, 8, 11, 12].map(restarted => ({ mailboxes: 200_000, slaves: 12, retryDelayS, restarted })),
  )

  const certain = grid.filter(one => {
    const { timeOuts, thrash } = predicted(one)
    return timeOuts !== 'can' || thrash !== 'can'
  })

  it('is certain of some of these, either way', () => {
    const said = certain.map(predicted)
    for (const one of ['cannot', 'must']) {
      expect(said.map(({ timeOuts }) => timeOuts)).toContain(one)
      expect(said.map(({ thrash }) => thrash)).toContain(one)
    }
  })

  it.each(certain)('holds in simulations: $restarted of $slaves, $retryDelayS s', async one => {
    const { timeOuts, thrash } = predicted(one)
    const { timeouts, thrash: seen } = await simulated(one, 1)
    if (timeOuts === 'cannot') expect(timeouts).toBe(0)
    if (timeOuts === 'must') expect(timeouts).toBeGreaterThan(0)
    if (thrash === 'cannot') expect(seen.state).toBe('none')
    if (thrash === 'must') expect(seen.state).not.toBe('none')
  })
})

describe('what is said of a restarted master', () => {
  const said = [2, 4, 5, 6, 8, 14].map(retryDelayS => ({
    retryDelayS,
    ...masterRestartOf({ slaves: 12, retryDelayMs: retryDelayS * 1e3, listMs: listMs(calibration, 200_000) }),
  }))
  const certain = said.filter(({ timeOuts, thrash }) => timeOuts === 'cannot' || thrash === 'cannot')

  it('is certain of some, that nobody times out, and that nothing thrashes where some may', () => {
    expect(certain.map(({ timeOuts }) => timeOuts)).toContain('cannot')
    expect(certain.map(({ timeOuts }) => timeOuts)).toContain('can')
  })

  it.each(certain)('holds in simulations: $retryDelayS s', async ({ retryDelayS, timeOuts, thrash }) => {
    const one = { mailboxes: 200_000, slaves: 12, retryDelayS, restarted: 12 }
    for (const seed of [1, 2]) {
      const { timeouts, thrash: seen } = await simulated(one, seed, 'restartMaster')
      if (timeOuts === 'cannot') expect(timeouts).toBe(0)
      if (thrash === 'cannot') expect(seen.state).toBe('none')
    }
  })
})

describe('restartOf', () => {
  const of = (restarted: number, list: number, slaves = 12) =>
    restartOf({ restarted, slaves, retryDelayMs: 20_000, listMs: exactly(list) })

  it.each([
    { restarted: 7, listMs: 2_650, timeOuts: 'cannot', thrash: 'cannot' },
    { restarted: 8, listMs: 2_650, timeOuts: 'can', thrash: 'cannot' },
    { restarted: 6, listMs: 3_400, timeOuts: 'can', thrash: 'can' },
    { restarted: 10, listMs: 4_100, timeOuts: 'must', thrash: 'cannot' },
    { restarted: 12, listMs: 60_000, timeOuts: 'cannot', thrash: 'cannot' },
    { restarted: 3, listMs: 30_000, timeOuts: 'must', thrash: 'must' },
  ])('$restarted of 12, $listMs ms a list, 20 s', ({ restarted, listMs: list, ...says }) => {
    expect(of(restarted, list)).toMatchObject(says)
  })

  it('never says less of a longer list', () => {
    const order = ['cannot', 'can', 'must']
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 39 }),
        fc.integer({ min: 1, max: 60_000 }),
        fc.integer({ min: 0, max: 60_000 }),
        (restarted, list, more) =>
          order.indexOf(of(restarted, list + more, 40).timeOuts) >= order.indexOf(of(restarted, list, 40).timeOuts) &&
          order.indexOf(of(restarted, list + more, 40).thrash) >= order.indexOf(of(restarted, list, 40).thrash),
      ),
    )
  })

  it('agrees with what a thrash needs: just below it no restart begins one, just above it some restart does', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 60 }),
        fc.integer({ min: 2, max: 120 }),
        fc.boolean(),
        (slaves, s, stream) => {
          const needs = thrashNeeds(slaves, s * 1e3, stream)!
          const anyAt = (list: number) =>
            Array.from({ length: slaves }, (_, i) =>
              restartOf({
                restarted: i + 1,
                slaves,
                retryDelayMs: s * 1e3,
                listMs: exactly(list),
                changesStream: stream,
              }),
            ).some(({ thrash }) => thrash !== 'cannot')
          return !anyAt(needs.listMs * 0.999) && anyAt(needs.listMs * 1.001)
        },
      ),
    )
  })
})
