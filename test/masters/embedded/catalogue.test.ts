import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ABSENT, Catalogue } from '../../../src/masters/embedded/catalogue.js'
import { type Span, spanOf, spanText } from '../../../src/masters/embedded/span.js'

/** The database's order, by way of strings: domain, then 0x1D, then the name with `.` as 0x1F and `^` as `.`. */
function key(name: string): string {
  const bang = name.indexOf('!')
  const domain = bang < 0 ? '' : `${name.slice(0, bang)}\x1d`
  const rest = name.slice(bang + 1)
  return domain + rest.replaceAll('.', '\x1f').replaceAll('^', '.')
}

function byKey(a: string, b: string): number {
  return key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : a < b ? -1 : a > b ? 1 : 0
}

function names(catalogue: Catalogue, after?: Span): string[] {
  const found: string[] = []
  catalogue.walk(after, address => {
    found.push(spanText(catalogue.records.name(address)))
    return true
  })
  return found
}

function put(catalogue: Catalogue, name: string, location: string, acl?: string): void {
  catalogue.put(spanOf(name), spanOf(location), acl === undefined ? undefined : spanOf(acl))
}

const name = fc.oneof(
  fc.stringMatching(/^[ab.^!\- ']{0,8}$/),
  fc.uint8Array({ maxLength: 6 }).map(bytes => Buffer.from(bytes).toString('latin1')),
  fc.nat(5000).map(n => `user.u${n}.f`),
)
const change = fc.record({
  kind: fc.constantFrom('activate', 'reserve', 'remove'),
  name,
  location: fc.constantFrom('be1!a', 'be22!part', '', `x!${'y'.repeat(2000)}`),
  acl: fc.oneof(
    fc.constant(''),
    fc.constant('anyone\tlrs\t'),
    fc.nat(9000).map(n => 'z'.repeat(n)),
  ),
})

describe('Catalogue', () => {
  it('is a map in the order of the names', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 400, size: 'max' }), changes => {
        const catalogue = new Catalogue()
        const model = new Map<string, { name: string; location: string; acl: string; state: string }>()
        for (const { kind, name, location, acl } of changes) {
          if (kind === 'remove') {
            expect(catalogue.remove(spanOf(name))).toBe(model.delete(name))
            continue
          }
          const active = kind === 'activate'
          put(catalogue, name, location, active ? acl : undefined)
          model.set(name, { name, location, acl: active ? acl : '', state: active ? 'active' : 'reserved' })
        }
        expect(catalogue.size).toBe(model.size)
        expect(names(catalogue)).toEqual([...model.keys()].sort(byKey))
        for (const record of model.values()) {
          expect(catalogue.record(catalogue.find(spanOf(record.name)))).toEqual(record)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('keeps many thousands in order, however they arrive and go', () => {
    const catalogue = new Catalogue()
    const all = Array.from({ length: 20_000 }, (_, i) => `user.u${(i * 7919) % 20_000}.x`)
    for (const name of all) put(catalogue, name, 'be!p', 'acl')
    expect(names(catalogue)).toEqual([...all].sort(byKey))
    for (const name of all.slice(0, 19_000)) expect(catalogue.remove(spanOf(name))).toBe(true)
    expect(names(catalogue)).toEqual(all.slice(19_000).sort(byKey))
    for (const name of all) put(catalogue, name, 'be!p', 'acl')
    expect(catalogue.size).toBe(20_000)
  })

  it('orders as 3.6.1 listed these (measured)', () => {
    const listed = [
      'ex-a.com!user.a',
      'ex.com!user.a.b',
      'ex.com!user.a-b',
      'user.zzp.a.b',
      'user.zzp.a-b',
      'user.zzp.a^b',
      'zzp.a',
      'zzp.a.b',
      'zzp.a b',
      'zzp.a&AOk-b',
      "zzp.a'b",
      'zzp.a-b',
      'zzp.a^b',
      'zzp.a/b',
      'zzp.ab',
      'zzp.a!b',
    ]
    const catalogue = new Catalogue()
    for (const name of [...listed].reverse()) put(catalogue, name, 'be!p')
    expect(names(catalogue)).toEqual(listed)
  })

  it('walks on from a name that is gone by now', () => {
    const catalogue = new Catalogue()
    for (const name of ['a', 'b', 'c', 'd']) put(catalogue, name, 'be!p')
    catalogue.remove(spanOf('b'))
    expect(names(catalogue, spanOf('b'))).toEqual(['c', 'd'])
    expect(names(catalogue, spanOf('d'))).toEqual([])
  })

  it('uses freed memory again', () => {
    const catalogue = new Catalogue()
    put(catalogue, 'a', 'be!p', 'acl')
    const first = catalogue.find(spanOf('a'))
    catalogue.remove(spanOf('a'))
    expect(catalogue.find(spanOf('a'))).toBe(ABSENT)
    put(catalogue, 'b', 'be!p', 'acl')
    expect(catalogue.find(spanOf('b'))).toBe(first)
  })

  it('needs no more memory for a record that grows and shrinks', () => {
    const catalogue = new Catalogue()
    const addresses = new Set<number>()
    for (let i = 0; i < 1000; i++) {
      put(catalogue, 'a', 'be!p', 'x'.repeat((i % 10) * 100))
      addresses.add(catalogue.find(spanOf('a')))
    }
    expect(addresses.size).toBeLessThanOrEqual(10)
  })

  it('holds each record as the wire has it', () => {
    const catalogue = new Catalogue()
    put(catalogue, 'user.bob', 'be1!default', 'bob\tlrs\t')
    put(catalogue, 'user.bob.x', 'be1!default')
    const wire = (name: string) => spanText(catalogue.records.wire(catalogue.find(spanOf(name))))
    expect(wire('user.bob')).toBe('{8+}\r\nuser.bob {11+}\r\nbe1!default {8+}\r\nbob\tlrs\t\r\n')
    expect(wire('user.bob.x')).toBe('{10+}\r\nuser.bob.x {11+}\r\nbe1!default\r\n')
  })
})
