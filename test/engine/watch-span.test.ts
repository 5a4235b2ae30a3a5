import { expect, it } from 'vitest'
import { WatchSpan } from '../../src/engine/watch.js'

it('a span says how much of all CPUs was used in it', () => {
  const span = new WatchSpan()
  expect(span.hostCpuMs).toBeUndefined()
  const host = { atNs: 0, elapsedNs: 250e6, busyCores: 1.2, stealShare: 0, runnable: 1, load1: 0 }
  span.add(undefined, undefined, host)
  span.add(undefined, undefined, { ...host, busyCores: 0.8 })
  expect(span.hostCpuMs).toBeCloseTo(500)
})
