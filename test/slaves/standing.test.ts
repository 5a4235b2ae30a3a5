import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SlaveMoveKind } from '../../src/metrics/interval.js'
import { Standings } from '../../src/slaves/standing.js'

function told(...moves: readonly [slave: number, kind: SlaveMoveKind][]): Record<string, number> {
  const standings = new Standings()
  standings.add(moves.map(([slave, kind], atNs) => ({ atNs, slave, kind })))
  return Object.fromEntries(Object.entries(standings.counts).filter(([, count]) => count > 0))
}

describe('slaves by what they are at', () => {
  it('follows one through a resync', () => {
    const life: [SlaveMoveKind, string][] = [
      ['joined', 'connecting'],
      ['dump', 'dumping'],
      ['listed', 'merging'],
      ['ready', 'streaming'],
      ['timed-out', 'timed out'],
      ['refused', 'connecting'],
      ['dump', 'dumping'],
      ['dropped', 'connecting'],
      ['dump', 'dumping'],
      ['restarted', 'connecting'],
    ]
    for (let n = 1; n <= life.length; n++) {
      const moves = life.slice(0, n).map(([kind]): [number, SlaveMoveKind] => [7, kind])
      expect(told(...moves), life[n - 1]![0]).toEqual({ [life[n - 1]![1]]: 1 })
    }
  })

  it('forgets who has left', () => {
    expect(told([1, 'ready'], [2, 'ready'], [1, 'left'])).toEqual({ streaming: 1 })
    expect(told([1, 'left'])).toEqual({})
  })

  it('counts each slave once, however the moves are cut into intervals', () => {
    const kinds: SlaveMoveKind[] = ['joined', 'dump', 'listed', 'ready', 'timed-out', 'dropped', 'refused', 'left']
    const moves = fc.array(fc.record({ atNs: fc.nat(), slave: fc.nat(5), kind: fc.constantFrom(...kinds) }))
    fc.assert(
      fc.property(moves, fc.nat(20), (all, cut) => {
        const [whole, inTwo] = [new Standings(), new Standings()]
        whole.add(all)
        inTwo.add(all.slice(0, cut))
        inTwo.add(all.slice(cut))
        expect(inTwo.counts).toEqual(whole.counts)
        expect(Object.values(whole.counts).reduce((sum, count) => sum + count, 0)).toBe(whole.known)
      }),
    )
  })
})
