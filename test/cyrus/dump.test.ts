import { spawnSync } from 'node:child_process'
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { written } from '../../src/generators/dump.js'
import { mailboxes } from '../../src/generators/mailboxes.js'
import { makeSite } from '../generators/sites.js'
import { ctlMboxlist } from './ctl-mboxlist.js'

/** An entry of a 3.6 dump, as far as it says what the mailbox is. */
interface Entry {
  readonly mbtype: string
  readonly partition: string
  readonly server: string
  readonly uniqueid: string
  readonly acl: Readonly<Record<string, string>>
}

let folder: string
let config: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mupdate-bench-dump-'))
  const made = ['', 'conf', 'conf/socket', 'conf/db', 'conf/log', 'conf/proc', 'conf/msg', 'part']
  for (const name of made) mkdirSync(join(folder, name), { recursive: true })
  config = join(folder, 'imapd.conf')
  const settings = {
    configdirectory: join(folder, 'conf'),
    'partition-default': join(folder, 'part'),
    defaultpartition: 'default',
    mboxname_lockpath: join(folder, 'conf/lock'),
    servername: 'bench',
    virtdomains: 'userid',
  }
  writeFileSync(
    config,
    Object.entries(settings)
      .map(([name, value]) => `${name}: ${value}\n`)
      .join(''),
  )
  // Cyrus's tools refuse to run as root and drop to their own user.
  if (process.getuid?.() === 0) for (const name of made) chownSync(join(folder, name), idOf('-u'), idOf('-g'))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

function idOf(option: '-u' | '-g'): number {
  return Number(spawnSync('id', [option, 'cyrus'], { encoding: 'utf8' }).stdout)
}

describe('a 3.6 dump', () => {
  it('is loaded by a real Cyrus, which then dumps the same', () => {
    const site = makeSite({ mailboxes: 5000, domains: ['example.com', 'uni.example'] })
    const reserved = { name: 'user.zoe.new', location: 'be1.example.com!default', acl: '', state: 'reserved' } as const
    const dump = Buffer.concat([...written('json', [...mailboxes(site, 1), reserved])])
    ctlMboxlist(config, '-u', dump)
    const loaded: Record<string, Entry> = JSON.parse(ctlMboxlist(config, '-d').toString())
    const expected = Object.entries<Entry>(JSON.parse(dump.toString()))
    // `mailbox name too long`: undump stops one byte before what can be created (imap/ctl_mboxlist.c do_undump).
    const short = expected.filter(([name]) => name.length < 490)
    expect(short.length).toBeLessThan(expected.length)
    const facts = ([name, { mbtype, partition, server, uniqueid, acl }]: [string, Entry]) =>
      [name, { mbtype, partition, server, uniqueid, acl }] as const
    expect(Object.fromEntries(Object.entries(loaded).map(facts))).toEqual(Object.fromEntries(short.map(facts)))
  })
})
