import { expect, it } from 'vitest'
import { dealt } from '../../src/agents/agent-crew.js'
import type { Shard } from '../../src/engine/plan.js'

const shards = (count: number): Shard[] =>
  Array.from({ length: count }, (_, i) => ({
    name: `load-${i + 2}`,
    runs: ['slaves', 'kicks'],
    share: { index: i + 1, of: count + 1 },
  }))
const names = (count: number, ...capacities: number[]) =>
  dealt(
    shards(count),
    capacities.map(capacity => ({ capacity })),
  ).map(part => part.length)

it('gives each agent as much as it may be given, and where there is less, each some', () => {
  expect(names(4, 1, 3)).toEqual([1, 3])
  expect(names(3, 1, 3)).toEqual([1, 2])
  expect(names(2, 4, 4)).toEqual([1, 1])
  expect(names(0, 2)).toEqual([0])
})
