import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Operation } from '../../src/core/operation.js'
import { mailboxes } from '../../src/generators/mailboxes.js'
import { endless, OperationStream } from '../../src/generators/operations.js'
import type { MixSpec, SiteSpec } from '../../src/generators/spec.js'
import { byName, ListModel } from './list-model.js'
import { makeListedSite, makeMix, makeSite, ODD_RECORDS } from './sites.js'

function replay(site: SiteSpec, mix: MixSpec, count: number, seed = 5) {
  const master = new ListModel(mailboxes(site, seed))
  const stream = new OperationStream(site, mix, seed)
  const seen = { create: 0, setacl: 0, rename: 0, delete: 0, find: 0 }
  for (let i = 0; i < count; i++) {
    const operation = stream.next()
    master.apply(operation)
    seen[operation.kind as keyof typeof seen]++
  }
  return { master, stream, seen }
}

function operations(site: SiteSpec, mix: MixSpec, seed: number) {
  return endless(new OperationStream(site, mix, seed))
}

describe.each([
  { title: '3.x, delayed, domains', site: makeSite({ domains: ['example.com', 'uni.example'] }), mix: makeMix() },
  { title: '2.3, final', site: makeSite(), mix: makeMix({ renameStyle: '2.3', deleteStyle: 'final' }) },
  { title: 'plain', site: makeSite({ names: 'plain' }), mix: makeMix() },
  { title: 'much deleted', site: makeSite({ mailboxes: 3000 }), mix: makeMix({ delete: 20 }) },
  { title: 'of a list', site: makeListedSite(), mix: makeMix() },
  { title: 'empty at first', site: makeSite({ mailboxes: 0 }), mix: makeMix() },
])('200,000 operations, $title', ({ site, mix }) => {
  let result: ReturnType<typeof replay>
  beforeAll(() => {
    result = replay(site, mix, 200_000)
  }, 30_000)

  it('never touch what is not there, and reserve only what is not', () => {
    expect(Object.values(result.seen).every(count => count > 1000)).toBe(true)
  })

  it('leave what the model says', () => {
    const { stream, master } = result
    expect(stream.model.size).toBe(master.list.size)
    expect(byName(stream.model.catalogue())).toEqual(byName(master.list.values()))
  })

  it('make no name that is too long to create', () => {
    for (const { name } of result.master.list.values()) {
      if (!name.includes('DELETED.')) expect(name.length).toBeLessThanOrEqual(490)
    }
  })
})

describe('a site of a list', () => {
  it('has its mailboxes, and operations leave alone what is nobody’s, deleted or reserved', () => {
    const site = makeListedSite()
    expect([...mailboxes(site, 1)].slice(-ODD_RECORDS.length)).toEqual(ODD_RECORDS)
    const { master, stream } = replay(site, makeMix({ delete: 20 }), 20_000)
    const untouched = ODD_RECORDS.filter(({ name }) => !/^(.*!)?user\./.test(name) || name === 'user.zoe.new')
    expect(untouched).toHaveLength(4)
    for (const record of untouched) expect(master.list.get(record.name)).toEqual(record)
    // Those of a domain's user are somebody's.
    expect(stream.model.site.listed!.userAt(site.listed!.count - 1)).toMatchObject({
      name: 'joe',
      domain: 'example.com',
      id: 'joe@example.com',
      mailboxes: [{ name: 'example.com!user.joe' }, { name: 'example.com!user.joe.Sent' }],
    })
  })
})

describe('weights', () => {
  it('are respected', () => {
    const { seen } = replay(makeSite(), makeMix({ create: 5, setacl: 2, rename: 1, delete: 0, find: 2 }), 50_000)
    expect(seen.delete).toBe(0)
    const shares = { create: 0.5, setacl: 0.2, rename: 0.1, find: 0.2 }
    for (const kind of ['create', 'setacl', 'rename', 'find'] as const) {
      expect(Math.abs(seen[kind] / 50_000 - shares[kind]), kind).toBeLessThan(0.01)
    }
  })

  it('of nothing are refused', () => {
    const nothing = makeMix({ create: 0, setacl: 0, rename: 0, delete: 0, find: 0 })
    expect(() => new OperationStream(makeSite(), nothing, 1)).toThrow(/no operation/)
  })

  it('that ask for what is not there give creates', () => {
    const site = makeSite({ mailboxes: 0 })
    const stream = new OperationStream(site, makeMix({ create: 0, setacl: 0, rename: 0, find: 0 }), 1)
    expect([stream.next().kind, stream.next().kind, stream.next().kind]).toEqual(['create', 'delete', 'create'])
  })
})

describe('commands', () => {
  const site = makeSite({ domains: ['example.com'] })
  function first(kind: Operation['kind'], mix: Partial<MixSpec> = {}): Operation {
    for (const operation of operations(site, makeMix(mix), 2)) if (operation.kind === kind) return operation
    throw new Error('endless')
  }
  const shape = ({ commands, mailboxes }: Operation) =>
    commands.map(command => `${command.kind} ${mailboxes.indexOf('name' in command ? command.name : '')}`)

  it.each<[Operation['kind'], Partial<MixSpec>, string[]]>([
    ['create', {}, ['RESERVE 0', 'ACTIVATE 0']],
    ['setacl', {}, ['ACTIVATE 0']],
    ['find', {}, ['FIND 0']],
    ['rename', {}, ['DELETE 0', 'RESERVE 1', 'ACTIVATE 1']],
    ['rename', { renameStyle: '2.3' }, ['RESERVE 1', 'ACTIVATE 1', 'DELETE 0']],
    ['delete', {}, ['DELETE 0', 'RESERVE 1', 'ACTIVATE 1']],
    ['delete', { deleteStyle: 'final' }, ['DELETE 0']],
  ])('of %s %j', (kind, mix, expected) => {
    expect(shape(first(kind, mix))).toEqual(expected)
  })

  it('put a deleted mailbox of a domain into that domain', () => {
    const [old, deleted] = first('delete').mailboxes
    expect(deleted).toMatch(/^example\.com!DELETED\.user\..+\.[0-9A-F]{8}$/)
    expect(deleted!.replace('DELETED.', '').slice(0, -9)).toBe(old)
  })

  it('come from the home backend', () => {
    for (const operation of take(2000)) {
      for (const command of operation.commands) {
        if (command.kind !== 'ACTIVATE') continue
        expect(command.location.split('!')[0]).toBe(site.backends[operation.backend]!.server)
      }
    }
  })

  it('of creates go on with the stream of mailboxes', () => {
    const created = take(5000).filter(({ kind }) => kind === 'create')
    const stream = mailboxes({ ...site, mailboxes: site.mailboxes + created.length }, 2)
    expect(created.map(({ mailboxes: [name] }) => name)).toEqual(
      [...stream].slice(site.mailboxes).map(({ name }) => name),
    )
  })

  function take(count: number): Operation[] {
    const stream = new OperationStream(site, makeMix(), 2)
    return Array.from({ length: count }, () => stream.next())
  }
})

it('any site and mix: safe, same again, and the model knows the end', () => {
  const weight = fc.integer({ min: 0, max: 9 })
  const mixes = fc.record({
    create: fc.integer({ min: 1, max: 9 }),
    ...{ setacl: weight, rename: weight, delete: weight, find: weight },
    renameStyle: fc.constantFrom('3.x' as const, '2.3' as const),
    deleteStyle: fc.constantFrom('delayed' as const, 'final' as const),
  })
  const sites = fc.record({
    mailboxes: fc.integer({ min: 0, max: 300 }),
    names: fc.constantFrom('plain' as const, 'realistic' as const),
    domains: fc.constantFrom([], ['example.com'], ['d'.repeat(250), 'x.org']),
    foldersPerUser: fc.constantFrom({ mean: 1, max: 1 }, { mean: 5, max: 50 }, { mean: 200, max: 400 }),
  })
  fc.assert(
    fc.property(sites, mixes, fc.integer(), (changes, mix, seed) => {
      const site = makeSite(changes)
      const { master, stream } = replay(site, mix, 500, seed)
      expect(byName(stream.model.catalogue())).toEqual(byName(master.list.values()))
      const again = operations(site, mix, seed)
      const other = operations(structuredClone(site), mix, seed)
      for (let i = 0; i < 100; i++) expect(again.next().value).toEqual(other.next().value)
    }),
    { numRuns: 40 },
  )
})
