import { describe, expect, it } from 'vitest'
import { Slowness } from '../../../src/masters/embedded/slowness.js'

const PIECES = 4000
const ROUNDS = 7

/** @returns µs of CPU that this process took for the same work */
function work(afterEach: () => void): number {
  const before = process.cpuUsage()
  let sum = 0
  for (let i = 0; i < PIECES; i++) {
    for (let j = 0; j < 4000; j++) sum = (sum * 31 + j) | 0
    afterEach()
  }
  expect(sum).not.toBe(0.5)
  const { user, system } = process.cpuUsage(before)
  return user + system
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]
}

describe('slowness', () => {
  it.each([0, 0.2, 1])('of %d takes that much more CPU', share => {
    work(() => {})
    const ratios = Array.from({ length: ROUNDS }, () => {
      const plain = work(() => {})
      const slowness = new Slowness(share)
      return work(() => slowness.pay()) / plain
    })
    expect(median(ratios) - 1).toBeGreaterThan(share * 0.6 - 0.1)
    expect(median(ratios) - 1).toBeLessThan(share * 1.4 + 0.1)
  })
})
