import { describe, expect, it } from 'vitest'
import { findRate } from '../../src/cli/find-rate.js'
import { HarnessError } from '../../src/core/errors.js'
import { EXIT, type ExitStatus } from '../../src/core/exit-status.js'

const BUDGET_MS = 3_600_000

interface Trial {
  readonly status: ExitStatus
  readonly rate: number
}

/** A master that bears so many mailboxes a second. @param before of each trial, that is counted from 1 */
async function searched(bears: number, before: (trial: number, controller: AbortController) => ExitStatus | undefined) {
  const controller = new AbortController()
  const rates: number[] = []
  const found = await findRate<Trial>(20, BUDGET_MS, controller.signal, async rate => {
    rates.push(rate)
    const status = before(rates.length, controller) ?? (rate <= bears ? EXIT.pass : EXIT.threshold)
    return { status, rate }
  })
  return { ...found, rates }
}

describe('a search for the highest rate', () => {
  it('ends when it is known to a tenth', async () => {
    const { conclusion, trials, broken, rates } = await searched(100, () => undefined)
    expect(rates.slice(0, 4)).toEqual([20, 40, 80, 160])
    expect(conclusion.isCutShort).toBe(false)
    expect(conclusion.low).toBeLessThanOrEqual(100)
    expect(conclusion.high).toBeGreaterThan(100)
    expect(conclusion.high! / conclusion.low!).toBeLessThan(1.11)
    expect(trials.map(({ rehearsed }) => rehearsed.rate)).toEqual(rates)
    expect(broken).toBeUndefined()
  })

  it.each([
    {
      what: 'between two rehearsals begins no other',
      at: (trial: number, controller: AbortController) => {
        // The rehearsal that was under way was over already, and did not hear it.
        if (trial === 3) controller.abort()
        return undefined
      },
      begun: [20, 40, 80],
      low: 80,
    },
    {
      what: 'in a rehearsal leaves that one out',
      at: (trial: number) => (trial === 3 ? EXIT.interrupted : undefined),
      begun: [20, 40, 80],
      low: 40,
    },
    {
      what: 'in the first one knows nothing',
      at: () => EXIT.interrupted,
      begun: [20],
      low: null,
    },
  ])('that is interrupted $what', async ({ at, begun, low }) => {
    const { conclusion, trials, broken, rates } = await searched(100, at)
    expect(rates).toEqual(begun)
    expect(broken).toBe('interrupted')
    expect(conclusion).toMatchObject({ low, high: null, isCutShort: true })
    expect(trials.at(-1)?.mailboxesPerSecond ?? null).toBe(low)
  })

  it('keeps what it found where a later rehearsal cannot be made', async () => {
    const error = new HarnessError('MASTER_SETUP', 'no room in /dev/shm', 'make some')
    const { conclusion, trials, broken } = await searched(100, trial => {
      if (trial === 2) throw error
      return undefined
    })
    expect(broken).toBe(error)
    expect(conclusion).toMatchObject({ low: 20, isCutShort: true })
    expect(trials).toHaveLength(1)
  })

  it.each([
    { what: 'the first cannot be made', at: 1, error: new HarnessError('MASTER_SETUP', 'no room', 'make some') },
    { what: 'the harness itself is broken', at: 2, error: new TypeError('undefined is not a function') },
  ])('throws where $what', async ({ at, error }) => {
    const search = searched(100, trial => {
      if (trial === at) throw error
      return undefined
    })
    await expect(search).rejects.toBe(error)
  })
})
