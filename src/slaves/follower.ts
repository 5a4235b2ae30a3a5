import type { RecordSpan } from '../wire/record-scanner.js'
import type { Catalogue } from './catalogue.js'
import { Holding } from './holding.js'
import { KnownListReader, type KnownRun } from './known-list.js'
import type { Ledger } from './ledger.js'
import { UpdateCounts } from './update-counts.js'

/** Keeps account of what one slave holds, record by record. A list takes effect when it is whole, as a slave's does. */
export class Follower {
  /** Of the last whole list, and what streamed since. */
  holding: Holding
  /** Mutations up to this one were made before it came: nobody owed it them. */
  since: number
  private list: Holding | undefined
  private known: KnownListReader | undefined
  private cursor = -1
  /** Of the known list: so many of its first records are in this one too, and not in `list` yet; undefined once they are. */
  private prefix: number | undefined
  private readonly streamed = new UpdateCounts()

  constructor(
    private readonly catalogue: Catalogue,
    private readonly ledger: Ledger,
    /** Number of the slave. */
    private readonly slave: number,
    /** Whether a real one would merge the list into what it has as slaves do; not known of those that are backends too. */
    private readonly merges = true,
  ) {
    this.holding = new Holding(catalogue)
    this.since = ledger.lastOrder
    ledger.follow(this)
  }

  beginList(): void {
    this.list = new Holding(this.catalogue)
    this.known = new KnownListReader(this.catalogue.list)
    this.prefix = 0
    this.cursor = -1
  }

  /** Takes records of a list that are, byte for byte, what another slave has read. @returns undefined where they are not */
  takeKnown(bytes: Uint8Array, at: number, limit: number): KnownRun | undefined {
    const { list, known, catalogue } = this
    if (list === undefined || known === undefined || !known.match(bytes, at, limit)) return undefined
    this.cursor = catalogue.versionName[known.list.version(known.to - 1)]
    if (known.from === this.prefix && !known.list.isOutdated) {
      this.prefix = known.to
      return known
    }
    this.takePrefix()
    for (let place = known.from; place < known.to; place++) list.set(catalogue.latestLike(known.list.version(place)))
    return known
  }

  /** It is not the whole list: then they are taken one by one, like those that follow. */
  private takePrefix(): void {
    const { list, known, prefix } = this
    if (list === undefined || known === undefined || prefix === undefined) return
    // When they were read, nothing had come after them.
    for (let place = 0; place < prefix; place++) list.set(known.list.version(place))
    this.prefix = undefined
  }

  take(record: RecordSpan, atNs: number): void {
    const { list, catalogue } = this
    if (list !== undefined) {
      this.takePrefix()
      const version = catalogue.identify(record, this.cursor)
      this.cursor = catalogue.versionName[version]
      list.set(version)
      this.known?.readOne(record, this.cursor, version)
      return
    }
    if (this.ledger.held?.hold(this, record, atNs) !== true) this.update(record, atNs)
  }

  /** A record that streamed after the list. */
  update(record: RecordSpan, atNs: number): void {
    const { catalogue } = this
    const version = catalogue.identify(record, -1)
    const before = this.holding.set(version)
    const name = catalogue.versionName[version]
    this.streamed.add(name)
    if (version !== before) this.ledger.reached(this, name, before, version, atNs)
  }

  endList(atNs: number): void {
    const { known, catalogue } = this
    const list = this.wholeList()
    if (list === undefined) return
    this.list = undefined
    this.known = undefined
    if (known?.isStale === true && known.list === catalogue.list) catalogue.forgetList()
    if (this.ledger.held?.holdList(this, list, atNs) !== true) this.replace(list, atNs)
  }

  /** What it has read; where that is all that is known, as others have before, with them. */
  private wholeList(): Holding | undefined {
    const { list, known, prefix } = this
    if (list === undefined || known === undefined) return list
    const { held } = known.list
    if (held !== undefined && prefix === known.list.count) return held.share()
    this.takePrefix()
    if (known.isWhole && !known.list.isOutdated) known.list.held = list.share()
    return list
  }

  /** A whole new list. */
  replace(list: Holding, atNs: number): void {
    const before = this.holding
    this.holding = list
    if (this.merges && before.count > 0) this.ledger.merges.note(this.slave, before, this.holding, atNs)
    this.ledger.caughtUp(this, before, atNs)
  }

  updatesOf(name: number): number {
    return this.streamed.of(name)
  }

  /** The list broke off: what it held before, it still holds. */
  dropList(): void {
    this.list = undefined
    this.known = undefined
  }
}
