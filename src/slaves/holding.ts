import type { Catalogue, VersionId } from './catalogue.js'

const NOTHING = -1
/** Sizes of a page: 2 kB, or 8 kB where there are so many mailboxes that small ones would be too many. */
const SMALL_BITS = 9
const LARGE_BITS = 11
const MANY_NAMES = 32_768

/**
 * Which state of each mailbox somebody holds, and a digest of it all: the sum of the states' hashes, so that it does not
 * depend on the order in which they came. Four bytes a mailbox, in pages: nothing is copied while mailboxes keep coming,
 * which with ten thousand slaves is most of what a thread would do. Who holds the same as somebody else shares his pages, until
 * one of both changes one.
 */
export class Holding {
  lo = 0
  hi = 0
  /** Mailboxes that are there. */
  count = 0
  /** Version + 1 by mailbox; 0 where nothing was ever heard of it. */
  private pages: (Int32Array | undefined)[] = []
  /** By page: 1 where it is somebody else's too. */
  private shared: Uint8Array | undefined
  private bits: number

  constructor(private readonly catalogue: Catalogue) {
    this.bits = catalogue.names < MANY_NAMES ? SMALL_BITS : LARGE_BITS
  }

  /** @returns the version; -1 where nothing was ever heard of the mailbox */
  at(name: number): VersionId {
    const page = this.pages[name >>> this.bits]
    return page === undefined ? NOTHING : page[name & (page.length - 1)] - 1
  }

  /** Another one that holds the same. */
  share(): Holding {
    const other = new Holding(this.catalogue)
    other.lo = this.lo
    other.hi = this.hi
    other.count = this.count
    other.bits = this.bits
    other.pages = [...this.pages]
    this.shared = new Uint8Array(this.pages.length).fill(1)
    other.shared = this.shared.slice()
    return other
  }

  /** @returns the version before */
  set(version: VersionId): VersionId {
    const { catalogue } = this
    const name = catalogue.versionName[version]
    const page = this.ownPage(name)
    const at = name & ((1 << this.bits) - 1)
    const before = page[at] - 1
    if (before !== NOTHING) this.count -= this.weigh(before, -1)
    this.count += this.weigh(version, 1)
    page[at] = version + 1
    return before
  }

  isThere(name: number): boolean {
    const version = this.at(name)
    return version !== NOTHING && this.catalogue.isThere(version)
  }

  equals(other: Holding): boolean {
    return this.count === other.count && this.lo === other.lo && this.hi === other.hi
  }

  private weigh(version: VersionId, sign: 1 | -1): 0 | 1 {
    this.lo = (this.lo + sign * this.catalogue.versionLo[version]) | 0
    this.hi = (this.hi + sign * this.catalogue.versionHi[version]) | 0
    return this.catalogue.isThere(version) ? 1 : 0
  }

  /** The page of a mailbox, to be written to. */
  private ownPage(name: number): Int32Array {
    const index = name >>> this.bits
    const page = this.pages[index] ?? this.addPage(name)
    if (this.shared?.[index] !== 1) return page
    this.shared[index] = 0
    const own = page.slice()
    this.pages[index] = own
    return own
  }

  private addPage(name: number): Int32Array {
    if (name >= MANY_NAMES && this.bits === SMALL_BITS) this.enlarge()
    const index = name >>> this.bits
    const known = this.pages[index]
    if (known !== undefined) return known
    while (this.pages.length <= index) this.pages.push(undefined)
    const page = new Int32Array(1 << this.bits)
    this.pages[index] = page
    return page
  }

  /** There are more than were thought of: once, what is there moves to large pages. */
  private enlarge(): void {
    const small = this.pages
    this.pages = []
    this.shared = undefined
    this.bits = LARGE_BITS
    for (const [i, page] of small.entries()) {
      const first = i << SMALL_BITS
      if (page !== undefined) this.addPage(first).set(page, first & ((1 << LARGE_BITS) - 1))
    }
  }
}

export interface Difference {
  readonly kind: 'missing' | 'extra' | 'stale' | 'repeated'
  readonly name: string
}

/**
 * What `found` has otherwise than `expected`.
 *
 * @param isOpen mailboxes of which it is not known what they should be
 * @param most names given; all are counted
 */
export function differences(
  catalogue: Catalogue,
  expected: Holding,
  found: Holding,
  isOpen: (name: number) => boolean,
  most: number,
): { readonly count: number; readonly first: Difference[] } {
  const first: Difference[] = []
  let count = 0
  for (let name = 0; name < catalogue.names; name++) {
    const kind = differenceAt(catalogue, expected, found, name)
    if (kind === undefined || isOpen(name)) continue
    count++
    if (first.length < most) first.push({ kind, name: catalogue.nameOf(name) })
  }
  return { count, first }
}

function differenceAt(
  { versionLo, versionHi }: Catalogue,
  expected: Holding,
  found: Holding,
  name: number,
): Difference['kind'] | undefined {
  const wanted = expected.isThere(name)
  if (wanted !== found.isThere(name)) return wanted ? 'missing' : 'extra'
  if (!wanted) return undefined
  const [a, b] = [expected.at(name), found.at(name)]
  return versionLo[a] === versionLo[b] && versionHi[a] === versionHi[b] ? undefined : 'stale'
}
