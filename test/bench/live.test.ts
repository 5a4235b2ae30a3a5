import { expect, it } from 'vitest'
import { servedAll } from '../../bench/live.js'

it('does not count a crowd that was served nothing, or next to nothing', () => {
  const served = { durationS: 30, secondsSeen: 28, answers: 2800 }
  expect(servedAll(served)).toBe(true)
  expect(servedAll({ ...served, secondsSeen: 0 })).toBe(false)
  expect(servedAll({ ...served, answers: 10 })).toBe(false)
  // The link was never printed: there was no crowd.
  expect(servedAll({ durationS: 30 })).toBe(false)
})
