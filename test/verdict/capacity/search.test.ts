import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TrialLength, Tried } from '../../../src/verdict/capacity/evidence.js'
import { type Conclusion, nextStep, type SearchOptions } from '../../../src/verdict/capacity/search.js'

const OPTIONS: SearchOptions = {
  start: 10,
  least: 1,
  most: 1_000_000,
  resolution: 0.01,
  budgetMs: 3_600_000,
  fixedMs: { short: 10_000, full: 20_000 },
  guessMs: { short: 15_000, full: 25_000 },
}

type Answer = Pick<Tried, 'outcome' | 'marginal' | 'durationMs'>
type Oracle = (value: number, length: TrialLength, index: number) => Answer

const CLEAR = { marginal: false, durationMs: 15_000 }

function exact(truth: number): Oracle {
  return (value, length) => ({
    outcome: value <= truth ? 'held' : 'failed',
    marginal: false,
    durationMs: length === 'short' ? 12_000 : 22_000,
  })
}

/** What is measured of the objective is the load's share of the truth, and noise of so much to either side. */
function noisy(truth: number, noise: number, random: () => number): Oracle {
  return (value, length) => {
    const measured = (value / (truth + 0.5)) * (1 + noise * (2 * random() - 1))
    return {
      outcome: measured <= 1 ? 'held' : 'failed',
      marginal: Math.abs(Math.log(measured)) < Math.log(1.25),
      durationMs: length === 'short' ? 12_000 : 22_000,
    }
  }
}

function search(options: SearchOptions, oracle: Oracle, before: readonly Tried[] = []) {
  const trials = [...before]
  for (;;) {
    const step = nextStep(options, trials)
    if (step.kind === 'end') return { trials, conclusion: step.conclusion }
    const { value, length } = step
    expect(value, 'whole and in range').toSatisfy(
      (v: number) => Number.isInteger(v) && v >= options.least && v <= options.most,
    )
    trials.push({ value, length, ...oracle(value, length, trials.length) })
    if (trials.length > 300) throw new Error('it does not end')
  }
}

/** Of 0 to 1, from a seed: for oracles, not for keys. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const spent = (trials: readonly Tried[]) => trials.reduce((sum, { durationMs }) => sum + durationMs, 0)

describe('without noise', () => {
  it.each([
    { truth: 49, low: 49, high: 50 },
    { truth: 16, low: 16, high: 17 },
    { truth: 32, low: 32, high: 33 },
    { truth: 3, low: 3, high: 4 },
    { truth: 10, low: 10, high: 11 },
  ])('$truth is found to the last one', ({ truth, low, high }) => {
    const { conclusion, trials } = search(OPTIONS, exact(truth))
    expect(conclusion).toMatchObject({ low, high, beyond: 'failed', isCutShort: false, doubtful: [] })
    expect(conclusion.confirmed).toEqual({ low: true, high: true })
    expect(trials.length).toBeLessThan(16)
  })

  it('doubles first, then halves on a log scale', () => {
    const { trials } = search(OPTIONS, exact(100))
    expect(trials.slice(0, 7).map(({ value }) => value)).toEqual([10, 20, 40, 80, 160, 113, 95])
  })

  it('the interval contains any truth, and is as small as was asked for', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500_000 }), fc.integer({ min: 1, max: 5_000 }), (truth, start) => {
        const { conclusion } = search({ ...OPTIONS, start }, exact(truth))
        expect(conclusion.low! <= truth && truth < conclusion.high!).toBe(true)
        expect(conclusion.high! - conclusion.low!).toBeLessThanOrEqual(Math.max(1, conclusion.low! * 0.01))
      }),
    )
  })

  it('nothing holds: there is no limit, and the least load failed', () => {
    expect(search(OPTIONS, exact(0)).conclusion).toMatchObject({ low: null, high: 1, beyond: 'failed' })
  })

  it('everything holds: at least as much as was asked for', () => {
    const { conclusion } = search({ ...OPTIONS, most: 100 }, exact(1000))
    expect(conclusion).toMatchObject({ low: 100, high: null, beyond: 'range', confirmed: { low: true, high: false } })
  })
})

describe('noise', () => {
  it('a marginal trial is repeated, at most twice, and a clear one is not', () => {
    const oracle: Oracle = value => ({ ...CLEAR, outcome: value < 40 ? 'held' : 'failed', marginal: value === 40 })
    const { trials } = search(OPTIONS, oracle)
    const times = (value: number) => trials.filter(trial => trial.value === value && trial.length === 'short').length
    expect(times(40)).toBe(3)
    expect(times(20)).toBe(1)
  })

  it('trials of one load that contradict each other make the interval go round it', () => {
    let turn = 0
    const oracle: Oracle = value => ({
      ...CLEAR,
      outcome: value < 40 || (value === 40 && turn++ % 2 === 0) ? 'held' : 'failed',
      marginal: value === 40,
    })
    const { conclusion } = search(OPTIONS, oracle)
    expect(conclusion).toMatchObject({ low: 39, high: 41, doubtful: [40] })
  })

  it('a full-length trial that fails where short ones held is believed', () => {
    const oracle: Oracle = (value, length) => ({
      ...CLEAR,
      outcome: value <= (length === 'short' ? 49 : 30) ? 'held' : 'failed',
    })
    expect(search(OPTIONS, oracle).conclusion).toMatchObject({
      low: 30,
      high: 31,
      confirmed: { low: true, high: true },
    })
  })

  it('once full-length trials refute short ones, what only short ones held is confirmed before more is halved above it', () => {
    const oracle: Oracle = (value, length) => ({
      ...CLEAR,
      outcome: value <= (length === 'short' ? 5000 : 3000) ? 'held' : 'failed',
    })
    const { trials, conclusion } = search({ ...OPTIONS, start: 1000, resolution: 0.05 }, oracle)
    expect(conclusion.low!).toBeGreaterThan(2850)
    expect(conclusion.high!).toBeLessThan(3150)
    const full = trials.filter(({ length }) => length === 'full').map(({ value }) => value)
    // With halving first it would be ten.
    expect(full.length).toBeLessThanOrEqual(8)
  })

  it('a full-length trial that holds where short ones failed is believed', () => {
    const oracle: Oracle = (value, length) => ({
      ...CLEAR,
      outcome: value <= (length === 'short' ? 49 : 70) ? 'held' : 'failed',
    })
    expect(search(OPTIONS, oracle).conclusion).toMatchObject({ low: 70, high: 71 })
  })

  it('what holds now and then has not held: where a short trial failed, a full one that held is made once more', () => {
    // As with a real mupdate that was told 33 workers, and had up to three more, as chance has it.
    const spare = [0, 3, 0, 2, 0, 1, 0]
    let turn = 0
    const oracle: Oracle = (value, length) => {
      const more = length === 'short' ? 0 : spare[turn++ % spare.length]!
      return { ...CLEAR, outcome: value <= 33 + more ? 'held' : 'failed' }
    }
    const { conclusion, trials } = search(OPTIONS, oracle)
    expect(conclusion.low).toBeLessThanOrEqual(33)
    expect(conclusion.low).toBeGreaterThanOrEqual(32)
    const twice = trials.filter(({ value, length, outcome }) => value > 33 && length === 'full' && outcome === 'held')
    for (const { value } of twice)
      expect(trials.filter(trial => trial.value === value && trial.length === 'full').length).toBeGreaterThan(1)
  })

  it('what short trials said of smaller loads is forgotten when a full-length one holds', () => {
    // In short ones 20 to 30 are a matter of chance.
    let turn = 0
    const oracle: Oracle = (value, length) => {
      const isShort = length === 'short'
      const isOdd = isShort && value >= 20 && value <= 30
      return {
        ...CLEAR,
        outcome: isOdd ? (turn++ % 2 === 0 ? 'failed' : 'held') : value <= (isShort ? 30 : 60) ? 'held' : 'failed',
        marginal: isOdd,
      }
    }
    expect(search(OPTIONS, oracle).conclusion).toMatchObject({ low: 60, high: 61, doubtful: [] })
  })

  const setup = fc.record({
    truth: fc.integer({ min: 2, max: 200_000 }),
    seed: fc.integer(),
    noise: fc.double({ min: 0.001, max: 0.2, noNaN: true }),
    start: fc.integer({ min: 1, max: 1000 }),
  })
  const run = ({ truth, seed, noise, start }: { truth: number; seed: number; noise: number; start: number }) =>
    search({ ...OPTIONS, start }, noisy(truth, noise, randomOf(seed))).conclusion

  it('however it falls, the interval reaches to within the noise of the truth', () => {
    fc.assert(
      fc.property(setup, given => {
        const { low, high } = run(given)
        const { truth, noise } = given
        expect(low ?? 0).toBeLessThanOrEqual((truth + 0.5) / (1 - noise))
        expect(high!).toBeGreaterThan((truth + 0.5) / (1 + noise))
      }),
    )
  })

  it('nearly always it contains the truth itself', () => {
    let contained = 0
    const SEARCHES = 400
    for (let seed = 1; seed <= SEARCHES; seed++) {
      const random = randomOf(seed)
      const truth = Math.round(10 ** (1 + 4 * random()))
      const { low, high } = run({ truth, seed, noise: 0.05, start: 10 })
      if ((low ?? 0) <= truth && truth < high!) contained++
    }
    expect(contained / SEARCHES).toBeGreaterThan(0.9)
  })
})

describe('the harness as the limit', () => {
  const limited =
    (truth: number, own: number): Oracle =>
    value => ({ ...CLEAR, outcome: value > own ? 'harness' : value <= truth ? 'held' : 'failed' })

  it('is never the master’s', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 5000 }), (truth, own) => {
        const { conclusion } = search(OPTIONS, limited(truth, own))
        const { low, high, ceiling, beyond } = conclusion
        expect(low!).toBeLessThanOrEqual(Math.min(truth, own))
        // What is called a failure of the master lies where the harness could still tell.
        if (high !== null) expect(high > truth && high <= own, `${high}`).toBe(true)
        else expect({ beyond, isAbove: ceiling! > own }).toEqual({ beyond: 'harness', isAbove: true })
        if (own >= 2 * truth && own >= OPTIONS.start) expect(beyond).toBe('failed')
        if (own <= truth) expect(low!).toBeGreaterThanOrEqual(Math.floor(own * 0.99) - 1)
      }),
    )
  })

  it('that was so once is looked at again, and does not count if it was chance', () => {
    const oracle: Oracle = (value, _, index) => ({
      ...CLEAR,
      outcome: index === 2 ? 'harness' : value <= 90 ? 'held' : 'failed',
    })
    expect(search(OPTIONS, oracle).conclusion).toMatchObject({ low: 90, high: 91, ceiling: null })
  })

  it('is looked at again in trials of the same length', () => {
    const alike = { ...OPTIONS, fixedMs: { short: 20_000, full: 20_000 } }
    expect(new Set(search(alike, limited(100, 40)).trials.map(({ length }) => length))).toEqual(new Set(['full']))
  })

  it('in full-length trials alone leaves what short ones say, unconfirmed', () => {
    const oracle: Oracle = (value, length) => ({
      ...CLEAR,
      outcome: length === 'full' ? 'harness' : value <= 49 ? 'held' : 'failed',
    })
    const { conclusion, trials } = search(OPTIONS, oracle)
    expect(conclusion).toMatchObject({ low: 49, high: 50, confirmed: { low: false, high: false } })
    expect(trials.filter(({ length }) => length === 'full')).toHaveLength(4)
  })

  it('now and then does not make it go on for ever at a marginal load', () => {
    const oracle: Oracle = (value, _, index) => ({
      ...CLEAR,
      outcome: value > 60 && index % 2 === 1 ? 'harness' : value <= 90 ? 'held' : 'failed',
      marginal: value > 60,
    })
    expect(search({ ...OPTIONS, budgetMs: 1e12 }, oracle).trials.length).toBeLessThan(60)
    const always: Oracle = (value, length, index) =>
      index === 3 ? { ...CLEAR, outcome: 'held', marginal: true } : limited(1000, 60)(value, length, index)
    expect(search({ ...OPTIONS, budgetMs: 1e12 }, always).trials.length).toBeLessThan(60)
  })

  it('at the least load leaves nothing known', () => {
    expect(search(OPTIONS, limited(100, 0)).conclusion).toMatchObject({ low: null, high: null, beyond: 'harness' })
  })
})

describe('the budget', () => {
  const setup = fc.record({
    truth: fc.integer({ min: 1, max: 5000 }),
    budgetMs: fc.integer({ min: 60_000, max: 900_000 }),
    seed: fc.integer(),
  })

  it('is kept within 10 % while no trial takes longer than one like it did by more than that', () => {
    fc.assert(
      fc.property(setup, ({ truth, budgetMs, seed }) => {
        const random = randomOf(seed)
        const oracle: Oracle = (value, length) => ({
          outcome: value <= truth ? 'held' : 'failed',
          marginal: false,
          durationMs: (length === 'short' ? 10_000 : 20_000) + 4_500 + 500 * random(),
        })
        const { trials, conclusion } = search({ ...OPTIONS, budgetMs }, oracle)
        expect(spent(trials)).toBeLessThanOrEqual(budgetMs * 1.1)
        if (conclusion.low !== null) expect(conclusion.low).toBeLessThanOrEqual(truth)
        if (conclusion.high !== null) expect(conclusion.high).toBeGreaterThan(truth)
      }),
    )
  })

  it('leaves room for the trials that confirm', () => {
    const { conclusion, trials } = search({ ...OPTIONS, budgetMs: 200_000 }, exact(1234))
    expect(conclusion).toMatchObject({ confirmed: { low: true, high: true }, isCutShort: true, beyond: 'failed' })
    expect(trials.slice(-2).map(({ length }) => length)).toEqual(['full', 'full'])
  })

  it('that ends before anything failed says so', () => {
    expect(search({ ...OPTIONS, budgetMs: 70_000 }, exact(1e6)).conclusion).toMatchObject({
      high: null,
      beyond: 'budget',
      isCutShort: true,
    })
  })

  it('counts on longer trials of larger loads', () => {
    const grows: Oracle = value => ({ outcome: 'held', marginal: false, durationMs: 10_000 + value * 100 })
    const { trials } = search({ ...OPTIONS, budgetMs: 300_000 }, grows)
    expect(spent(trials)).toBeLessThanOrEqual(330_000)
    expect(Math.max(...trials.map(({ value }) => value))).toBeGreaterThan(100)
  })
})

it('a search that was cut off anywhere and goes on comes to the same end', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5000 }),
      fc.double({ min: 0, max: 0.2, noNaN: true }),
      fc.integer(),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (truth, noise, seed, cut) => {
        // What a trial comes to depends on the load and how often it was tried, as a simulation's does.
        const oracle: Oracle = (value, length, index) =>
          noisy(truth, noise, randomOf(seed ^ (value * 31 + index)))(value, length, index)
        const whole: { trials: Tried[]; conclusion: Conclusion } = search(OPTIONS, oracle)
        const kept = whole.trials.slice(0, Math.floor(cut * whole.trials.length))
        expect(search(OPTIONS, oracle, kept)).toEqual(whole)
      },
    ),
  )
})
