import { describe, expect, it } from 'vitest'
import { loadCalibration } from '../../../src/masters/model/load-calibration.js'
import { modelSettings } from '../../../src/masters/model/settings.js'
import type { CapacityCause, CapacityLimit } from '../../../src/metrics/capacity-result.js'
import { predictionsOf } from '../../../src/verdict/capacity/predictions.js'

const INPUTS = {
  mailboxes: 2000,
  slaves: 10,
  retryDelayMs: 20_000,
  settings: modelSettings({ mupdate_connections_max: '900' }),
  calibration: loadCalibration(),
  resyncs: 0,
}

function found(
  low: number | null,
  high: number | null,
  resource: CapacityCause['resource'] = 'workers',
  broken = '',
): CapacityLimit {
  return {
    limit: low,
    low,
    high,
    beyond: high === null ? 'range' : 'failed',
    ceiling: null,
    confirmed: { low: true, high: true },
    isCutShort: false,
    doubtful: [],
    cause: high === null ? null : { resource, because: '', also: [], broken: [broken] },
  }
}

describe('workers, of which formulas say 49 to 50:', () => {
  const agrees = (limit: CapacityLimit) =>
    predictionsOf('slaves', INPUTS, limit).find(({ cause }) => cause === 'workers')!.agrees
  it.each([
    { what: 'found there', limit: found(49, 50), wanted: true },
    { what: 'one off, as roundings are', limit: found(47, 48), wanted: true },
    { what: 'found well below', limit: found(16, 17), wanted: false },
    { what: 'held well beyond', limit: found(400, 800, 'connections'), wanted: false },
    { what: 'another limit came first', limit: found(20, 21, 'thread pegged'), wanted: null },
    { what: 'not reached', limit: found(20, null), wanted: null },
  ])('$what: $wanted', ({ limit, wanted }) => expect(agrees(limit)).toBe(wanted))
})

it('creates that wait for too long are not what a formula of time-outs is about', () => {
  const at = (broken: string) =>
    predictionsOf('resyncs', { ...INPUTS, mailboxes: 500_000 }, found(1, 2, 'mailboxes lock', broken))[0]!.agrees
  expect(at('load: create.responseTimeUs.p99 < 1s: measured 2.1 s')).toBeNull()
  expect(at('slaves.timeouts == 0: measured 3')).toBe(false)
})
