import { describe, expect, it } from 'vitest'
import { ALL, isRedByCpu, judge, measuredRatio, recording, tally } from './recorded-gates.js'

const LEAST_GATES = 10
const LEAST_FOUND = 0.9

/** The embedded master's lists take so little CPU that they are not asked to decide (bench/record-gates.ts). */
const GATING = { place: ALL, slowed: ['cpuPerCreates'] }

function judgedGates(kind: 'place' | 'slowed', variant: string) {
  const { gates, sessions } = recording(kind)
  expect(gates.length).toBe(sessions[0].planned)
  const judged = gates.filter(gate => gate.variant === variant).map(gate => judge(gate, GATING[kind]))
  const ratios = ['cpuPerCreates', 'cpuPerDump'].map(name => `${name} ${measuredRatio(judged, name).toFixed(3)}`)
  const red = judged.filter(isRedByCpu).length
  console.log(
    `${kind} ${variant}: red by CPU in ${red} of ${judged.length} gates (${tally(judged)}); B ÷ A ${ratios.join(', ')}`,
  )
  expect(judged.length).toBeGreaterThanOrEqual(LEAST_GATES)
  return { judged, found: red / judged.length }
}

describe('known regressions, as they were made', { timeout: 120_000 }, () => {
  it('a database on disk in place of tmpfs is found', () => {
    expect(judgedGates('place', 'disk').found).toBeGreaterThanOrEqual(LEAST_FOUND)
  })

  it.each([20, 10])('an embedded master slowed by %d per cent is found by its CPU, and is slowed so', percent => {
    const { judged, found } = judgedGates('slowed', `${percent}%`)
    expect(found).toBeGreaterThanOrEqual(LEAST_FOUND)
    // By all that decides otherwise too, with Holm's correction over them.
    const byAll = recording('slowed')
      .gates.filter(gate => gate.variant === `${percent}%`)
      .map(gate => judge(gate, ALL))
    const red = byAll.filter(isRedByCpu).length
    console.log(`slowed ${percent}%, all deciding: red by CPU in ${red} of ${byAll.length} gates`)
    expect(red / byAll.length).toBeGreaterThanOrEqual(LEAST_FOUND)
    const slower = measuredRatio(judged, 'cpuPerCreates') - 1
    expect(slower).toBeGreaterThan((0.6 * percent) / 100)
    expect(slower).toBeLessThan((1.4 * percent) / 100)
  })

  it('one slowed by 5 per cent is found, or it is said what would have been', () => {
    for (const { result, metrics } of judgedGates('slowed', '5%').judged) {
      expect(['fail', 'inconclusive']).toContain(result)
      for (const metric of metrics)
        if (metric.gating && metric.result === 'inconclusive')
          expect(metric.smallestDetectable).toBeGreaterThanOrEqual(metric.minimumEffect)
    }
  })

  it('one slowed by nothing passes', () => {
    const { judged } = judgedGates('slowed', '0%')
    const passes = judged.filter(({ result }) => result === 'pass').length
    expect(passes / judged.length).toBeGreaterThanOrEqual(LEAST_FOUND)
  })
})
