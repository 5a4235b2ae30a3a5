import type { Calibration, CostName } from '../../../src/masters/model/calibration.js'

const NAMES: readonly CostName[] = [
  'banner',
  'login',
  'noop',
  'find',
  'reserve',
  'activate',
  'remove',
  'dumpPerMailbox',
  'dumpTail',
  'updatePerPending',
  'logPerStream',
  'kick',
  'handOver',
]

/** Of a Cyrus that costs next to nothing, but for what a test gives. @param costsUs the same each time */
export function quickCalibration(costsUs: Partial<Record<CostName, number>> = {}): Calibration {
  const costs = NAMES.map(name => {
    const us = costsUs[name] ?? 0.001
    return [name, { p10: us, p50: us, p90: us, low: us, high: us, samples: 1 }] as const
  })
  return {
    schema: 'mupdate-bench/calibration/1',
    madeAt: '2026-01-02T03:04:05Z',
    harnessVersion: '9.9',
    host: {},
    master: { kind: 'cyrus', version: '3.6.1', mailboxDatabase: 'twoskip on tmpfs', settings: {} },
    mailboxes: 1000,
    costs: Object.fromEntries(costs) as Calibration['costs'],
    betweenMasters: null,
    mergePerMailbox: null,
  }
}
