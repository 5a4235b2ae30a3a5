import { describe, expect, it } from 'vitest'
import type { MailboxRecord } from '../../src/core/mailbox.js'
import { written } from '../../src/generators/dump.js'
import { mailboxes } from '../../src/generators/mailboxes.js'
import { makeSite } from './sites.js'

const RECORDS: readonly MailboxRecord[] = [
  { name: 'user.joe', location: 'be1!default', acl: 'joe\tlrs\tanyone\tp\t', state: 'active' },
  { name: 'user.joe.a "b"\\c', location: 'be2!p', acl: '', state: 'reserved' },
  // An identifier in UTF-8, as bytes.
  { name: 'user.joe.x', location: 'be1!default', acl: 'jos\xc3\xa9\tlrs\t-eve\tw\t', state: 'active' },
]

function text(pieces: Iterable<Buffer>): string {
  return Buffer.concat([...pieces]).toString('latin1')
}

describe('a 2.4 dump', () => {
  it('writes what ctl_mboxlist -d of 2.4 does', () => {
    expect(text(written('text', RECORDS))).toBe(
      'user.joe\t1 be1!default joe\tlrs\tanyone\tp\t\n' +
        'user.joe.a "b"\\c\t3 be2!p \n' +
        'user.joe.x\t1 be1!default jos\xc3\xa9\tlrs\t-eve\tw\t\n',
    )
  })
})

describe('commands', () => {
  it('are a backend’s', () => {
    expect(text(written('commands', RECORDS.slice(0, 2)))).toBe(
      'X0 ACTIVATE {8+}\r\nuser.joe {11+}\r\nbe1!default {17+}\r\njoe\tlrs\tanyone\tp\t\r\n' +
        'X1 RESERVE {16+}\r\nuser.joe.a "b"\\c {5+}\r\nbe2!p\r\n',
    )
  })
})

describe('a 3.6 dump', () => {
  const lines = text(written('json', RECORDS)).split('\n')

  it('has an entry a line between braces', () => {
    expect(lines[0]).toBe('{')
    expect(lines.slice(-2)).toEqual(['}', ''])
    expect(lines[1]).toMatch(
      /^"user\.joe": \{"name": "user\.joe", "mtime": "\d+", "uidvalidity": "0", "createdmodseq": "0", "foldermodseq": "0", "mbtype": "er", "partition": "default", "server": "be1", "acl": \{"joe": "lrs", "anyone": "p"\}, "uniqueid": "[0-9a-f]{8}-0000-4000-8000-[0-9a-f]{12}", "name_history": \[\]\},$/,
    )
    expect(lines[3]).toMatch(/\}$/)
  })

  it('is JSON in UTF-8', () => {
    const parsed = JSON.parse(Buffer.concat([...written('json', RECORDS)]).toString('utf8'))
    expect(Object.keys(parsed)).toEqual(RECORDS.map(record => record.name))
    expect(parsed['user.joe.a "b"\\c']).toMatchObject({ mbtype: 'erz', acl: {}, partition: 'p', server: 'be2' })
    expect(parsed['user.joe.x'].acl).toEqual({ josé: 'lrs', '-eve': 'w' })
  })

  it('of nothing is an empty object', () => {
    expect(text(written('json', []))).toBe('{\n}\n')
  })

  it('gives every mailbox a uniqueid of its own', () => {
    const site = makeSite({ mailboxes: 100_000, names: 'plain' })
    const parsed: Record<string, { uniqueid: string }> = JSON.parse(text(written('json', mailboxes(site, 1))))
    expect(new Set(Object.values(parsed).map(entry => entry.uniqueid)).size).toBe(site.mailboxes)
  })
})

describe('pieces', () => {
  it('are not written to again, and hold lines longer than themselves', () => {
    const long = { ...RECORDS[0]!, acl: 'x\tlrs\t'.repeat(100_000) }
    const pieces = [...written('text', [...mailboxes(makeSite(), 1), long, long])]
    const all = Buffer.concat(pieces).toString('latin1')
    expect(pieces.length).toBeGreaterThan(5)
    expect(all.endsWith(`user.joe\t1 be1!default ${long.acl}\n`.repeat(2))).toBe(true)
    expect(all.split('\n').length).toBe(makeSite().mailboxes + 3)
  })
})
