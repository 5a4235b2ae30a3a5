import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Figures, figuresOf, isSplit, judge } from '../../bench/agreement.js'
import { SCENARIOS } from '../../bench/scenarios.js'
import { simulateProfile } from '../../src/cli/simulate-profile.js'
import { loadCalibration } from '../../src/masters/model/load-calibration.js'
import type { Broken } from '../../src/masters/model/settings.js'
import { loadHistograms } from '../../src/metrics/latency.js'
import { loadProfile } from '../../src/profile/load.js'

/** What a real Cyrus did in each scenario; `npm run validate` asks one again. */
const recorded = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../bench/recorded/cyrus-3.6.1.json'), 'utf8'),
) as { runs: Record<string, Figures[]> }
const SEEDS = 3

beforeAll(loadHistograms)

/** One after the other: who looks for a disagreement need not see all. */
async function* judged(broken?: Broken) {
  const calibration = loadCalibration()
  for (const { name, profile, sets, phase } of SCENARIOS.filter(scenario => scenario.name in recorded.runs)) {
    const simulated: Figures[] = []
    for (let seed = 1; seed <= SEEDS; seed++) {
      const options = { profile: loadProfile(profile, [...sets, `seed=${seed}`]), calibration }
      const { result } = await simulateProfile(broken === undefined ? options : { ...options, broken })
      simulated.push(figuresOf(result, phase))
    }
    yield judge(name, recorded.runs[name]!, [], simulated)
  }
}

const run = (thrash: string, exhausted = false): Figures => ({
  ...{ thrash, exhausted, onset: null, resyncs: 1, timeouts: 0 },
  ...{ stall: null, noopP50: null, noopP99: null, list: 500 },
})

it('runs are split where their verdicts differ, not where one thrash lasts longer', () => {
  expect(isSplit([run('ended'), run('sustained')])).toBe(false)
  expect(isSplit([run('none'), run('none'), run('ended')])).toBe(true)
  expect(isSplit([run('ended'), run('ended', true)])).toBe(true)
})

it('a verdict is of most runs, and how long a thrash lasts is no part of it', () => {
  const real = [run('sustained'), run('ended'), run('none')]
  expect(judge('storm', real, [run('ended')], [run('sustained')])).toMatchObject({ agrees: true })
  expect(judge('storm', real, [], [run('ended')]).rows[0]).toContain('| thrash 2 of 3, to the end 1 |')
  expect(judge('storm', real, [run('none')], [run('ended')])).toMatchObject({ agrees: false })
  expect(judge('storm', real, [run('ended', true)], [run('ended')])).toMatchObject({ agrees: false })
  expect(judge('storm', real, [], [run('none'), run('ended')])).toMatchObject({ agrees: false })
})

describe('the simulation, held against recorded runs of a real Cyrus', () => {
  it('has the same verdicts, and lists as long', async () => {
    const disagreeing: string[] = []
    for await (const { agrees, rows } of judged()) if (!agrees) disagreeing.push(rows.join('\n'))
    expect(disagreeing).toEqual([])
  }, 120_000)

  it.each<Broken>(['no-lock', 'endless-workers'])(
    'has not, with %s',
    async broken => {
      let agreeing = 0
      for await (const { agrees } of judged(broken)) {
        if (!agrees) break
        agreeing++
      }
      expect(agreeing).toBeLessThan(SCENARIOS.length)
    },
    120_000,
  )
})
