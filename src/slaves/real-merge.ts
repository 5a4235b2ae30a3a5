import { databaseKey } from '../core/database-key.js'
import type { Catalogue } from './catalogue.js'
import type { Holding } from './holding.js'

/** What a real slave would not have after a resync, though its master was never told to take it away. */
export interface RealLoss {
  readonly slave: number
  /** When the list was whole. */
  readonly atNs: number
  /** Mailboxes that it held before. */
  readonly held: number
  /** In the list, and deleted all the same: by the order in which the two lists are merged. */
  readonly byMerge: number
  /** No more in the list, though nothing had deleted them, and they are to be there: the master had lost them. */
  readonly byList: number
  /** The first of them. */
  readonly names: readonly string[]
}

/** Mailboxes as one bit each: a tenth of what the holding itself takes. */
class NameSet {
  private readonly bits: Uint8Array

  constructor(holding: Holding, names: number) {
    this.bits = new Uint8Array((names + 7) >> 3)
    for (let name = 0; name < names; name++) if (holding.isThere(name)) this.bits[name >> 3] |= 1 << (name & 7)
  }

  get byteLength(): number {
    return this.bits.length
  }

  has(name: number): boolean {
    return ((this.bits[name >> 3] ?? 0) & (1 << (name & 7))) !== 0
  }
}

interface Resync {
  readonly slave: number
  readonly atNs: number
  readonly held: NameSet
  readonly heldCount: number
  readonly listed: NameSet
  /** Held, not listed, and not deleted by anybody. */
  readonly vanished: readonly number[]
}

/** For what is kept until the run is over; resyncs beyond it are counted only. */
const MOST_BYTES = 64e6
const MOST_NAMED = 10

/**
 * A real slave does not replace its mailboxes by the master's list: it merges the two by strcmp, while both come in the
 * order of the database, in which `.` sorts before all that a name can hold (imap/mupdate.c, mupdate_synchronize). Where
 * mailboxes went away in between, others can go with them.
 */
export class RealMerges {
  private readonly resyncs: Resync[] = []
  private byteCount = 0
  /** Resyncs that were not looked at, for want of memory. */
  skipped = 0

  constructor(private readonly catalogue: Catalogue) {}

  /** Only where something held is not in the list can anything be lost. @param before what the slave held */
  note(slave: number, before: Holding, list: Holding, atNs: number): void {
    const { catalogue } = this
    let gone = false
    const vanished: number[] = []
    for (let name = 0; name < catalogue.names; name++) {
      if (!before.isThere(name) || list.isThere(name)) continue
      gone = true
      if (catalogue.shouldBeThere(name)) vanished.push(name)
    }
    if (!gone) return
    const held = new NameSet(before, catalogue.names)
    const listed = new NameSet(list, catalogue.names)
    this.byteCount += held.byteLength + listed.byteLength + vanished.length * 8
    if (this.byteCount > MOST_BYTES) this.skipped++
    else this.resyncs.push({ slave, atNs, held, heldCount: before.count, listed, vanished })
  }

  /**
   * Sorts all names.
   *
   * @param isExpected whether a mailbox should be there in the end
   */
  losses(isExpected: (name: number) => boolean): RealLoss[] {
    if (this.resyncs.length === 0) return []
    const { order, rank } = this.orders()
    const losses: RealLoss[] = []
    for (const { slave, atNs, held, heldCount, listed, ...resync } of this.resyncs) {
      const merged = mergedAway(order, rank, held, listed)
      const vanished = resync.vanished.filter(isExpected)
      if (merged.length + vanished.length === 0) continue
      const names = [...merged, ...vanished].slice(0, MOST_NAMED).map(name => this.catalogue.nameOf(name))
      losses.push({ slave, atNs, held: heldCount, byMerge: merged.length, byList: vanished.length, names })
    }
    return losses
  }

  /** All mailboxes in the database's order, and the place of each in that of strcmp. */
  private orders(): { order: Int32Array; rank: Int32Array } {
    const { catalogue } = this
    const names = Array.from({ length: catalogue.names }, (_, id) => catalogue.nameOf(id))
    const keys = names.map(databaseKey)
    const ids = names.map((_, id) => id)
    const rank = new Int32Array(names.length)
    const byText = (texts: readonly string[]) => (a: number, b: number) =>
      texts[a] < texts[b] ? -1 : texts[a] > texts[b] ? 1 : 0
    for (const [place, id] of [...ids].sort(byText(names)).entries()) rank[id] = place
    return { order: Int32Array.from(ids.sort(byText(keys))), rank }
  }
}

/**
 * The merge, step by step.
 *
 * @param order all mailboxes as the database has them: both lists come so
 * @param rank place of each in the order by which the merge compares them
 * @returns those of the list that are not there in the end
 */
export function mergedAway(
  order: Int32Array,
  rank: Int32Array,
  held: { has(name: number): boolean },
  listed: { has(name: number): boolean },
): number[] {
  const local = order.filter(name => held.has(name))
  const remote = order.filter(name => listed.has(name))
  const deleted = new Set<number>()
  let l = 0
  let r = 0
  while (l < local.length && r < remote.length) {
    if (local[l] === remote[r]) {
      l++
      r++
    } else if (rank[local[l]] < rank[remote[r]]) {
      deleted.add(local[l++])
    } else {
      deleted.delete(remote[r++])
    }
  }
  while (l < local.length) deleted.add(local[l++])
  while (r < remote.length) deleted.delete(remote[r++])
  return [...deleted].filter(name => listed.has(name))
}
