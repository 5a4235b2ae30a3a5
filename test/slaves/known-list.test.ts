import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Catalogue } from '../../src/slaves/catalogue.js'
import { Follower } from '../../src/slaves/follower.js'
import { Ledger } from '../../src/slaves/ledger.js'
import { encodeCommand } from '../../src/wire/encode.js'
import { DEFAULT_LIMITS } from '../../src/wire/limits.js'
import { RecordScanner, type RecordSpan } from '../../src/wire/record-scanner.js'

/** A list, as a master has it: names and rights, in its order; without rights one that is deleted, which no list should have. */
type List = readonly (readonly [name: string, acl: string | undefined])[]

function wireOf(list: List): Buffer {
  return Buffer.from(
    list
      .map(([name, acl]) =>
        acl === undefined
          ? encodeCommand('U01', { kind: 'DELETE', name })
          : encodeCommand('U01', { kind: 'ACTIVATE', name, location: 'b1!p', acl }).replace('ACTIVATE', 'MAILBOX'),
      )
      .join(''),
    'latin1',
  )
}

/** One slave that reads a list piece by piece; what a piece cuts off is read with the next one. */
class Reading {
  readonly follower: Follower
  /** Records read one by one, and taken as they stand. */
  parsed = 0
  known = 0
  private readonly wire: Buffer
  private readonly scanner: RecordScanner
  private at = 0
  private limit = 0

  constructor(ledger: Ledger, list: List, takesKnown = true) {
    const follower = new Follower(ledger.catalogue, ledger, ledger.followers.size)
    this.follower = follower
    this.wire = wireOf(list)
    const onRecord = (record: RecordSpan) => {
      this.parsed++
      follower.take(record, 0)
    }
    const takeKnown = (bytes: Uint8Array, at: number, limit: number) => {
      const run = follower.takeKnown(bytes, at, limit)
      if (run === undefined) return at
      this.known += run.to - run.from
      return run.end
    }
    this.scanner = new RecordScanner('U01', DEFAULT_LIMITS, takesKnown ? { onRecord, takeKnown } : { onRecord })
    follower.beginList()
  }

  read(byteCount: number): void {
    this.limit = Math.min(this.wire.length, this.limit + byteCount)
    // In another buffer each time, as from a socket.
    const piece = Buffer.from(this.wire.subarray(this.at, this.limit))
    this.at += this.scanner.scan(piece, 0, piece.length)
  }

  end(): void {
    this.read(Infinity)
    expect(this.at).toBe(this.wire.length)
    this.follower.endList(0)
  }
}

/** Reads a list in pieces of these sizes, again and again. */
function read(ledger: Ledger, list: List, sizes: readonly number[], takesKnown = true): Reading {
  const reading = new Reading(ledger, list, takesKnown)
  const bytes = wireOf(list).length
  for (let sum = 0, i = 0; sum < bytes; i++) {
    const size = sizes[i % sizes.length]!
    reading.read(size)
    sum += size
  }
  reading.end()
  return reading
}

const newLedger = () => new Ledger(new Catalogue(), { reached: () => {} })
const numbered = (count: number, acl = 'a\tlrs\t'): List =>
  Array.from({ length: count }, (_, i) => [`user.u${i}`, acl] as const)

describe('a list that another slave has read', () => {
  it('is compared, not taken apart', () => {
    const ledger = newLedger()
    expect(read(ledger, numbered(5000), [65_536])).toMatchObject({ parsed: 5000, known: 0 })
    const second = read(ledger, numbered(5000), [65_536])
    expect(second).toMatchObject({ parsed: 0, known: 5000 })
    expect(second.follower.holding.count).toBe(5000)
  })

  it('is taken apart only where it was changed since', () => {
    const ledger = newLedger()
    const before = numbered(5000)
    read(ledger, before, [65_536])
    const changed: List = before
      .map(([name, acl], i) => [name, i === 700 ? 'other\tlrs\t' : acl] as const)
      .filter((_, i) => i !== 2000)
      .toSpliced(3000, 0, ['user.new', 'a\tlrs\t'])
    const { parsed, known, follower } = read(ledger, changed, [65_536])
    expect(parsed).toBeLessThan(10)
    expect(parsed + known).toBe(changed.length)
    expect(follower.holding.count).toBe(changed.length)
  })

  it('is kept anew when little of it is as it was', () => {
    const ledger = newLedger()
    read(ledger, numbered(2000), [65_536])
    const other = numbered(2000, 'b\tlrs\t')
    expect(read(ledger, other, [65_536])).toMatchObject({ parsed: 2000, known: 0 })
    expect(read(ledger, other, [65_536])).toMatchObject({ parsed: 2000, known: 0 })
    expect(read(ledger, other, [65_536])).toMatchObject({ parsed: 0, known: 2000 })
  })

  it('gives a mailbox the latest version that is the same, should it have been another in between', () => {
    const ledger = newLedger()
    const { catalogue } = ledger
    const list = numbered(3)
    read(ledger, list, [65_536])
    const activate = (acl: string) => ({ kind: 'ACTIVATE', name: 'user.u1', location: 'b1!p', acl }) as const
    ledger.succeeded(ledger.sending(activate('other\tlrs\t'))!, 1)
    const back = ledger.sending(activate('a\tlrs\t'))!
    ledger.succeeded(back, 2)
    const { follower, known } = read(ledger, list, [65_536])
    expect(known).toBe(3)
    expect(follower.holding.at(back.name)).toBe(back.version)
    expect(catalogue.versionOrder[follower.holding.at(back.name)]).toBe(back.order)
  })

  it('has nothing of a DELETE, which a list should not have', () => {
    const ledger = newLedger()
    const list: List = [...numbered(30), ['user.gone', undefined], ['user.z', 'a\tlrs\t']]
    ledger.expectSite([{ name: 'user.gone', location: 'b1!p', acl: '', state: 'active' }])
    const [first, second] = [read(ledger, list, [65_536]), read(ledger, list, [65_536])]
    expect(second.follower.holding.count).toBe(31)
    expect(second.follower.holding.equals(first.follower.holding)).toBe(true)
    expect(second.known).toBe(31)
  })

  it('is held by all who read it as one, until one hears of a change', () => {
    const ledger = newLedger()
    const list = numbered(3000)
    const [first, second, third] = [1, 2, 3].map(() => read(ledger, list, [65_536]).follower)
    stream(second!, [['user.u7', 'other\tlrs\t']])
    stream(second!, [['user.new', 'a\tlrs\t']])
    expect([first, second, third].map(follower => follower!.holding.count)).toEqual([3000, 3001, 3000])
    expect(third!.holding.equals(first!.holding)).toBe(true)
    expect(third!.holding.at(7)).toBe(first!.holding.at(7))
    expect(third!.holding.at(7)).not.toBe(second!.holding.at(7))
    expect(second!.holding.equals(first!.holding)).toBe(false)
    stream(second!, [['user.u7', 'a\tlrs\t']])
    stream(second!, [['user.new', undefined]])
    expect(second!.holding.equals(first!.holding)).toBe(true)
    stream(first!, [['user.u8', undefined]])
    expect(third!.holding.equals(second!.holding)).toBe(true)
    expect(read(ledger, list, [65_536]).follower.holding.equals(third!.holding)).toBe(true)
  })

  it('is not what is held of it by who came before it grew', () => {
    const ledger = newLedger()
    const list = numbered(20)
    read(ledger, list, [65_536])
    const grown: List = [...list, ['user.z', 'a\tlrs\t']]
    read(ledger, grown.with(3, ['user.u3', 'other\tlrs\t']), [65_536])
    expect(read(ledger, grown, [65_536])).toMatchObject({ parsed: 0, known: 21, follower: { holding: { count: 21 } } })
  })

  it('is not held as by somebody who has read it since a mailbox became the same again', () => {
    const ledger = newLedger()
    const list = numbered(20)
    const broken = new Reading(ledger, list)
    broken.read(Infinity)
    broken.follower.dropList()
    const early = new Reading(ledger, list)
    early.read(Infinity)
    make(ledger, ['user.u1', 'other\tlrs\t'])
    make(ledger, ['user.u1', 'a\tlrs\t'])
    const late = read(ledger, list, [65_536]).follower
    early.end()
    expect([early.follower, late].map(follower => orderAt(follower, ledger, 'user.u1'))).toEqual([0, 2])
  })

  it('is looked up anew where a mailbox became the same again after it was forgotten', () => {
    const ledger = newLedger()
    const list = numbered(4)
    read(ledger, list, [65_536])
    const early = new Reading(ledger, list)
    read(ledger, numbered(4, 'other\tl\t'), [65_536])
    make(ledger, ['user.u1', 'x\tl\t'])
    make(ledger, ['user.u1', 'a\tlrs\t'])
    early.end()
    expect(orderAt(early.follower, ledger, 'user.u1')).toBe(2)
  })

  it('is not held as by one whose list had a mailbox twice', () => {
    const ledger = newLedger()
    const twice = new Reading(ledger, [...numbered(3), ['user.u0', 'b\tlrs\t']])
    twice.read(Infinity)
    const list: List = [...numbered(3), ['user.z', 'a\tlrs\t']]
    const { holding } = read(ledger, list, [65_536]).follower
    twice.end()
    const third = read(ledger, list, [65_536])
    expect(third.known).toBe(4)
    expect(third.follower.holding.equals(holding)).toBe(true)
  })

  it('comes to the same as records read one by one, whatever was changed, by whom it is read at one time, and wherever its pieces end', () => {
    const name = fc.integer({ min: 0, max: 12 }).map(i => `user.u${i}`)
    const state = fc.tuple(name, fc.constantFrom('a\tlrs\t', 'b\tl\t', '', undefined))
    const list = fc.uniqueArray(state, { selector: ([each]) => each, maxLength: 10 })
    // Now and then one that is there already.
    const edit = fc.record({ at: fc.nat(12), deleted: fc.nat(1), put: fc.array(state, { maxLength: 1 }) })
    const who = fc.nat()
    const step = fc.oneof(
      // One that was read before, with or without changes.
      fc.record({ begins: fc.nat(), edits: fc.array(edit, { maxLength: 2 }) }),
      fc.record({ reads: who, byteCount: fc.integer({ min: 1, max: 400 }) }),
      fc.record({ ends: who }),
      fc.record({ breaksOff: who }),
      fc.record({ hears: who, list }),
      // What somebody makes of a mailbox.
      fc.record({ makes: state }),
    )
    fc.assert(
      fc.property(list, fc.array(step, { minLength: 1, maxLength: 40 }), (first, steps) => {
        const ledgers = [newLedger(), newLedger()]
        const lists: List[] = [first]
        const readings: { readonly pair: Reading[]; isUnderWay: boolean }[] = []
        const oneOf = (those: typeof readings, at: number) =>
          those.length === 0 ? undefined : those[at % those.length]
        const underWay = (at: number) =>
          oneOf(
            readings.filter(({ isUnderWay }) => isUnderWay),
            at,
          )
        const idle = (at: number) =>
          oneOf(
            readings.filter(({ isUnderWay }) => !isUnderWay),
            at,
          )
        const end = (reading: (typeof readings)[number]) => {
          for (const each of reading.pair) each.end()
          reading.isUnderWay = false
        }
        for (const step of steps) {
          if ('begins' in step) {
            const now = step.edits.reduce(edited, lists[step.begins % lists.length]!)
            lists.push(now)
            const pair = ledgers.map((ledger, i) => new Reading(ledger, now, i === 0))
            readings.push({ pair, isUnderWay: true })
          } else if ('reads' in step) {
            for (const each of underWay(step.reads)?.pair ?? []) each.read(step.byteCount)
          } else if ('ends' in step) {
            const reading = underWay(step.ends)
            if (reading !== undefined) end(reading)
          } else if ('breaksOff' in step) {
            const reading = underWay(step.breaksOff)
            if (reading === undefined) continue
            for (const { follower } of reading.pair) follower.dropList()
            reading.isUnderWay = false
          } else if ('hears' in step) {
            for (const { follower } of idle(step.hears)?.pair ?? []) stream(follower, step.list)
          } else {
            for (const ledger of ledgers) make(ledger, step.makes)
          }
        }
        for (const reading of readings) if (reading.isUnderWay) end(reading)
        const [ours, plain] = ledgers as [Ledger, Ledger]
        expect(ours.missing).toBe(plain.missing)
        for (const { pair } of readings) {
          const [known, parsed] = pair.map(({ follower }) => follower) as [Follower, Follower]
          expect(known.holding.equals(parsed.holding)).toBe(true)
          for (let i = 0; i < ours.catalogue.names; i++) {
            const each = ours.catalogue.nameOf(i)
            expect(orderAt(known, ours, each)).toBe(orderAt(parsed, plain, each))
          }
        }
      }),
      { numRuns: 500 },
    )
  })
})

function edited(list: List, { at, deleted, put }: { at: number; deleted: number; put: List }): List {
  return list.toSpliced(at, deleted, ...put)
}

/** What one hears after its list. */
function stream(follower: Follower, list: List): void {
  const scanner = new RecordScanner('U01', DEFAULT_LIMITS, { onRecord: record => follower.take(record, 0) })
  const wire = wireOf(list)
  expect(scanner.scan(wire, 0, wire.length)).toBe(wire.length)
}

function make(ledger: Ledger, [name, acl]: List[number]): void {
  const sent = ledger.sending(
    acl === undefined ? { kind: 'DELETE', name } : { kind: 'ACTIVATE', name, location: 'b1!p', acl },
  )
  if (sent !== undefined) ledger.succeeded(sent, 1)
}

/** By whom the state was made that somebody holds of a mailbox. */
function orderAt({ holding }: Follower, { catalogue }: Ledger, name: string): number | undefined {
  for (let i = 0; i < catalogue.names; i++) {
    if (catalogue.nameOf(i) !== name) continue
    const version = holding.at(i)
    return version < 0 ? undefined : catalogue.versionOrder[version]
  }
  return undefined
}
