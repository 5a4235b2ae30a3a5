import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLockUs, listMs } from '../../src/limits/costs.js'
import { exactly } from '../../src/limits/estimate.js'
import { type LimitInputs, predictedLimits } from '../../src/limits/limits.js'
import type { Axis, LimitCause } from '../../src/metrics/capacity-result.js'
import { simultaneousResyncs, timesOut, tolerance } from '../../src/limits/resyncs.js'
import { streamsByDescriptors, streamsByWorkers } from '../../src/limits/workers.js'
import { loadCalibration } from '../../src/masters/model/load-calibration.js'
import { modelSettings } from '../../src/masters/model/settings.js'

const calibration = loadCalibration()
const inputs: LimitInputs = {
  mailboxes: 100_000,
  slaves: 20,
  retryDelayMs: 2000,
  settings: modelSettings({}),
  calibration,
}

function limitOf(axis: Axis, cause: LimitCause, changed: Partial<LimitInputs> = {}) {
  return predictedLimits({ ...inputs, ...changed }).find(limit => limit.axis === axis && limit.cause === cause)
}

describe('tolerance of an established slave', () => {
  it.each([
    { delayMs: 2000, changesStream: false, lowMs: 2000, highMs: 4000 },
    { delayMs: 20_000, changesStream: false, lowMs: 20_000, highMs: 40_000 },
    { delayMs: 20_000, changesStream: true, lowMs: 35_000, highMs: 40_000 },
    { delayMs: 4000, changesStream: true, lowMs: 4000, highMs: 8000 },
  ])('$delayMs ms, changes stream: $changesStream', ({ delayMs, changesStream, lowMs, highMs }) => {
    expect(tolerance(delayMs, changesStream)).toEqual({ lowMs, highMs })
  })

  it('is what was measured: 100k mailboxes, a list in 0.56 s, 2 s: 3 went well, 4 did not', () => {
    expect(simultaneousResyncs(2000, 560)).toEqual({ safe: 3, certain: 7 })
  })

  it.each([
    { stallMs: 2000, says: 'cannot' },
    { stallMs: 2001, says: 'can' },
    { stallMs: 4000, says: 'can' },
    { stallMs: 4001, says: 'must' },
  ])('a stall of $stallMs ms with 2 s: $says', ({ stallMs, says }) => {
    expect(timesOut(exactly(stallMs), tolerance(2000))).toBe(says)
  })

  it('is not certain of what lies on both sides of a bound', () => {
    expect(timesOut({ low: 1900, likely: 1950, high: 2100 }, tolerance(2000))).toBe('can')
    expect(timesOut({ low: 3900, likely: 4100, high: 4300 }, tolerance(2000))).toBe('can')
  })
})

describe('costs', () => {
  it('has the list’s time of the calibration, wider where one master differs from the next', () => {
    const list = listMs(calibration, 100_000)
    expect(list.likely).toBeCloseTo(529.7, 0)
    const wide = listMs({ ...calibration, betweenMasters: 0.05 }, 100_000)
    expect(wide.likely).toBe(list.likely)
    expect(wide.high / list.high).toBeCloseTo(1.103, 2)
    expect(list.low / wide.low).toBeCloseTo(1.103, 2)
  })

  it('has a create’s two changes, and what every slave costs them', () => {
    const { costs } = calibration
    expect(createLockUs(calibration, 0).likely).toBeCloseTo(costs.reserve.p50 + costs.activate.p50)
    const each = createLockUs(calibration, 1).likely - createLockUs(calibration, 0).likely
    expect(each).toBeCloseTo(2 * (costs.logPerStream.p50 + 0.88 * costs.updatePerPending.p50))
  })
})

describe('cliffs', () => {
  it.each([
    { workersMax: 50, low: 49, high: 50 },
    { workersMax: 17, low: 16, high: 17 },
    { workersMax: 33, low: 32, high: 33 },
  ])('$workersMax workers: $low slaves', ({ workersMax, low, high }) => {
    expect(streamsByWorkers(workersMax)).toEqual({ low, high })
  })

  it('leaves to others what they need', () => expect(streamsByWorkers(50, 10)).toEqual({ low: 39, high: 40 }))
  it('dies at 1,010 connections', () => expect(streamsByDescriptors()).toEqual({ low: 1000, high: 1009 }))
})

describe('predictedLimits', () => {
  it('has the arithmetic of simultaneous resyncs in words', () => {
    expect(limitOf('resyncs', 'mailboxes lock', { listMs: exactly(570) })).toEqual({
      axis: 'resyncs',
      cause: 'mailboxes lock',
      low: 3,
      high: 7,
      arithmetic: '2.00 s ÷ 570 ms a list = 3 … 2 × 2.00 s ÷ 570 ms = 7',
    })
  })

  it('has the mailboxes at which the lists of all slaves but one last too long', () => {
    const limit = limitOf('mailboxes', 'mailboxes lock', { listMs: exactly(500), resyncs: 4 })
    expect(limit).toMatchObject({ low: 100_000, high: 200_000 })
  })

  it('has the lowest cliff of slaves first', () => {
    const causes = predictedLimits(inputs).filter(({ axis }) => axis === 'slaves')
    expect(causes.map(({ cause, low }) => [cause, low])).toEqual([
      ['workers', 49],
      ['connections', 128],
      ['descriptors', 1000],
    ])
    const settings = modelSettings({ mupdate_workers_max: '1200', mupdate_connections_max: '2048' })
    expect(predictedLimits({ ...inputs, settings }).find(({ axis }) => axis === 'slaves')).toMatchObject({
      cause: 'descriptors',
    })
  })

  it('knows fewer creates with more slaves, and disks from memory', () => {
    const few = limitOf('creates', 'mailboxes lock', { slaves: 1 })!
    const many = limitOf('creates', 'mailboxes lock', { slaves: 40 })!
    expect(many.high).toBeLessThan(few.low / 5)
    const onDisk = { ...calibration, master: { ...calibration.master, mailboxDatabase: 'twoskip on disk' } }
    expect(limitOf('creates', 'disk sync', { calibration: onDisk })).toBeDefined()
    expect(limitOf('creates', 'thread pegged', { connectionPerCreate: true })).toBeDefined()
    expect(limitOf('creates', 'thread pegged')).toBeUndefined()
  })

  it('is consistent: as many slaves as a rate of creates leaves room for bear that rate', () => {
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 5000 }), createsPerSecond => {
        const { low } = limitOf('slaves', 'mailboxes lock', { createsPerSecond })!
        const at = limitOf('creates', 'mailboxes lock', { slaves: low })!
        return low === 0 || at.high >= createsPerSecond
      }),
    )
  })

  it('never has a low above its high', () => {
    const numbers = fc.record({
      mailboxes: fc.integer({ min: 1, max: 10_000_000 }),
      slaves: fc.integer({ min: 2, max: 2000 }),
      retryDelayMs: fc.integer({ min: 1000, max: 600_000 }),
      createsPerSecond: fc.integer({ min: 1, max: 100_000 }),
      changesStream: fc.boolean(),
      others: fc.integer({ min: 0, max: 900 }),
    })
    fc.assert(
      fc.property(numbers, changed =>
        predictedLimits({ ...inputs, ...changed }).every(({ low, high }) => low >= 0 && low <= high),
      ),
    )
  })
})
