import { expect, it } from 'vitest'
import { WatchSpan } from '../../src/engine/watch.js'

it('a span says for how long hardly any CPU was left, not how it was on average', () => {
  const span = new WatchSpan()
  expect(span.hostFullMs).toBeUndefined()
  const host = { atNs: 0, elapsedNs: 250e6, busyCores: 1.2, stealShare: 0, idleShare: 0.4, runnable: 1, load1: 0 }
  span.add(undefined, undefined, host)
  span.add(undefined, undefined, { ...host, busyCores: 1.8, stealShare: 0.08, idleShare: 0.02 })
  expect(span.hostFullMs).toBeCloseTo(250)
})
