import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import type { MailboxRecord } from '../../src/core/mailbox.js'
import { listAll } from '../../src/drivers/list-all.js'
import { putRight } from '../../src/drivers/put-right.js'
import { embeddedMaster } from '../../src/masters/embedded/embedded-master.js'

const clock = monotonicClock(monotonicOriginS())
let master: ReturnType<typeof embeddedMaster>

beforeEach(async () => {
  master = embeddedMaster()
  await master.start()
})
afterEach(() => master.stop())

function mailbox(name: string, more: Partial<MailboxRecord> = {}): MailboxRecord {
  return { name, location: 'be1.example.com!default', acl: 'anyone\tlrs\t', state: 'active', ...more }
}

const others = { isOurs: () => false, leaveMissing: false }

function put(
  expected: readonly MailboxRecord[],
  how: { isOurs(name: string): boolean; leaveMissing: boolean } = others,
) {
  return putRight({ address: master.address, credentials: master.credentials, clock, expected, ...how })
}

async function listed(): Promise<MailboxRecord[]> {
  const all: MailboxRecord[] = []
  await listAll(master.address, master.credentials, clock, async records => void all.push(...records))
  return all.sort((a, b) => (a.name < b.name ? -1 : 1))
}

describe('putRight', () => {
  it('makes a list what it should be, whatever it was, and sends nothing where it is', async () => {
    const some = Array.from({ length: 100 }, (_, i) => mailbox(`user.u${100 + i}`))
    expect(await put(some)).toEqual({ changed: 100, refused: [] })
    expect(await listed()).toEqual(some)
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
    // What is reserved is active again.
    await put([...wanted.slice(0, -1), mailbox('user.u300')], ours)
    expect((await listed()).at(-1)).toEqual(mailbox('user.u300'))
  })

  it('sends nothing to a master that holds what others made', async () => {
    await put([mailbox('user.a'), mailbox('user.z')])
    await expect(put([mailbox('user.a'), mailbox('user.b')])).rejects.toThrow(
      /holds 1 mailboxes that are not of this rehearsal, such as user\.z/,
    )
    expect((await listed()).map(({ name }) => name)).toEqual(['user.a', 'user.z'])
  })

  it('leaves what is missing to those who make it', async () => {
    await put([mailbox('user.a')])
    const wanted = [mailbox('user.a', { acl: 'x\tl\t' }), mailbox('user.b')]
    expect(await put(wanted, { ...others, leaveMissing: true })).toEqual({ changed: 1, refused: [] })
    expect(await listed()).toEqual([wanted[0]])
  })
})
