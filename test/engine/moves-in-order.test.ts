import { expect, it } from 'vitest'
import { MovesInOrder } from '../../src/engine/moves-in-order.js'
import type { SlaveMove } from '../../src/metrics/interval.js'

const listed = (atNs: number, slave: number): SlaveMove => ({ atNs, slave, kind: 'listed', records: atNs })
const times = (moves: readonly SlaveMove[]) => moves.map(({ atNs }) => atNs)

it('gives moves out in order of time, once all threads have told of all until then', () => {
  const order = new MovesInOrder(['load', 'load-2'])
  expect(times(order.add({ worker: 'load-2', toNs: 20, moves: [listed(19, 1), listed(5, 1)] }))).toEqual([])
  // Of the probes' thread nobody waits for anything.
  expect(times(order.add({ worker: 'probes', toNs: 99, moves: [] }))).toEqual([])
  expect(times(order.add({ worker: 'load', toNs: 10, moves: [listed(9, 0)] }))).toEqual([5, 9])
  expect(times(order.add({ worker: 'load', toNs: 30, moves: [listed(25, 0)] }))).toEqual([19])
  expect(times(order.rest())).toEqual([25])
  expect(order.rest()).toEqual([])
})

it('of one thread gives all at once', () => {
  const order = new MovesInOrder(['load'])
  expect(times(order.add({ worker: 'load', toNs: 10, moves: [listed(9, 0), listed(3, 1)] }))).toEqual([3, 9])
})
