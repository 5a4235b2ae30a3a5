import type { Random } from '../core/random.js'
import { rankWays, tailAt, twiceMidranks } from './rank-sums.js'

/** Up to so many pairs all ways are counted; of more, a sample. */
const MOST_COUNTED = 12

/** Paired differences as they stand, and their signed ranks for any signs. */
class SignedDifferences {
  private readonly ranks: number[]
  private readonly places: number[]
  private readonly signs: boolean[]
  private readonly ways: ReturnType<typeof rankWays>
  private readonly whole: number

  constructor(differences: readonly number[]) {
    this.places = differences.map((_, i) => i).filter(i => differences[i] !== 0)
    this.signs = this.places.map(i => differences[i] > 0)
    this.ranks = twiceMidranks(this.places.map(i => Math.abs(differences[i])))
    this.ways = rankWays(this.ranks)
    this.whole = this.ranks.reduce((sum, rank) => sum + rank, 0)
  }

  /** @param isFlipped whether a pair is the other way round @returns Wilcoxon's p of both directions */
  p(isFlipped: (pair: number) => boolean): { readonly greater: number; readonly less: number } {
    if (this.ranks.length === 0) return { greater: 1, less: 1 }
    let positive = 0
    for (let k = 0; k < this.ranks.length; k++)
      if (this.signs[k] !== isFlipped(this.places[k])) positive += this.ranks[k]
    return { greater: tailAt(this.ways, positive), less: tailAt(this.ways, this.whole - positive) }
  }
}

/**
 * Wilcoxon's signed-rank test of one of two measures of the same pairs, which of them a covariate decides: the first where
 * the covariate differs beyond chance (two-sided, at a level), else the second. Each would be exact by itself, and not what
 * looks first and then tests. So it is counted in how many of all ways to turn pairs round, each as a whole, that procedure
 * comes to so small a p: were the sides the same, all ways were as likely.
 *
 * @returns how likely so small a p is by chance; exact up to 12 pairs, from 4,096 ways above that
 */
export function chosenTest(
  covariate: readonly number[],
  first: readonly number[],
  second: readonly number[],
  level: number,
  random: Random,
): { readonly pGreater: number; readonly pLess: number } {
  const [deciding, one, other] = [covariate, first, second].map(values => new SignedDifferences(values))
  const procedure = (isFlipped: (pair: number) => boolean) => {
    const { greater, less } = deciding.p(isFlipped)
    return (2 * Math.min(greater, less) <= level ? one : other).p(isFlipped)
  }
  const seen = procedure(() => false)
  const [all, pairs] = [2 ** MOST_COUNTED, covariate.length]
  const isCounted = pairs <= MOST_COUNTED
  const ways = isCounted ? 2 ** pairs : all
  const rare = { greater: 0, less: 0 }
  for (let way = 0; way < ways; way++) {
    const turned = isCounted ? undefined : Array.from({ length: pairs }, () => way > 0 && random() < 0.5)
    const { greater, less } = procedure(pair => turned?.[pair] ?? (way & (1 << pair)) !== 0)
    if (greater <= seen.greater) rare.greater++
    if (less <= seen.less) rare.less++
  }
  return { pGreater: rare.greater / ways, pLess: rare.less / ways }
}
