import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { written } from '../../src/generators/dump.js'
import { mailboxes } from '../../src/generators/mailboxes.js'
import { makeSite } from '../generators/sites.js'
import { MailboxList } from './mailbox-list.js'

/** An entry of a 3.6 dump, as far as it says what the mailbox is. */
interface Entry {
  readonly mbtype: string
  readonly partition: string
  readonly server: string
  readonly uniqueid: string
  readonly acl: Readonly<Record<string, string>>
}

let list: MailboxList

beforeAll(() => {
  list = new MailboxList({ servername: 'bench', virtdomains: 'userid' })
})

afterAll(() => list.remove())

describe('a 3.6 dump', () => {
  it('is loaded by a real Cyrus, which then dumps the same', async () => {
    const site = makeSite({ mailboxes: 5000, domains: ['example.com', 'uni.example'] })
    const reserved = { name: 'user.zoe.new', location: 'be1.example.com!default', acl: '', state: 'reserved' } as const
    const dump = Buffer.concat([...written('json', [...mailboxes(site, 1), reserved])])
    await list.load(dump)
    const loaded: Record<string, Entry> = JSON.parse((await list.dump()).toString())
    const expected = Object.entries<Entry>(JSON.parse(dump.toString()))
    // `mailbox name too long`: undump stops one byte before what can be created (imap/ctl_mboxlist.c do_undump).
    const short = expected.filter(([name]) => name.length < 490)
    expect(short.length).toBeLessThan(expected.length)
    const facts = ([name, { mbtype, partition, server, uniqueid, acl }]: [string, Entry]) =>
      [name, { mbtype, partition, server, uniqueid, acl }] as const
    expect(Object.fromEntries(Object.entries(loaded).map(facts))).toEqual(Object.fromEntries(short.map(facts)))
  })
})
