import { DELETE, type RecordSpan } from '../wire/record-scanner.js'
import type { VersionId } from './catalogue.js'
import type { Holding } from './holding.js'

const NOWHERE = -1
const FIRST_RECORDS = 1024
/** More than most have: what is not written costs no memory, and to grow is to copy all. */
const BYTES_PER_RECORD = 256
/** Lists beyond this are compared no further; where a record begins fits into 32 bits. */
const MOST_BYTES = 256e6
/** Records compared at once at first; more from time to time, while they are the same. */
const FIRST_WINDOW = 4
const MOST_WINDOW = 4096
/** Records read one by one before the next look, where looks keep failing. */
const MOST_PATIENCE = 64
/** A list of which more than one record in so many was not as it was kept is a reason to keep it anew. */
const STALE_ONE_IN = 8

/**
 * The whole list, byte for byte, as the first slave read it. What another one reads is mostly the same bytes, and then to
 * compare them is ten times as fast as to take them apart.
 */
export class KnownList {
  count = 0
  /** What somebody holds who has read it from its first record to its last. */
  held: Holding | undefined
  /** Whether some of its mailboxes may have become something else, and the same again, since. */
  isOutdated = false
  private versions: Int32Array
  /** Where each record begins, and at last where all end. */
  private starts: Uint32Array
  private bytes: Buffer
  /** Of each mailbox, by its number: place in the list + 1. */
  private places: Int32Array

  /** @param expected records that there will be, roughly */
  constructor(expected = 0) {
    const size = Math.max(FIRST_RECORDS, expected)
    this.versions = new Int32Array(size)
    this.starts = new Uint32Array(size + 1)
    this.bytes = Buffer.alloc(Math.min(size * BYTES_PER_RECORD, MOST_BYTES))
    this.places = new Int32Array(size)
  }

  /** Appends a record. @returns false where its mailbox is in it already, or there are too many */
  add({ bytes, start, byteCount }: RecordSpan, name: number, version: VersionId): boolean {
    const from = this.starts[this.count]
    const end = from + byteCount
    if (end > MOST_BYTES || this.has(name)) return false
    if (end > this.bytes.length) this.growBytes(end)
    if (this.count === this.versions.length) this.growRecords()
    if (name >= this.places.length) this.growPlaces(name)
    this.held = undefined
    this.bytes.set(bytes.subarray(start, start + byteCount), from)
    this.places[name] = this.count + 1
    this.versions[this.count] = version
    this.starts[++this.count] = end
    return true
  }

  version(place: number): VersionId {
    return this.versions[place]
  }

  /** @returns -1 where it is not in it */
  placeOf(name: number): number {
    return name < this.places.length ? this.places[name] - 1 : NOWHERE
  }

  has(name: number): boolean {
    return this.placeOf(name) !== NOWHERE
  }

  /** Where a record's bytes begin; for the place after the last one, where all end. */
  startOf(place: number): number {
    return this.starts[place]
  }

  /** Whether the bytes at `at` are the records from `first` on, `next` not included. */
  isSame(bytes: Uint8Array, at: number, first: number, next: number): boolean {
    const [from, to] = [this.starts[first], this.starts[next]]
    return this.bytes.compare(bytes, at, at + to - from, from, to) === 0
  }

  private growBytes(needed: number): void {
    const grown = Buffer.allocUnsafe(Math.max(needed, this.bytes.length * 2))
    grown.set(this.bytes)
    this.bytes = grown
  }

  private growRecords(): void {
    const { versions, starts } = this
    this.versions = new Int32Array(versions.length * 2)
    this.versions.set(versions)
    this.starts = new Uint32Array(versions.length * 2 + 1)
    this.starts.set(starts)
  }

  private growPlaces(name: number): void {
    const { places } = this
    this.places = new Int32Array(Math.max(name + 1, places.length * 2))
    this.places.set(places)
  }
}

/** Records of the known list that were just read: places in it, the end not included, and where their bytes end. */
export interface KnownRun {
  readonly from: number
  readonly to: number
  readonly end: number
}

/** One slave's way through the list that it reads, beside the known one. */
export class KnownListReader implements KnownRun {
  from = 0
  to = 0
  end = 0
  /** Where the next record should be. */
  private place = 0
  private window = FIRST_WINDOW
  /** Records to be read one by one before the next look. */
  private patience = 0
  private failures = 0
  private read = 0
  private different = 0
  /** Records that the list would not have. */
  private refused = 0

  constructor(readonly list: KnownList) {}

  /** @returns whether records that begin at `at` are the known ones; then `from`, `to` and `end` say which */
  match(bytes: Uint8Array, at: number, limit: number): boolean {
    if (this.place === this.list.count) return false
    if (this.patience > 0) {
      this.patience--
      return false
    }
    this.from = this.to = this.place
    this.end = at
    while (this.extend(bytes, limit)) this.window = Math.min(this.window * 2, MOST_WINDOW)
    this.read += this.to - this.from
    this.place = this.to
    if (this.to > this.from) {
      this.failures = 0
      return true
    }
    this.patience = Math.min(2 ** this.failures++, MOST_PATIENCE) - 1
    return false
  }

  /** A record that {@link match} did not take. */
  readOne(record: RecordSpan, name: number, version: VersionId): void {
    const { list } = this
    this.read++
    // A DELETE has no business in a list, and stands for no state that one could have again.
    if (this.place !== list.count || record.kind === DELETE) this.different++
    else if (!list.add(record, name, version)) this.refused++
    const place = list.placeOf(name)
    if (place !== NOWHERE) this.place = place + 1
  }

  /** Whether so much of the list was not as it is known that it should be kept anew. */
  get isStale(): boolean {
    return this.different * STALE_ONE_IN > this.read
  }

  /** Whether it has read all of the list, as it is, and nothing else. */
  get isWhole(): boolean {
    return this.different === 0 && this.refused === 0 && this.read === this.list.count
  }

  /** Adds the next records to the run: as many as the window allows, fewer where they are not all there, or not all the same. */
  private extend(bytes: Uint8Array, limit: number): boolean {
    const { list, to } = this
    let next = Math.min(to + this.window, list.count)
    while (next > to && this.endAfter(next) > limit) next = to + ((next - to) >> 1)
    while (next > to && !list.isSame(bytes, this.end, to, next)) {
      // A quarter of them; of a few, one, before none.
      next = next - to === 1 ? to : Math.max(to + 1, to + ((next - to) >> 2))
      this.window = Math.max(FIRST_WINDOW, next - to)
    }
    if (next === to) return false
    this.end = this.endAfter(next)
    this.to = next
    return true
  }

  /** Where the bytes end if all records up to this place are the known ones. */
  private endAfter(next: number): number {
    return this.end + this.list.startOf(next) - this.list.startOf(this.to)
  }
}
