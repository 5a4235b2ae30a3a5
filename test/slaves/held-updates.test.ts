import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { HeldUpdates } from '../../src/slaves/held-updates.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('who waits for news is told whether they came: without them nothing may be compared', async () => {
  const held = new HeldUpdates()
  held.release(5)
  expect(await held.known(5)).toBe(true)
  const [soon, never] = [held.known(6), held.known(7)]
  held.release(6)
  expect(await soon).toBe(true)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(await never).toBe(false)
})
