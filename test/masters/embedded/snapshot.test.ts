import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { MailboxRecord } from '../../../src/core/mailbox.js'
import { Catalogue } from '../../../src/masters/embedded/catalogue.js'
import { loadSnapshot, saveSnapshot } from '../../../src/masters/embedded/snapshot.js'
import { spanOf } from '../../../src/masters/embedded/span.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mupdate-bench-snapshot-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const RECORDS: readonly MailboxRecord[] = [
  { name: 'user.bob', location: 'be1.test!default', acl: 'bob\tlrswipkxtecdan\tanyone\tp\t', state: 'active' },
  { name: 'user.bob.a "quoted\\', location: 'be1.test!', acl: '', state: 'active' },
  { name: 'user.b\xc3\xa4r', location: 'be2.test!p!x', acl: '7\tlr\t-x\ts\t3\tl\t', state: 'active' },
  { name: 'example.com!user.joe', location: 'be2.test!default', acl: '', state: 'reserved' },
]
const UNWRITABLE: readonly MailboxRecord[] = [
  { name: 'user.tab\there', location: 'be1!p', acl: '', state: 'active' },
  { name: 'user.line\nhere', location: 'be1!p', acl: '', state: 'active' },
  { name: 'user.nowhere', location: 'be1', acl: '', state: 'active' },
  { name: 'user.odd', location: 'be1!p', acl: 'no rights', state: 'active' },
  { name: 'user.twice', location: 'be1!p', acl: 'a\tl\ta\tr\t', state: 'active' },
]

function holding(records: readonly MailboxRecord[]): Catalogue {
  const catalogue = new Catalogue()
  for (const { name, location, acl, state } of records) {
    catalogue.put(spanOf(name), spanOf(location), state === 'reserved' ? undefined : spanOf(acl))
  }
  return catalogue
}

function held(catalogue: Catalogue): MailboxRecord[] {
  const records: MailboxRecord[] = []
  catalogue.walk(undefined, address => records.push(catalogue.record(address)) > 0)
  return records
}

describe.each([
  ['JSON', undefined],
  ['JSON of 3.12', '3.12'],
  ['text', '2.4'],
] as const)('a snapshot as %s', (_, dialect) => {
  it('gives back what was there', async () => {
    const path = join(folder, 'list')
    const many = Array.from({ length: 2500 }, (_, i) => ({ ...RECORDS[0]!, name: `user.u${i}.Sent` }))
    const catalogue = holding([...RECORDS, ...many])
    expect(saveSnapshot(catalogue, path, dialect)).toBeUndefined()
    const again = new Catalogue()
    await loadSnapshot(again, path)
    expect(held(again)).toEqual(held(catalogue))
    expect(readFileSync(path, 'latin1').startsWith('{')).toBe(dialect !== '2.4')
  })

  it('of nothing is one, too', async () => {
    const path = join(folder, 'list')
    saveSnapshot(new Catalogue(), path, dialect)
    const again = holding([])
    await loadSnapshot(again, path)
    expect(again.size).toBe(0)
  })

  it('leaves out what no dump can hold, and says so', async () => {
    const path = join(folder, 'list')
    const catalogue = holding([...RECORDS, ...UNWRITABLE])
    const first = held(catalogue).find(({ name }) => UNWRITABLE.some(record => record.name === name))
    expect(saveSnapshot(catalogue, path, dialect)).toEqual({ count: UNWRITABLE.length, first: first!.name })
    const again = new Catalogue()
    await loadSnapshot(again, path)
    expect(held(again)).toEqual(held(holding(RECORDS)))
  })
})

describe('a snapshot', () => {
  it('that cannot be written leaves what was there', () => {
    const path = join(folder, 'list')
    writeFileSync(path, 'before')
    mkdirSync(`${path}.new`)
    expect(() => saveSnapshot(holding(RECORDS), path, undefined)).toThrow(/EISDIR/)
    expect(readFileSync(path, 'utf8')).toBe('before')
  })

  it('takes the place of the one before, and leaves nothing beside it', () => {
    const path = join(folder, 'list')
    writeFileSync(path, 'before')
    saveSnapshot(holding(RECORDS), path, undefined)
    expect(readFileSync(path, 'latin1')).toContain('"user.bob"')
    expect(existsSync(`${path}.new`)).toBe(false)
  })

  it.each(['nothing', 'a list', 'what a crash left'])('is for its owner alone to read, where there was %s', was => {
    const path = join(folder, 'list')
    if (was === 'a list') writeFileSync(path, 'before', { mode: 0o644 })
    if (was === 'what a crash left') writeFileSync(`${path}.new`, 'before', { mode: 0o644 })
    saveSnapshot(holding(RECORDS), path, undefined)
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('may be packed', async () => {
    const path = join(folder, 'list.gz')
    writeFileSync(path, gzipSync(`user.bob\t1 be1!p bob\tl\t\n`))
    const catalogue = new Catalogue()
    await loadSnapshot(catalogue, path)
    expect(held(catalogue)).toEqual([{ name: 'user.bob', location: 'be1!p', acl: 'bob\tl\t', state: 'active' }])
  })

  it.each([
    ['is none', 'no dump\n', /:1:1: no line of ctl_mboxlist -d/],
    ['has a bad line', 'user.bob\t1 be1!p bob\tl\t\nuser.eve\n', /:2:9: no tab after the name/],
    ['is a backend’s', 'user.bob\t0 default bob\tl\t\n', /does not say where user\.bob lies/],
  ])('that %s is refused, at its line', async (_, content, message) => {
    const path = join(folder, 'list')
    writeFileSync(path, content)
    await expect(loadSnapshot(new Catalogue(), path)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(message),
    })
  })

  it('that is not there is refused', async () => {
    await expect(loadSnapshot(new Catalogue(), join(folder, 'none'))).rejects.toMatchObject({ code: 'USAGE' })
  })
})
