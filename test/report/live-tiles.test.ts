import { describe, expect, it } from 'vitest'
import { noopTile, operationsTile } from '../../src/report/browser/live-tiles.js'
import { idleSecond, timeOf } from '../live/live-second.js'

describe('what stands above the charts of a run that goes on', () => {
  it('says when no NOOP was answered, and what is a lower bound', () => {
    expect(noopTile(undefined)).toEqual([])
    expect(noopTile('none answered')).toEqual([['NOOP p99, this second', 'none answered', '']])
    expect(noopTile(timeOf(2000, ['p99', 'max']))).toEqual([['NOOP p99, this second', '≥ 2.00 ms', 'half 2.00 ms']])
  })

  it('counts what ended well, of what was offered, if that is known', () => {
    const create = { count: 10, failed: 4, unfinished: 0, ratePerSecond: 10 }
    const open = { ...idleSecond(1000), operations: { create }, offeredPerSecond: { create: 20 } }
    expect(operationsTile(open)).toEqual([['operations done', '6/s', 'of 20/s']])
    expect(operationsTile({ ...open, offeredPerSecond: {} })).toEqual([['operations done', '6/s', '']])
    expect(operationsTile({ ...open, operations: {} })).toEqual([['operations done', '0/s', 'of 20/s']])
    expect(operationsTile(idleSecond(1000))).toEqual([])
  })
})
