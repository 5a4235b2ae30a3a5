import { createHmac } from 'node:crypto'

/** Enough for halves of two letters too (NIST SP 800-38G has as many). */
const ROUNDS = 10
/** Words come again and again; those that do not are as many as there are users. */
export const MOST_KEPT = 100_000

/**
 * A secret permutation of all words of one shape: one letter for each, of so many. No two words become the same, and none
 * becomes longer. A Feistel network over mixed radices, with additions as FF1 has them, keyed by HMAC-SHA256.
 */
export class Permutation {
  private readonly kept = new Map<string, number[]>()
  private readonly shuffled = new Map<number, readonly number[]>()

  constructor(private readonly key: Uint8Array) {}

  /**
   * @param word of each place which letter it is, from 0
   * @param radices of each place how many letters there are
   */
  of(word: readonly number[], radices: readonly number[]): readonly number[] {
    const id = `${radices.join()}:${word.join()}`
    const known = this.kept.get(id)
    if (known !== undefined) return known
    const permuted = word.length === 1 ? [this.ofOne(word[0], radices[0])] : this.ofMany(word, radices)
    if (this.kept.size === MOST_KEPT) this.kept.clear()
    this.kept.set(id, permuted)
    return permuted
  }

  private ofMany(word: readonly number[], radices: readonly number[]): number[] {
    const half = word.length >> 1
    const parts = [radices.slice(0, half), radices.slice(half)] as const
    const sizes = parts.map(part => part.reduce((size, radix) => size * BigInt(radix), 1n))
    const values = [numberOf(word.slice(0, half), parts[0]), numberOf(word.slice(half), parts[1])]
    const shape = radices.join()
    for (let round = 0; round < ROUNDS; round++) {
      const [changed, other] = round % 2 === 0 ? [0, 1] : [1, 0]
      values[changed] = (values[changed] + this.draw(`${round} ${shape} ${values[other]}`)) % sizes[changed]
    }
    return [...digitsOf(values[0], parts[0]), ...digitsOf(values[1], parts[1])]
  }

  /** With one letter there are no halves: all of them, shuffled. */
  private ofOne(letter: number, radix: number): number {
    const all = this.shuffled.get(radix) ?? this.shuffle(radix)
    this.shuffled.set(radix, all)
    return all[letter]
  }

  private shuffle(radix: number): number[] {
    const all = Array.from({ length: radix }, (_, i) => i)
    for (let i = radix - 1; i > 0; i--) {
      const j = Number(this.draw(`one ${radix} ${i}`) % BigInt(i + 1))
      ;[all[i], all[j]] = [all[j], all[i]]
    }
    return all
  }

  private draw(text: string): bigint {
    return BigInt(`0x${createHmac('sha256', this.key).update(text).digest('hex')}`)
  }
}

function numberOf(word: readonly number[], radices: readonly number[]): bigint {
  return word.reduce((value, letter, i) => value * BigInt(radices[i]) + BigInt(letter), 0n)
}

function digitsOf(value: bigint, radices: readonly number[]): number[] {
  const digits: number[] = []
  for (let i = radices.length - 1; i >= 0; i--) {
    digits[i] = Number(value % BigInt(radices[i]))
    value /= BigInt(radices[i])
  }
  return digits
}
