import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import type { MailboxRecord } from '../../src/core/mailbox.js'
import { listAll } from '../../src/drivers/list-all.js'
import { putRight } from '../../src/drivers/put-right.js'
import { Client } from '../../src/session/client.js'
import { embeddedMaster } from '../../src/masters/embedded/embedded-master.js'

const clock = monotonicClock(monotonicOriginS())
const names: string[] = []
let master: ReturnType<typeof embeddedMaster>

beforeEach(async () => {
  master = embeddedMaster()
  await master.start()
})
afterEach(async () => {
  names.length = 0
  await master.stop()
})

function mailbox(name: string, more: Partial<MailboxRecord> = {}): MailboxRecord {
  return { name, location: 'be1.example.com!default', acl: 'anyone\tlrs\t', state: 'active', ...more }
}

const others = { isOurs: () => false, leaveMissing: false }

function put(
  expected: readonly MailboxRecord[],
  how: { isOurs(name: string): boolean; leaveMissing: boolean } = others,
) {
  const onNames = (made: readonly string[]) => void names.push(...made)
  return putRight({ address: master.address, credentials: master.credentials, clock, expected, onNames, ...how })
}

async function hold(records: readonly MailboxRecord[]): Promise<void> {
  const { address, credentials } = master
  const client = await Client.connect({ address, credentials, clock })
  for (const { name, location, acl } of records) await client.request({ kind: 'ACTIVATE', name, location, acl })
  await client.logout()
}

async function listed(): Promise<MailboxRecord[]> {
  const all: MailboxRecord[] = []
  await listAll(master.address, master.credentials, clock, async records => void all.push(...records))
  return all.sort((a, b) => (a.name < b.name ? -1 : 1))
}

describe('putRight', () => {
  it('makes a list what it should be, whatever it was, and sends nothing where it is', async () => {
    const some = Array.from({ length: 100 }, (_, i) => mailbox(`user.u${100 + i}`))
    await hold(some.slice(0, 1))
    expect(await put(some)).toEqual({ changed: 99, refused: [] })
    expect(await listed()).toEqual(some)
    expect(names).toEqual(some.slice(1).map(({ name }) => name))
    const wanted = [
      ...some.slice(0, 60),
      mailbox('user.u160', { location: 'be2.example.com!default' }),
      mailbox('user.u161', { acl: 'helpdesk\tlrs\t' }),
      mailbox('user.u162', { state: 'reserved', acl: '' }),
      mailbox('user.u300', { state: 'reserved', acl: '' }),
    ]
    const ours = { isOurs: (name: string) => name.startsWith('user.u1'), leaveMissing: false }
    // 37 are deleted.
    expect(await put(wanted, ours)).toEqual({ changed: 4 + 37, refused: [] })
    expect(await listed()).toEqual(wanted)
    expect(await put(wanted, ours)).toEqual({ changed: 0, refused: [] })
    // Reserved elsewhere: a DEACTIVATE of what is reserved kills some.
    const elsewhere = mailbox('user.u300', { state: 'reserved', acl: '', location: 'be2.example.com!default' })
    expect(await put([...wanted.slice(0, -1), elsewhere], ours)).toEqual({ changed: 1, refused: [] })
    expect((await listed()).at(-1)).toEqual(elsewhere)
    // What is reserved is active again.
    await put([...wanted.slice(0, -1), mailbox('user.u300')], ours)
    expect((await listed()).at(-1)).toEqual(mailbox('user.u300'))
  })

  it('sends nothing to a master that holds what others made', async () => {
    await hold([mailbox('user.a'), mailbox('user.z')])
    await expect(put([mailbox('user.a'), mailbox('user.b')])).rejects.toThrow(
      /holds 1 mailboxes that are not of this rehearsal, such as user\.z/,
    )
    expect((await listed()).map(({ name }) => name)).toEqual(['user.a', 'user.z'])
  })

  it('leaves what is missing to those who make it', async () => {
    await hold([mailbox('user.a')])
    const reserved = mailbox('user.r', { state: 'reserved', acl: '' })
    await put([mailbox('user.a'), reserved])
    const wanted = [mailbox('user.a', { acl: 'x\tl\t' }), mailbox('user.b'), reserved]
    expect(await put(wanted, { ...others, leaveMissing: true })).toEqual({ changed: 2, refused: [] })
    // What a preload reserves must not be there.
    expect(await listed()).toEqual([wanted[0]])
  })

  it('waits until what others have sent is done, and sends nothing while it goes on', async () => {
    await hold([mailbox('user.a'), mailbox('user.b')])
    const late = new Promise(resolve => setTimeout(resolve, 500)).then(() =>
      hold([mailbox('user.b', { acl: 'x\tl\t' })]),
    )
    // Put right is what was there after that: were it the list of before, it would be sent for nothing.
    expect(await put([mailbox('user.a'), mailbox('user.b', { acl: 'x\tl\t' })])).toEqual({ changed: 0, refused: [] })
    await late
  })

  it('does not fill a master that holds nothing any more', async () => {
    await expect(put([mailbox('user.a')])).rejects.toThrow(/holds no mailboxes any more/)
    expect(await listed()).toEqual([])
  })
})
