import type { RecordSpan } from '../wire/record-scanner.js'
import type { Catalogue } from './catalogue.js'
import { Holding } from './holding.js'
import type { KnownRun } from './known-list.js'
import type { Ledger } from './ledger.js'
import { ListReading } from './list-reading.js'
import { UpdateCounts } from './update-counts.js'

/** Keeps account of what one slave holds, record by record. A list takes effect when it is whole, as a slave's does. */
export class Follower {
  /** Of the last whole list, and what streamed since. */
  holding: Holding
  /** Mutations up to this one were made before it came: nobody owed it them. */
  since: number
  /** Of a list that is on its way. */
  private reading: ListReading | undefined
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
    this.reading = new ListReading(this.catalogue)
  }

  /** Takes records of a list that are, byte for byte, what another slave has read. @returns undefined where they are not */
  takeKnown(bytes: Uint8Array, at: number, limit: number): KnownRun | undefined {
    return this.reading?.takeKnown(bytes, at, limit)
  }

  take(record: RecordSpan, atNs: number): void {
    if (this.reading !== undefined) this.reading.take(record)
    else if (this.ledger.held?.hold(this, record, atNs) !== true) this.update(record, atNs)
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
    const list = this.reading?.end()
    if (list === undefined) return
    this.reading = undefined
    if (this.ledger.held?.holdList(this, list, atNs) !== true) this.replace(list, atNs)
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
    this.reading = undefined
  }
}
