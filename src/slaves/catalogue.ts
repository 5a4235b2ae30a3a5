import type { MailboxRecord } from '../core/mailbox.js'
import { DELETE, MAILBOX, RESERVE, type RecordKind, RecordSpan } from '../wire/record-scanner.js'
import { KnownList } from './known-list.js'
import { RoomForUnasked } from './room-for-unasked.js'
import { SpanHash } from './span-hash.js'

/** A state of one mailbox that somebody was seen to have, or made. */
export type VersionId = number

const NONE = -1
const FIRST_SIZE = 1024
const NAME_BYTES = 32
/** Of changes during a run. */
const SPARE_SHARE = 0.05

/**
 * Every mailbox and every state of it that was seen, once for all slaves of a thread: a slave then is an array of which
 * state of each it holds. States are told apart by 64-bit hashes of their wire form; names are kept, to be named.
 */
export class Catalogue {
  names = 0
  versions = 0
  /** The whole list as somebody read it last, for those who read it after him. */
  list: KnownList
  /** Of a version: the hash that stands for it in digests (0 where there is no mailbox), and its mailbox. */
  versionLo: Int32Array
  versionHi: Int32Array
  versionName: Int32Array
  /** Number of the mutation that made it; 0 for what was merely seen. */
  versionOrder: Float64Array
  private versionKind: Uint8Array
  private previous: Int32Array
  private latest: Int32Array
  /** The mailbox that came after this one in a list. */
  private next: Int32Array
  private nameLo: Int32Array
  private nameHi: Int32Array
  private nameEnd: Float64Array
  private text: Uint8Array
  /** Open addressing by the name's hash: name + 1. */
  private table: Int32Array
  /** Likewise by the state's hash: version + 1, the latest that is this state. */
  private versionTable: Int32Array
  private readonly hash = new SpanHash()
  private readonly own = new RecordSpan()
  private readonly room: RoomForUnasked

  /**
   * @param expected mailboxes that there will be, roughly: what has to grow is copied, and memory that is new is slow
   * @param holders slaves that will hold them
   */
  constructor(
    private readonly expected = 0,
    holders = 1,
  ) {
    this.room = new RoomForUnasked(expected, holders)
    const size = Math.max(FIRST_SIZE, Math.ceil(expected * (1 + SPARE_SHARE)))
    const slots = 2 ** Math.ceil(Math.log2(size * 2))
    this.list = new KnownList(size)
    this.versionLo = new Int32Array(size)
    this.versionHi = new Int32Array(size)
    this.versionName = new Int32Array(size)
    this.versionOrder = new Float64Array(size)
    this.versionKind = new Uint8Array(size)
    this.previous = new Int32Array(size)
    this.latest = new Int32Array(size).fill(NONE)
    this.next = new Int32Array(size).fill(NONE)
    this.nameLo = new Int32Array(size)
    this.nameHi = new Int32Array(size)
    this.nameEnd = new Float64Array(size)
    this.text = new Uint8Array(size * NAME_BYTES)
    this.table = new Int32Array(slots)
    this.versionTable = new Int32Array(slots)
  }

  /** What is kept of the list is too old: the next one who reads it keeps it anew. */
  forgetList(): void {
    // Who still reads it hears of no change any more.
    this.list.isOutdated = true
    this.list = new KnownList(this.expected)
  }

  /**
   * @param after the mailbox whose record came before it in a list, or -1
   * @returns the version that a record is
   * @throws {HarnessError} `WIRE_LIMIT` when it is a new one, and there are more than there is memory for
   */
  identify(record: RecordSpan, after: number): VersionId {
    const { hash } = this
    if (record.kind !== DELETE) hash.record(record)
    const guess = after === NONE ? NONE : this.next[after]
    if (guess !== NONE && record.kind !== DELETE) {
      const version = this.latest[guess]
      if (this.versionLo[version] === hash.lo && this.versionHi[version] === hash.hi) return version
    }
    const { lo, hi } = hash
    const known = record.kind === DELETE ? NONE : this.find(lo, hi)
    const size = this.names + this.versions
    const name = known === NONE ? this.intern(record) : this.versionName[known]
    if (after !== NONE) this.next[after] = name
    if (known !== NONE) return known
    const version = record.kind === DELETE ? this.deletion(name) : this.add(name, record.kind, lo, hi, 0)
    if (this.names + this.versions > size) this.room.take(record, this)
    return version
  }

  /** @returns the latest version that is the same state as this one: a mailbox may have been something else since */
  latestLike(version: VersionId): VersionId {
    return this.latest[this.versionName[version]] === version
      ? version
      : this.find(this.versionLo[version], this.versionHi[version])
  }

  /**
   * What a mutation makes of a mailbox, before it is sent; `undefined` makes it go.
   *
   * @param isMutation where it is known already whether it changes the mailbox
   * @returns the mailbox, and its new version; `undefined` when that is what it is already
   */
  mutate(
    name: string,
    state: MailboxRecord | undefined,
    order: number,
    isMutation?: boolean,
  ): { readonly name: number; readonly version: VersionId | undefined } {
    const record = this.spanOf(state ?? { name, location: '', acl: '', state: 'active' })
    if (state === undefined) record.kind = DELETE
    else this.hash.record(record)
    const { lo, hi } = this.hash
    const id = this.intern(record)
    const last = this.latest[id]
    const same =
      last !== NONE &&
      (state === undefined
        ? this.versionKind[last] === DELETE
        : this.versionKind[last] !== DELETE && this.versionLo[last] === lo && this.versionHi[last] === hi)
    if (isMutation === undefined ? same : !isMutation) return { name: id, version: undefined }
    const version = state === undefined ? this.add(id, DELETE, 0, 0, order) : this.add(id, record.kind, lo, hi, order)
    return { name: id, version }
  }

  /** The version that a mailbox of the site is, as the generator gives it. */
  known(state: MailboxRecord): VersionId {
    return this.identify(this.spanOf(state), NONE)
  }

  isThere(version: VersionId): boolean {
    return this.versionKind[version] !== DELETE
  }

  /** Whether the last that was done to the mailbox, or seen of it, left it there. */
  shouldBeThere(name: number): boolean {
    return this.isThere(this.latest[name])
  }

  nameOf(id: number): string {
    const start = id === 0 ? 0 : this.nameEnd[id - 1]
    return Buffer.from(this.text.buffer, this.text.byteOffset + start, this.nameEnd[id] - start).toString('latin1')
  }

  /** The latest version that is this state; the hash holds the name too. */
  private find(lo: number, hi: number): VersionId {
    const slot = this.slotOf(lo, hi)
    return this.versionTable[slot] - 1
  }

  private slotOf(lo: number, hi: number): number {
    const { versionTable, versionLo, versionHi } = this
    const mask = versionTable.length - 1
    let slot = lo & mask
    for (let entry = versionTable[slot]; entry !== 0; entry = versionTable[slot]) {
      if (versionLo[entry - 1] === lo && versionHi[entry - 1] === hi) return slot
      slot = (slot + 1) & mask
    }
    return slot
  }

  private deletion(name: number): VersionId {
    for (let version = this.latest[name]; version !== NONE; version = this.previous[version]) {
      if (this.versionKind[version] === DELETE) return version
    }
    return this.add(name, DELETE, 0, 0, 0)
  }

  private add(name: number, kind: RecordKind, lo: number, hi: number, order: number): VersionId {
    const version = this.versions++
    if (version === this.versionLo.length) this.growVersions()
    this.versionLo[version] = lo
    this.versionHi[version] = hi
    this.versionName[version] = name
    // Most are 0, as they are from the start: memory that nobody writes to costs nothing.
    if (order !== 0) this.versionOrder[version] = order
    if (kind !== MAILBOX) this.versionKind[version] = kind
    if (kind !== DELETE) {
      const slot = this.slotOf(lo, hi)
      if (this.versionTable[slot] !== 0 && this.list.has(name)) this.list.isOutdated = true
      this.versionTable[slot] = version + 1
    }
    if (this.versions * 2 > this.versionTable.length) this.growVersionTable()
    // What was merely seen goes below what was made: the latest is what the site should be.
    const last = this.latest[name]
    if (order === 0 && last !== NONE) {
      this.previous[version] = this.previous[last]
      this.previous[last] = version
    } else {
      this.previous[version] = last
      this.latest[name] = version
    }
    return version
  }

  private intern(record: RecordSpan): number {
    const { hash } = this
    hash.range(record.bytes, record.nameStart, record.nameEnd)
    const { lo, hi } = hash
    const mask = this.table.length - 1
    let slot = lo & mask
    for (let entry = this.table[slot]; entry !== 0; entry = this.table[slot]) {
      if (this.nameLo[entry - 1] === lo && this.nameHi[entry - 1] === hi) return entry - 1
      slot = (slot + 1) & mask
    }
    const id = this.names++
    if (id === this.nameLo.length) this.growNames()
    this.table[slot] = id + 1
    this.nameLo[id] = lo
    this.nameHi[id] = hi
    this.latest[id] = NONE
    this.next[id] = NONE
    const start = id === 0 ? 0 : this.nameEnd[id - 1]
    this.nameEnd[id] = this.keepText(record, start)
    if (this.names * 2 > this.table.length) this.growTable()
    return id
  }

  private keepText({ bytes, nameStart, nameEnd }: RecordSpan, start: number): number {
    const end = start + nameEnd - nameStart
    if (end > this.text.length) {
      const grown = new Uint8Array(Math.max(end, this.text.length * 2))
      grown.set(this.text)
      this.text = grown
    }
    this.text.set(bytes.subarray(nameStart, nameEnd), start)
    return end
  }

  /** A record of our own, in the form in which it comes over the wire. */
  private spanOf({ name, location, acl, state }: MailboxRecord): RecordSpan {
    const { own } = this
    const active = state === 'active'
    const text = `${name}${location}${active ? acl : ''}`
    own.bytes = Buffer.from(text, 'latin1')
    own.kind = active ? MAILBOX : RESERVE
    own.nameStart = 0
    own.nameEnd = name.length
    own.locationStart = name.length
    own.locationEnd = name.length + location.length
    own.aclStart = own.locationEnd
    own.aclEnd = text.length
    return own
  }

  private growVersions(): void {
    const size = this.versions * 2
    this.versionLo = grown(this.versionLo, new Int32Array(size))
    this.versionHi = grown(this.versionHi, new Int32Array(size))
    this.versionName = grown(this.versionName, new Int32Array(size))
    this.versionOrder = grown(this.versionOrder, new Float64Array(size))
    this.versionKind = grown(this.versionKind, new Uint8Array(size))
    this.previous = grown(this.previous, new Int32Array(size))
  }

  private growNames(): void {
    const size = this.names * 2
    this.latest = grown(this.latest, new Int32Array(size))
    this.next = grown(this.next, new Int32Array(size))
    this.nameLo = grown(this.nameLo, new Int32Array(size))
    this.nameHi = grown(this.nameHi, new Int32Array(size))
    this.nameEnd = grown(this.nameEnd, new Float64Array(size))
  }

  private growVersionTable(): void {
    this.versionTable = new Int32Array(this.versionTable.length * 2)
    for (let version = 0; version < this.versions; version++) {
      if (this.versionKind[version] === DELETE) continue
      this.versionTable[this.slotOf(this.versionLo[version], this.versionHi[version])] = version + 1
    }
  }

  private growTable(): void {
    const table = new Int32Array(this.table.length * 2)
    const mask = table.length - 1
    for (let id = 0; id < this.names; id++) {
      let slot = this.nameLo[id] & mask
      while (table[slot] !== 0) slot = (slot + 1) & mask
      table[slot] = id + 1
    }
    this.table = table
  }
}

function grown<T extends Int32Array | Float64Array | Uint8Array>(from: T, to: T): T {
  to.set(from)
  return to
}
