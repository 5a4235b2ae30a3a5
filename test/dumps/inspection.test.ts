import { describe, expect, it } from 'vitest'
import type { DumpEntry } from '../../src/dumps/dump-entry.js'
import { Inspection, OrderedNames, SortedNames } from '../../src/dumps/inspection.js'
import { isDeletedTree, ownerOf } from '../../src/core/mailbox-owner.js'

function inspected(...names: string[]): Inspection {
  const inspection = new Inspection()
  for (const name of names)
    inspection.add({
      name,
      state: 'active',
      isElsewhere: true,
      server: 'be1',
      partition: 'p',
      acl: 'a\tlrs\tanyone\tp\t',
    })
  return inspection
}

describe('the owner of a mailbox', () => {
  it.each([
    ['user.bob', 'user.bob'],
    ['user.bob.Sent.Old', 'user.bob'],
    ['user.bob-2', 'user.bob-2'],
    ['example.com!user.bob.Sent', 'example.com!user.bob'],
    ['lists.user.bob', ''],
    ['DELETED.user.bob.Sent.6B046CCB', ''],
  ])('of %s is %j', (name, owner) => expect(ownerOf(name)).toBe(owner))

  it('tells what waits to be expired', () => {
    expect(['DELETED.user.b.1', 'a.b!DELETED.user.b.1', 'user.DELETED.b'].map(isDeletedTree)).toEqual([
      true,
      true,
      false,
    ])
  })
})

describe('an inspection', () => {
  it('counts by state, server and partition, tombstones apart', () => {
    const inspection = new Inspection()
    const entry: DumpEntry = {
      name: 'user.a',
      state: 'active',
      isElsewhere: true,
      server: 'be1',
      partition: 'p',
      acl: '',
    }
    for (const change of [
      {},
      { partition: 'q' },
      { state: 'reserved' },
      { state: 'deleted' },
      { server: 'be2' },
    ] as const)
      inspection.add({ ...entry, ...change })
    expect(inspection.states).toEqual({ active: 3, reserved: 1, moving: 0, deleted: 1 })
    expect(
      [...inspection.servers].map(([name, { mailboxes, partitions }]) => [name, mailboxes, [...partitions]]),
    ).toEqual([
      [
        'be1',
        3,
        [
          ['p', 2],
          ['q', 1],
        ],
      ],
      ['be2', 1, [['p', 1]]],
    ])
  })

  it('measures names and ACLs', () => {
    const { nameBytes, aclBytes, identifiers } = inspected('a.b!user.x', 'user.y', 'user.yy', 'user.zzz')
    expect(nameBytes.summary()).toEqual({ p50: 7, p90: 10, p99: 10, max: 10 })
    expect(aclBytes.summary()).toEqual({ p50: 15, p90: 15, p99: 15, max: 15 })
    expect(identifiers.summary()).toMatchObject({ p50: 2 })
    expect(new Inspection().nameBytes.summary()).toBeNull()
  })

  it.each([
    ['user.a\x01b', 'a control character'],
    ['user.\xe9', 'a byte above 7 bits: names are modified UTF-7'],
    ['user.a..b', 'an empty component'],
    ['user.a.', 'an empty component'],
    ['user.a*', 'a wildcard'],
    ['user.a"b', 'a quote or a backslash'],
    ['user.a. b', 'a blank at an end of a component'],
    ['a!b!user.c', 'two domains'],
  ])('finds %j odd: %s', (name, what) => {
    expect([...inspected(name).odd].map(([found]) => found)).toEqual([what])
  })

  it('finds nothing odd about real ones', () => {
    const { odd } = inspected(
      'DELETED.user.xxxxxx.Trash.2023-09_INT_Bornes Wifi Bat G.65B7B6BC',
      'user.jean^dupont42.&AOk-t&AOk-',
      'example.com!user.joe',
    )
    expect(odd.size).toBe(0)
  })

  it('finds names that nobody can create, and mailboxes on no partition', () => {
    const inspection = inspected(`user.${'x'.repeat(485)}`, `user.${'x'.repeat(486)}`)
    inspection.add({ name: 'user.y', state: 'active', isElsewhere: true, server: 'be1', partition: '', acl: '' })
    expect(inspection.overlong).toMatchObject({ count: 1 })
    expect(inspection.withoutPartition).toMatchObject({ count: 1, first: ['user.y'] })
  })

  it('finds where the database’s order is not that of strcmp', () => {
    // The database has . before all else, strcmp has - before it.
    const ordered = new OrderedNames()
    for (const name of ['user.a', 'user.a.b', 'user.a.c', 'user.a-2', 'user.a-3', 'user.b']) ordered.add(name)
    expect(ordered.atRisk).toMatchObject({ count: 2, first: ['user.a-2', 'user.a-3'] })
  })
})

it('ordered names tell how many virtual domains there are', () => {
  const ordered = new OrderedNames()
  for (const name of ['a.b!user.x', 'a.b!user.y', 'c.d!user.x', 'user.a', 'user.b']) ordered.add(name)
  expect(ordered.domains).toBe(2)
})

describe('sorted names', () => {
  it('count the mailboxes of each user, and those that are there twice once', () => {
    const names = new SortedNames()
    const all = ['lists', 'lists.x', 'user.a', 'user.a.b', 'user.a-2', 'user.a.b', 'user.a.b', 'user.c', 'user.c']
    for (const [owner, name] of all.map(one => [ownerOf(one), one]).sort()) names.add(owner!, name!)
    names.end()
    expect(names).toMatchObject({ users: 3, shared: 2, most: { owner: 'user.a', mailboxes: 4 } })
    expect(names.duplicates).toMatchObject({ count: 2, first: ['user.a.b', 'user.c'] })
    expect(names.perUser.summary()).toEqual({ p50: 2, p90: 4, p99: 4, max: 4 })
  })
})
