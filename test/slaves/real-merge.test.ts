import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { databaseKey } from '../../src/core/database-key.js'
import type { Command } from '../../src/core/operation.js'
import { Catalogue } from '../../src/slaves/catalogue.js'
import { Follower } from '../../src/slaves/follower.js'
import { Ledger } from '../../src/slaves/ledger.js'
import { MAILBOX, RecordSpan } from '../../src/wire/record-scanner.js'

function recordOf(name: string): RecordSpan {
  const span = new RecordSpan()
  span.bytes = Buffer.from(`${name}be!p`, 'latin1')
  span.kind = MAILBOX
  span.nameEnd = span.locationStart = name.length
  span.locationEnd = span.aclStart = span.aclEnd = span.bytes.length
  return span
}

/** A slave that has one list and then another; what was deleted in between was meant to go. */
function resync(before: readonly string[], after: readonly string[], deleted: readonly string[], known = true) {
  const ledger = new Ledger(new Catalogue(), { reached: () => {} })
  const follower = new Follower(ledger.catalogue, ledger, 7)
  const read = (names: readonly string[], atNs: number) => {
    follower.beginList()
    for (const name of names) follower.take(recordOf(name), atNs)
    follower.endList(atNs)
  }
  read(before, 1)
  for (const name of deleted) ledger.succeeded(ledger.sending({ kind: 'DELETE', name } satisfies Command)!, 2)
  read(after, 3)
  if (known) ledger.expectSite(before.map(name => ({ name, location: 'be!p', acl: '', state: 'active' as const })))
  return ledger.realLosses()
}

function databaseOrder(names: readonly string[]): string[] {
  return [...new Set(names)].sort((a, b) => (databaseKey(a) < databaseKey(b) ? -1 : 1))
}

/** imap/mupdate.c, mupdate_synchronize, with arrays. */
function lostByMerge(before: readonly string[], after: readonly string[]): string[] {
  const kept = new Set(before)
  const [local, remote] = [[...before], [...after]]
  while (local.length > 0 && remote.length > 0) {
    if (local[0] === remote[0]) {
      local.shift()
      remote.shift()
    } else if (local[0]! < remote[0]!) kept.delete(local.shift()!)
    else kept.add(remote.shift()!)
  }
  for (const name of local) kept.delete(name)
  for (const name of remote) kept.add(name)
  return after.filter(name => !kept.has(name)).sort()
}

const name = fc.stringMatching(/^user\.[ab. '-]{1,4}$/)
const names = fc.uniqueArray(name, { maxLength: 12 })

describe('what a real slave would lose', () => {
  it('is a neighbour that sorts otherwise, when a mailbox was deleted while it was away (measured on 3.6.1)', () => {
    const losses = resync(['user.a.b', 'user.a-b'], ['user.a-b'], ['user.a.b'])
    expect(losses).toEqual([{ slave: 7, atNs: 3, held: 2, byMerge: 1, byList: 0, names: ['user.a-b'] }])
  })

  it('is nothing where nothing was deleted, whatever was added', () => {
    fc.assert(
      fc.property(names, names, (some, more) => {
        expect(resync(databaseOrder(some), databaseOrder([...some, ...more]), [])).toEqual([])
      }),
    )
  })

  it('is what the merge of Cyrus leaves out, with whatever names', () => {
    fc.assert(
      fc.property(names, names, fc.nat(), (some, more, seed) => {
        const before = databaseOrder(some)
        const deleted = before.filter((_, i) => ((seed >> i) & 1) === 1)
        const after = databaseOrder([...some, ...more].filter(one => !deleted.includes(one)))
        const expected = lostByMerge(before, after)
        const [loss] = resync(before, after, deleted)
        expect(loss?.byMerge ?? 0).toBe(expected.length)
        expect([...(loss?.names ?? [])].sort()).toEqual(expected.slice(0, 10))
      }),
    )
  })

  it('is all that an empty master has forgotten', () => {
    expect(resync(['user.a', 'user.b', 'user.c'], [], ['user.b'])).toEqual([
      { slave: 7, atNs: 3, held: 3, byMerge: 0, byList: 2, names: ['user.a', 'user.c'] },
    ])
  })

  it('is not what others may have deleted: mailboxes of which it is not known that they should be there', () => {
    expect(resync(['user.a', 'user.b'], ['user.b'], [], false)).toEqual([])
  })
})
