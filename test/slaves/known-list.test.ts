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

interface Reading {
  readonly follower: Follower
  /** Read one by one, and taken as they stand. */
  readonly parsed: number
  readonly known: number
}

/** Reads a list in pieces of these sizes, again and again; what a piece cuts off is read with the next one. */
function read(ledger: Ledger, list: List, sizes: readonly number[], takesKnown = true): Reading {
  const follower = new Follower(ledger.catalogue, ledger, ledger.followers.size)
  const wire = wireOf(list)
  let [parsed, known] = [0, 0]
  const onRecord = (record: RecordSpan) => {
    parsed++
    follower.take(record, 0)
  }
  const takeKnown = (bytes: Uint8Array, at: number, limit: number) => {
    const run = follower.takeKnown(bytes, at, limit)
    if (run === undefined) return at
    known += run.to - run.from
    return run.end
  }
  const scanner = new RecordScanner('U01', DEFAULT_LIMITS, takesKnown ? { onRecord, takeKnown } : { onRecord })
  follower.beginList()
  let at = 0
  for (let limit = 0, i = 0; limit < wire.length; i++) {
    limit = Math.min(wire.length, limit + sizes[i % sizes.length]!)
    // In another buffer each time, as from a socket.
    const piece = Buffer.from(wire.subarray(at, limit))
    at += scanner.scan(piece, 0, piece.length)
  }
  expect(at).toBe(wire.length)
  follower.endList(0)
  return { follower, parsed, known }
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
    const early = new Follower(ledger.catalogue, ledger, 9)
    const wire = wireOf(list)
    const onRecord = (record: RecordSpan) => early.take(record, 0)
    const takeKnown = (bytes: Uint8Array, at: number, limit: number) => early.takeKnown(bytes, at, limit)?.end ?? at
    const broken = new Follower(ledger.catalogue, ledger, 8)
    broken.beginList()
    new RecordScanner('U01', DEFAULT_LIMITS, { onRecord: record => broken.take(record, 0) }).scan(wire, 0, wire.length)
    broken.dropList()
    early.beginList()
    new RecordScanner('U01', DEFAULT_LIMITS, { onRecord, takeKnown }).scan(wire, 0, wire.length)
    make(ledger, ['user.u1', 'other\tlrs\t'])
    make(ledger, ['user.u1', 'a\tlrs\t'])
    const late = read(ledger, list, [65_536]).follower
    early.endList(0)
    expect([early, late].map(follower => orderAt(follower, ledger, 'user.u1'))).toEqual([0, 2])
  })

  it('comes to the same as records read one by one, whatever was changed and wherever its pieces end', () => {
    const name = fc.integer({ min: 0, max: 30 }).map(i => `user.u${i}`)
    const state = fc.tuple(name, fc.constantFrom('a\tlrs\t', 'b\tl\t', '', undefined))
    const list = fc.uniqueArray(state, { selector: ([each]) => each, maxLength: 12 })
    const edit = fc.record({ at: fc.nat(12), deleted: fc.nat(1), put: list.map(each => each.slice(0, 1)) })
    const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 5 })
    // One that was read before, with or without changes.
    const reading = fc.record({ of: fc.nat(), edits: fc.array(edit, { maxLength: 2 }), sizes })
    // What a slave hears, and what somebody makes of a mailbox.
    const change = fc.record({ to: fc.nat(7), heard: list, made: fc.option(state, { nil: undefined }) })
    fc.assert(
      fc.property(list, fc.array(fc.oneof(reading, change), { minLength: 1, maxLength: 12 }), (first, steps) => {
        const [ledger, plain] = [newLedger(), newLedger()]
        const pairs: (readonly [ours: Follower, theirs: Follower])[] = []
        const lists: List[] = [first]
        for (const step of steps) {
          if ('of' in step) {
            const now = step.edits.reduce(edited, lists[step.of % lists.length]!)
            const ours = read(ledger, now, step.sizes)
            expect(ours.parsed + ours.known).toBe(now.length)
            pairs.push([ours.follower, read(plain, now, step.sizes, false).follower])
            lists.push(now)
            continue
          }
          for (const follower of pairs[step.to] ?? []) stream(follower, step.heard)
          if (step.made !== undefined) for (const each of [ledger, plain]) make(each, step.made)
        }
        for (const [ours, theirs] of pairs) {
          expect(ours.holding.equals(theirs.holding)).toBe(true)
          for (let i = 0; i < ledger.catalogue.names; i++)
            expect(orderAt(ours, ledger, ledger.catalogue.nameOf(i))).toBe(
              orderAt(theirs, plain, ledger.catalogue.nameOf(i)),
            )
        }
      }),
      { numRuns: 500 },
    )
  })
})

function edited(list: List, { at, deleted, put }: { at: number; deleted: number; put: List }): List {
  const rest = list.toSpliced(at, deleted)
  return rest.toSpliced(at, 0, ...put.filter(([name]) => rest.every(([other]) => other !== name)))
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
