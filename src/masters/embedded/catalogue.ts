import type { MailboxRecord } from '../../core/mailbox.js'
import { NameIndex, type Place } from './name-index.js'
import { Probe } from './order.js'
import { Records } from './records.js'
import { type Span, spanText } from './span.js'

/** Returned by {@link Catalogue.find} for a name that is not there. */
export const ABSENT = -1

/** The master's mailboxes: by name, in the order of Cyrus's database, in memory that the garbage collector never sees. */
export class Catalogue {
  readonly records = new Records()
  private readonly index = new NameIndex(this.records)
  private readonly probe = new Probe()
  private readonly place: Place = { block: 0, index: 0 }

  get size(): number {
    return this.index.size
  }

  /** @returns an address for {@link records}, valid until the next change; {@link ABSENT} */
  find(name: Span): number {
    this.probe.set(name)
    return this.index.locate(this.probe, this.place) ? this.index.at(this.place) : ABSENT
  }

  /** @param acl undefined while reserved */
  put(name: Span, location: Span, acl: Span | undefined): void {
    const state = acl === undefined ? 'reserved' : 'active'
    this.probe.set(name)
    if (this.index.locate(this.probe, this.place)) {
      const before = this.index.at(this.place)
      const after = this.records.overwrite(before, state, name, location, acl)
      if (after !== before) this.index.replace(this.place, after)
    } else {
      this.index.insert(this.place, this.records.add(state, name, location, acl))
    }
  }

  /** @returns whether it was there */
  remove(name: Span): boolean {
    this.probe.set(name)
    if (!this.index.locate(this.probe, this.place)) return false
    const address = this.index.at(this.place)
    this.index.remove(this.place)
    this.records.remove(address)
    return true
  }

  /**
   * Calls `visit` with addresses in order, from the first name after `after`.
   *
   * @param after undefined begins at the beginning
   * @param visit must not change the catalogue; false ends the walk, and that record counts as not visited
   * @returns whether the end was reached
   */
  walk(after: Span | undefined, visit: (address: number) => boolean): boolean {
    const place: Place = { block: 0, index: 0 }
    if (after !== undefined) {
      this.probe.set(after)
      if (this.index.locate(this.probe, place)) place.index++
    }
    while (this.index.settle(place)) {
      if (!visit(this.index.at(place))) return false
      place.index++
    }
    return true
  }

  record(address: number): MailboxRecord {
    const { records } = this
    return {
      name: spanText(records.name(address)),
      location: spanText(records.location(address)),
      acl: spanText(records.acl(address)),
      state: records.isActive(address) ? 'active' : 'reserved',
    }
  }
}
