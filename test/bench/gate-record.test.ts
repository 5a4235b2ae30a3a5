import { expect, it } from 'vitest'
import { differs, type GateSession, gateRun, wholeLines } from '../../bench/gate-record.js'
import type { RunResult } from '../../src/metrics/run-result.js'
import { MEASURES } from '../../src/verdict/measures.js'
import { NO_ALLOWANCE, damageOf } from '../../src/verdict/damage.js'
import { measuredRun } from '../verdict/measured-run.js'

it('of a run all is recorded that a gate looks at', () => {
  const run = measuredRun()
  const recorded = JSON.parse(JSON.stringify(gateRun(run))) as RunResult
  expect(MEASURES.map(measure => measure.of(recorded))).toEqual(MEASURES.map(measure => measure.of(run)))
  expect(MEASURES.some(measure => measure.of(run) !== undefined)).toBe(true)
  expect(damageOf([recorded], NO_ALLOWANCE)).toEqual(damageOf([run], NO_ALLOWANCE))
  expect(JSON.stringify(recorded).length).toBeLessThan(JSON.stringify(run).length)
})

it('a recording that was cut off goes on after its last whole gate', () => {
  expect(wholeLines('{"session":{}}\n{"variant":"a"}\n{"variant":"b"')).toEqual([{ session: {} }, { variant: 'a' }])
  expect(wholeLines('')).toEqual([])
})

it('and not as another experiment', () => {
  const session: GateSession = { commit: 'a', code: '1', profile: 'p', variants: [1], host: { cores: 2 }, planned: 20 }
  expect(differs(session, { ...session, commit: 'b' })).toBeUndefined()
  expect(differs(session, { ...session, host: { cores: 4 } })).toBe('host')
  expect(differs(session, { ...session, variants: [2] })).toBe('variants')
  expect(differs(session, { ...session, planned: 40 })).toBe('planned')
})
