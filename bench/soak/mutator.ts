import type { Random } from '../../src/core/random.js'

/** What grammars break on. */
const SCRAPS = [
  ...['{4294967295+}\r\n', '{99999999999999999999+}', '{0+}\r\n', '{-1+}', '{3}\r\n', '{{', '+}', '"', '\\', '\\\r\n'],
  ...['\0', '\r', '\n', '\r\n', '\n\r', '  ', '\t', '(', '\xff\xfe\x80', 'U01', '*', 'X99999999', 'OK', 'BYE', ' '],
].map(text => Buffer.from(text, 'latin1'))
const RANDOM_SHARE = 0.08
const WHOLE_SHARE = 0.04
const LONGEST_RANDOM = 60
const LONGEST = 4096

type Mutation = (bytes: Buffer) => Buffer

/** Frames that are nearly right: those given, with bits, bytes, parts, counts, tags and line ends changed; some are chance alone. */
export class Mutator {
  private readonly mutations: readonly Mutation[] = [
    bytes => this.flipped(bytes),
    bytes => this.flipped(bytes),
    bytes => this.without(bytes),
    bytes => this.twice(bytes),
    bytes => this.spliced(bytes),
    bytes => this.withScrap(bytes),
    bytes => this.otherCount(bytes),
    bytes => this.otherTag(bytes),
    bytes => this.otherLineEnds(bytes),
  ]

  /** @param seeds frames that are right, and some that were found to be hard */
  constructor(
    private readonly random: Random,
    private readonly seeds: readonly Buffer[],
  ) {}

  next(): Buffer {
    const chance = this.random()
    if (chance < RANDOM_SHARE) return this.bytesByChance()
    let bytes = this.one(this.seeds)
    if (chance < RANDOM_SHARE + WHOLE_SHARE) return bytes
    for (let n = this.one([1, 1, 2, 4]); n > 0; n--) bytes = this.one(this.mutations)(bytes)
    return bytes.subarray(0, LONGEST)
  }

  below(limit: number): number {
    return Math.floor(this.random() * limit)
  }

  private one<T>(items: readonly T[]): T {
    return items[this.below(items.length)]
  }

  private bytesByChance(): Buffer {
    return Buffer.from(Uint8Array.from({ length: this.below(LONGEST_RANDOM) }, () => this.below(256)))
  }

  private flipped(bytes: Buffer): Buffer {
    const copy = Buffer.from(bytes)
    if (copy.length > 0) copy[this.below(copy.length)] ^= 1 << this.below(8)
    return copy
  }

  private without(bytes: Buffer): Buffer {
    const [start, end] = this.span(bytes)
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)])
  }

  private twice(bytes: Buffer): Buffer {
    const [start, end] = this.span(bytes)
    return Buffer.concat([bytes.subarray(0, end), bytes.subarray(start)])
  }

  private spliced(bytes: Buffer): Buffer {
    const other = this.one(this.seeds)
    return Buffer.concat([
      bytes.subarray(0, this.below(bytes.length + 1)),
      other.subarray(this.below(other.length + 1)),
    ])
  }

  private withScrap(bytes: Buffer): Buffer {
    const at = this.below(bytes.length + 1)
    return Buffer.concat([bytes.subarray(0, at), this.one(SCRAPS), bytes.subarray(at)])
  }

  /** A literal that is a little longer or shorter than it says, or much. */
  private otherCount(bytes: Buffer): Buffer {
    const text = bytes.toString('latin1')
    const counts = [...text.matchAll(/\{(\d+)/g)]
    if (counts.length === 0) return bytes
    const { index, 0: found, 1: count } = this.one(counts)
    const near = Number(count) + this.below(7) - 3
    const other = this.one([near, near, near, this.below(600), 2 ** 19 + this.below(3) - 1, 2 ** this.below(70)])
    return Buffer.from(`${text.slice(0, index)}{${other}${text.slice(index + found.length)}`, 'latin1')
  }

  private otherTag(bytes: Buffer): Buffer {
    const tag = this.one(['*', '+', 'U01', 'A01', 'Q01', `X${this.below(20)}`, 'X', '', 'x0', '{3+}'])
    return Buffer.concat([Buffer.from(tag), bytes.subarray(Math.max(0, bytes.indexOf(' ')))])
  }

  private otherLineEnds(bytes: Buffer): Buffer {
    const end = this.one(['\n', '\r', '\r\r\n', '\n\n', '\r\n\r\n', ''])
    return Buffer.from(bytes.toString('latin1').replaceAll('\r\n', end), 'latin1')
  }

  private span(bytes: Buffer): [number, number] {
    const start = this.below(bytes.length + 1)
    return [start, Math.min(bytes.length, start + 1 + this.below(12))]
  }
}
