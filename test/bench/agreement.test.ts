import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Figures, figuresOf, isSplit, type Judged, judge, undecided } from '../../bench/agreement.js'
import { SCENARIOS, type Scenario } from '../../bench/scenarios.js'
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

async function judgedOf({ name, profile, sets, phase }: Scenario, broken?: Broken): Promise<Judged> {
  const calibration = loadCalibration()
  const simulated: Figures[] = []
  for (let seed = 1; seed <= SEEDS; seed++) {
    const options = { profile: loadProfile(profile, [...sets, `seed=${seed}`]), calibration }
    const { result } = await simulateProfile(broken === undefined ? options : { ...options, broken })
    simulated.push(figuresOf(result, phase))
  }
  return judge(name, recorded.runs[name]!, [], simulated)
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

it('real runs that toss a coin have no verdict, and others must not differ from them by more than chance', () => {
  const runs = (thrashing: number, calm: number) => [
    ...Array<Figures>(thrashing).fill(run('ended')),
    ...Array<Figures>(calm).fill(run('none')),
  ]
  const word = (real: Figures[], simulated: Figures[]) => judge('storm', real, [], simulated).rows[0]!
  expect(word(runs(8, 7), runs(20, 43))).toMatch(/\| at the edge \|$/)
  expect(word(runs(8, 7), runs(3, 60))).toMatch(/DIFFERS \|$/)
  expect(word(runs(12, 3), runs(30, 33))).toMatch(/DIFFERS \|$/)
  expect(word(runs(3, 2), runs(10, 11))).toMatch(/DIFFERS \|$/)
  expect(word(runs(8, 7), runs(40, 23))).toMatch(/\| at the edge \|$/)
  expect(word(runs(8, 7), runs(63, 0))).toMatch(/DIFFERS \|$/)
  expect(word(runs(12, 3), runs(63, 0))).toMatch(/\| same \|$/)
})

describe('a list', () => {
  const of = (list: number | null) => [{ ...run('none'), list }]
  const remark = (real: number | null, model: number | null, simulated: number | null) => {
    const { agrees, rows } = judge('storm', of(real), of(model), of(simulated))
    return [agrees, rows.at(-1)!.split(' | ').at(-1)]
  }

  it('has to be as long in simulation, and in real time', () => {
    expect(remark(500, 520, 510)).toEqual([true, 'within, 2 % |'])
    expect(remark(500, 520, 560)).toEqual([false, 'FAR OFF, 11 % |'])
    expect(remark(500, 400, 510)).toEqual([false, 'FAR OFF in real time, 20 % |'])
    expect(remark(11, 3, 11)).toEqual([false, 'FAR OFF in real time, 73 % |'])
    // Timers are as exact as that.
    expect(remark(11, 7, 11)).toEqual([true, 'within, 0 % |'])
  })

  it('is no agreement where one side has none', () => {
    expect(remark(500, 500, null)).toEqual([false, 'FAR OFF: none on some side |'])
    expect(remark(500, null, 500)).toEqual([false, 'FAR OFF: none on some side |'])
  })
})

it('a scenario whose runs were worth nothing agrees with nothing', () => {
  expect(undecided('storm', 'three runs')).toMatchObject({ agrees: false })
})

describe('the simulation, held against recorded runs of a real Cyrus', () => {
  it('has the same verdicts, and lists as long', async () => {
    const disagreeing: string[] = []
    for (const scenario of SCENARIOS.filter(({ name }) => name in recorded.runs)) {
      const { agrees, rows } = await judgedOf(scenario)
      if (!agrees) disagreeing.push(rows.join('\n'))
    }
    expect(disagreeing).toEqual([])
  }, 120_000)

  it.each<{ broken: Broken; name: string; row: RegExp }>([
    { broken: 'no-lock', name: '200k mailboxes', row: /a list .*FAR OFF/ },
    { broken: 'endless-workers', name: 'worker cliff', row: /verdict .*DIFFERS/ },
  ])(
    'has not, with $broken: $name',
    async ({ broken, name, row }) => {
      const { agrees, rows } = await judgedOf(SCENARIOS.find(scenario => scenario.name === name)!, broken)
      expect(agrees).toBe(false)
      expect(rows.join('\n')).toMatch(row)
    },
    120_000,
  )
})
