import type { Calibration, Cost, CostName } from '../../../src/masters/model/calibration.js'

/** µs of each cost, round figures that can be told apart; with a spread of 20 % where asked. */
export function calibrationOf(changed: Partial<Record<CostName, number>> = {}, spread = 0): Calibration {
  const us: Record<CostName, number> = {
    banner: 300,
    login: 300,
    noop: 10,
    find: 20,
    reserve: 40,
    activate: 40,
    remove: 40,
    dumpPerMailbox: 5,
    dumpTail: 1000,
    updatePerPending: 20,
    logPerStream: 1,
    kick: 24,
    handOver: 50,
    ...changed,
  }
  const cost = (p50: number): Cost => ({
    p10: p50 * (1 - spread),
    p50,
    p90: p50 * (1 + spread),
    low: p50,
    high: p50,
    samples: 1,
  })
  return {
    schema: 'mupdate-bench/calibration/1',
    madeAt: '2026-01-01T00:00:00Z',
    harnessVersion: '0',
    host: {},
    master: { kind: 'test', version: '0', mailboxDatabase: 'none', settings: {} },
    mailboxes: 0,
    costs: Object.fromEntries(Object.entries(us).map(([name, p50]) => [name, cost(p50)])) as Calibration['costs'],
    betweenMasters: null,
    mergePerMailbox: null,
  }
}
