import { decodeFromCompressedBase64, build } from 'hdr-histogram-js'
import fc from 'fast-check'
import { beforeAll, expect, it } from 'vitest'
import { addCounts, countsIn } from '../../src/metrics/encoded-histogram.js'
import {
  decodeHistogram,
  encodeHistogram,
  HIGHEST_NS,
  loadHistograms,
  newHistogram,
  recordMany,
  summarise,
} from '../../src/metrics/latency.js'

beforeAll(loadHistograms)

const times = fc.array(
  fc.tuple(
    fc.oneof(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 1, max: HIGHEST_NS }), fc.constant(HIGHEST_NS)),
    fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 1e7 })),
  ),
  { maxLength: 60 },
)

it('adding what an encoding holds is adding the histogram that the library makes of it', () => {
  fc.assert(
    fc.property(times, times, (before, added) => {
      const [ours, theirs, other] = [newHistogram(), newHistogram(), newHistogram()]
      for (const [ns, count] of before) for (const into of [ours, theirs]) recordMany(into, ns, count)
      for (const [ns, count] of added) recordMany(other, ns, count)
      const encoded = encodeHistogram(other)
      const decoded = decodeHistogram(encoded)
      theirs.add(decoded)
      addCounts(ours, countsIn(encoded))
      expect(summarise(ours, Infinity)).toEqual(summarise(theirs, Infinity))
      expect(encodeHistogram(ours)).toBe(encodeHistogram(theirs))
      for (const histogram of [ours, theirs, other, decoded]) histogram.destroy()
    }),
  )
})

it('takes nothing of another layout, of which values would be wrong', () => {
  expect(() => countsIn('')).toThrow('not a histogram')
  expect(() => countsIn('HISTFAAA')).toThrow('not a histogram')
  const coarse = build({ numberOfSignificantValueDigits: 2, highestTrackableValue: HIGHEST_NS, useWebAssembly: true })
  coarse.recordValue(1000)
  const encoded = encodeHistogram(coarse)
  expect(decodeFromCompressedBase64(encoded).totalCount).toBe(1)
  expect(() => countsIn(encoded)).toThrow('another layout')
})
