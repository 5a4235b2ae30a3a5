import { describe, expect, it } from 'vitest'
import { upperBound } from '../../bench/proportions.js'
import type { RunResult } from '../../src/metrics/run-result.js'
import { percent } from '../../src/verdict/gate.js'
import { ALL, isRedByCpu, judge, recording, resultOf, tally } from './recorded-gates.js'

const LEAST_GATES = 60
const MOST_ALARMS = 0.05
/** The rest are inconclusive: their interval ends just beyond the effect, or what a neighbour did met B alone. */
const LEAST_PASSES = 0.85
const LEAST_FOUND = 0.9

describe('gates of the real Cyrus against itself, as they were made', { timeout: 120_000 }, () => {
  const { gates, sessions } = recording('aa')
  const judged = gates.map(gate => judge(gate, ALL))

  it('are enough, of one code, one host, and in the order of their time', () => {
    expect(gates.length).toBeGreaterThanOrEqual(LEAST_GATES)
    expect(gates.length).toBe(sessions[0].planned)
    for (const { code, host, profile, commit } of sessions) {
      expect({ code, host, profile }).toEqual({
        code: sessions[0].code,
        host: sessions[0].host,
        profile: sessions[0].profile,
      })
      expect(commit).not.toMatch(/dirty/)
    }
    const starts = gates.flatMap(({ a, b }) => a.flatMap((run, i) => [run.startedAt, b[i].startedAt].sort()))
    expect(starts).toEqual([...starts].sort())
    // No run is in two of them.
    expect(new Set(starts).size).toBe(starts.length)
  })

  it('raise few false alarms', () => {
    const alarms = { count: judged.filter(({ result }) => result === 'fail').length, of: judged.length }
    const bound = percent(upperBound(alarms))
    console.log(`A/A: ${alarms.count} alarms in ${alarms.of} gates; 95 % sure, if independent: at most ${bound}`)
    console.log(`A/A: ${tally(judged)}; a ratio of medians above 1.05 in ${naiveAlarms(judged)}`)
    expect(alarms.count / alarms.of).toBeLessThanOrEqual(MOST_ALARMS)
  })

  it('pass by CPU for creates, which decides first', () => {
    const results = judged.map(gate => resultOf(gate, 'cpuPerCreates'))
    const passes = results.filter(result => result === 'pass').length
    console.log(`A/A: cpuPerCreates is the same in ${passes} of ${results.length} gates`)
    expect(passes / results.length).toBeGreaterThanOrEqual(LEAST_PASSES)
  })

  it('would not with 10 per cent more CPU in B', () => {
    const red = gates.map(gate => judge(gate, ALL, withMoreCpu)).filter(isRedByCpu).length
    console.log(`A/A with 10 % more CPU put into B: red in ${red} of ${gates.length} gates`)
    expect(red / gates.length).toBeGreaterThanOrEqual(LEAST_FOUND)
  })
})

/** What a gate without a test would say. */
function naiveAlarms(judged: readonly ReturnType<typeof judge>[]): number {
  const isAbove = ({ metrics }: ReturnType<typeof judge>) =>
    metrics.some(({ a, b, better }) => (better === 'less' ? b.median / a.median : a.median / b.median) > 1.05)
  return judged.filter(isAbove).length
}

function withMoreCpu(run: RunResult): RunResult {
  const phases = run.phases.map(({ master, ...phase }) => ({
    ...phase,
    master: master === null ? null : { ...master, cpuMs: 1.1 * master.cpuMs },
  }))
  return { ...run, phases }
}
