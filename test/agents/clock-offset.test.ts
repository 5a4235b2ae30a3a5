import fc from 'fast-check'
import { expect, it } from 'vitest'
import { clockOffset } from '../../src/agents/clock-offset.js'

const ways = fc.array(fc.tuple(fc.nat(5e6), fc.nat(5e6)), { minLength: 1, maxLength: 40 })

it('is not wrong by more than it says, however long a message waits on its way', () => {
  fc.assert(
    fc.property(fc.integer({ min: -1e12, max: 1e12 }), ways, (ahead, trips) => {
      const { ns, errorNs } = clockOffset(
        trips.map(([there, back], i) => {
          const askedNs = i * 1e9
          return { askedNs, saidNs: askedNs + there + ahead, heardNs: askedNs + there + back }
        }),
      )
      expect(Math.abs(ns - ahead)).toBeLessThanOrEqual(errorNs + 1)
      expect(errorNs).toBe(Math.ceil(Math.min(...trips.map(([there, back]) => there + back)) / 2))
    }),
  )
})
