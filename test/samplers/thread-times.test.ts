import { describe, expect, it } from 'vitest'
import { threadShares } from '../../src/samplers/thread-times.js'

const times = (...entries: [number, number, number][]) =>
  new Map(entries.map(([tid, runNs, waitNs]) => [tid, { runNs, waitNs }]))

describe('threadShares', () => {
  it('is the delta over the span', () => {
    expect(threadShares(times([7, 1000, 500]), times([7, 1050, 520]), 100)).toEqual([
      { tid: 7, runShare: 0.5, waitShare: 0.2 },
    ])
  })

  it('counts all the time of a thread that began since', () => {
    expect(threadShares(times(), times([8, 30, 10]), 100)).toEqual([{ tid: 8, runShare: 0.3, waitShare: 0.1 }])
  })

  it('takes a number that was given again for a new thread', () => {
    expect(threadShares(times([9, 9000, 9000]), times([9, 20, 0]), 100)).toEqual([
      { tid: 9, runShare: 0.2, waitShare: 0 },
    ])
  })

  it('leaves out a thread that has ended', () => {
    expect(threadShares(times([7, 1, 1]), times(), 100)).toEqual([])
  })

  it('caps what the kernel booked late', () => {
    expect(threadShares(times([7, 0, 0]), times([7, 104, 0]), 100)).toEqual([{ tid: 7, runShare: 1, waitShare: 0 }])
  })
})
