import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

/** Uniform in [0, 1), 32 bits of it. */
export type Random = () => number

/**
 * A stream of its own for one entity (a user, a slave, a backend), so that the work is the same however it is sharded.
 *
 * @param seed the run's seed
 * @param kind what the entity is; streams of different kinds are unrelated
 * @param index which one, a whole number
 */
export function entityRandom(seed: number, kind: string, index: number): Random {
  const generator = xoroshiro128plus(entitySeed(seed, kind, index))
  return () => (generator.next() >>> 0) / 0x1_0000_0000
}

/** Mixes seed, kind and index to 32 bits (murmur3's finalizer, which changes half of the bits for each bit of input). */
export function entitySeed(seed: number, kind: string, index: number): number {
  let hash = mix(seed | 0)
  for (let i = 0; i < kind.length; i++) hash = mix(hash ^ kind.charCodeAt(i))
  hash = mix(hash ^ (index | 0))
  return mix(hash ^ Math.floor(index / 0x1_0000_0000)) | 0
}

function mix(value: number): number {
  let h = value + 0x9e3779b9
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) | 0
}

/** One of a standard normal distribution (Box and Muller). */
export function drawNormal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** Log-normal around the median. @param sigma of its logarithm */
export function drawLogNormal(random: Random, median: number, sigma: number): number {
  return median * Math.exp(sigma * drawNormal(random))
}
