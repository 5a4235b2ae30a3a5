import { describe, expect, it } from 'vitest'
import type { SlaveMove, SlaveMoveKind } from '../../src/metrics/interval.js'
import { detectThrash, dumpCost } from '../../src/slaves/thrash.js'

const D = 2e9
const S = 1e9

/** `slave kind@seconds` */
function moves(...texts: string[]): SlaveMove[] {
  return texts
    .map(text => {
      const [, slave, kind, at] = /^(\d+) ([a-z-]+)@([\d.]+)$/.exec(text)!
      return { slave: Number(slave), kind: kind as SlaveMoveKind, atNs: Number(at) * S }
    })
    .sort((a, b) => a.atNs - b.atNs)
}

/** A list that took so long. */
const list = (slave: number, from: number, to: number) => [
  `${slave} dump@${from}`,
  `${slave} listed@${to}`,
  `${slave} ready@${to}`,
]

describe('thrash', () => {
  it('is none while lists come and nobody times out', () => {
    const thrash = detectThrash(moves(...list(0, 0, 3), ...list(1, 1, 6)), D, 12 * S)
    expect(thrash).toEqual({
      state: 'none',
      onsetNs: undefined,
      endNs: undefined,
      cycles: 0,
      causedTimeouts: 0,
      dumpShare: 0.5,
      leastReady: 1,
    })
  })

  it('is found among very many time-outs, in little time', () => {
    const kinds = ['timed-out', 'dropped', 'dump', 'listed', 'ready'] as const
    const seen = Array.from({ length: 150_000 }, (_, i) =>
      kinds.map((kind, k): SlaveMove => ({ slave: i % 2, kind, atNs: (i + k / 10) * S })),
    ).flat()
    const { state, causedTimeouts } = detectThrash(seen, D, 150_000 * S)
    expect(state).toBe('none')
    expect(causedTimeouts).toBe(149_999)
  }, 5_000)

  it('is none where time-outs come without lists', () => {
    const thrash = detectThrash(moves(...list(0, 0, 1), '0 timed-out@20', '1 timed-out@21'), D, 60 * S)
    expect(thrash).toMatchObject({ state: 'none', causedTimeouts: 0, cycles: 0 })
  })

  it('is none where a list costs others theirs, and that is all', () => {
    const thrash = detectThrash(moves(...list(0, 0, 9), '1 timed-out@5', ...list(1, 10, 11)), D, 60 * S)
    expect(thrash).toMatchObject({ state: 'none', causedTimeouts: 1, cycles: 1 })
  })

  it('is sustained where resyncs cause resyncs to the end', () => {
    const seen = moves(...list(0, 0, 9), '1 timed-out@5', ...list(1, 7, 20), '2 timed-out@13', '2 dump@16')
    expect(detectThrash(seen, D, 20 * S)).toMatchObject({
      state: 'sustained',
      onsetNs: 5 * S,
      endNs: undefined,
      cycles: 2,
      causedTimeouts: 2,
      dumpShare: 1,
    })
  })

  it('has ended when all lists have come, and nobody timed out for long enough to come back and do so again', () => {
    const seen = moves(...list(0, 0, 9), '1 timed-out@5', ...list(1, 9, 12), '2 timed-out@11', ...list(2, 14, 15))
    expect(detectThrash(seen, D, 18.1 * S)).toMatchObject({ state: 'ended', endNs: 15 * S, cycles: 2 })
    expect(detectThrash(seen, D, 17.9 * S)).toMatchObject({ state: 'sustained' })
  })

  it('does not blame a list that had ended before the silence began, nor a slave’s own', () => {
    const seen = moves(...list(0, 0, 1), '1 timed-out@5.1', '2 dump@30', '2 timed-out@31')
    expect(detectThrash(seen, D, 60 * S)).toMatchObject({ causedTimeouts: 0 })
  })

  it('begins a new chain with a restart', () => {
    const seen = moves(...list(0, 0, 9), '1 timed-out@5', '1 restarted@6', ...list(1, 6, 9), '2 timed-out@8')
    expect(detectThrash(seen, D, 10 * S)).toMatchObject({ cycles: 1, causedTimeouts: 2, state: 'none' })
  })
})

describe('slaves ready at once', () => {
  const all = ['0 joined@0', '1 joined@0', '2 joined@0', ...list(0, 0, 1), ...list(1, 0, 2), ...list(2, 0, 3)]
  const leastReady = (seconds: number, ...texts: string[]) => detectThrash(moves(...texts), D, seconds * S).leastReady

  it('are counted from when all had been ready once', () => {
    expect(leastReady(60, ...all)).toBe(3)
    expect(leastReady(2.5, ...all.slice(0, -1))).toBeUndefined()
    expect(leastReady(60)).toBeUndefined()
    expect(leastReady(60, ...all, '3 joined@4')).toBe(3)
  })

  it.each(['timed-out', 'dropped', 'restarted', 'left', 'dump'])('loses one that has %s', kind => {
    expect(leastReady(60, ...all, `1 ${kind}@20`, '1 ready@21', `2 ${kind}@22`)).toBe(2)
    expect(leastReady(60, ...all, `1 ${kind}@20`, `2 ${kind}@21`, `2 dump@25`)).toBe(1)
  })

  it('are those of the thrash, between its onset and its end', () => {
    const before = [
      '0 restarted@4',
      '2 restarted@4',
      '1 restarted@4',
      ...list(0, 4, 9),
      ...list(2, 4, 4.5),
      '1 ready@4.2',
    ]
    const during = ['1 timed-out@5', ...list(1, 9, 12), '2 timed-out@11', ...list(2, 14, 15)]
    const after = ['0 left@40', '1 left@41', '2 left@42']
    const seen = [...all, ...before, ...during]
    expect(detectThrash(moves(...seen, ...after), D, 60 * S)).toMatchObject({ state: 'ended', leastReady: 1 })
    expect(leastReady(16, ...seen, '0 restarted@15.5', '1 restarted@15.6')).toBe(1)
    expect(leastReady(16, ...seen, '0 restarted@15.5', '1 restarted@15.6', '2 restarted@15.7')).toBe(0)
  })

  it('are not fewer because a phase without slaves was between two with them', () => {
    const anew = [
      '0 joined@30',
      '1 joined@30',
      '2 joined@30',
      ...list(0, 30, 31),
      ...list(1, 30, 32),
      ...list(2, 30, 33),
    ]
    expect(leastReady(60, ...all, ...anew)).toBe(3)
    expect(leastReady(60, ...all, ...anew, '0 dropped@40')).toBe(2)
  })
})

describe('what a list costs', () => {
  it('is the time with lists on their way, shared out: a master gives them one by one', () => {
    const cost = dumpCost(moves(...list(0, 0, 1), ...list(1, 0, 2), ...list(2, 0, 3), ...list(0, 10, 11)), 60 * S)
    expect(cost).toEqual({ count: 4, holdNs: S })
  })

  it('leaves out what did not arrive', () => {
    expect(dumpCost(moves('0 dump@1', '0 dropped@5', '1 dump@6'), 9 * S)).toBeUndefined()
  })
})
