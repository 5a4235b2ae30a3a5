import { afterEach, describe, expect, it } from 'vitest'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import type { MailboxRecord } from '../../src/core/mailbox.js'
import { cyrusMaster } from '../../src/masters/cyrus/cyrus-master.js'
import { embeddedMaster } from '../../src/masters/embedded/embedded-master.js'
import type { Master } from '../../src/masters/master.js'
import { Client } from '../../src/session/client.js'
import { fill, listOf } from '../support/master-list.js'
import { RecordingProxy } from '../support/recording-proxy.js'
import { ACL, backendList, ownDump, said } from './backend-list.js'
import { commandsOf } from './said-commands.js'

const BE1 = 'be1.example.com'
const BE2 = 'be2.example.com'

/** Pushed for: new here, another ACL, another partition, only reserved there. Deleted there: what is not here. */
const TOLD: readonly MailboxRecord[] = [
  active('user.same', `${BE1}!p1`),
  active('user.acl', `${BE1}!p1`, 'bob\tl\t'),
  active('user.partition', `${BE1}!p2`),
  { name: 'user.reserved', location: `${BE1}!p1`, acl: '', state: 'reserved' },
  active('user.stale', `${BE1}!p1`),
  active('user.tombstone', `${BE1}!p1`),
  active('user.moving-here', `${BE1}!p1`),
  active('user.moving-gone', `${BE2}!p1`),
  active('user.of-be2', `${BE2}!p1`),
]
const OWN = ownDump([
  ...['same', 'acl', 'partition', 'reserved', 'new'].map(name => ({ name: `user.${name}` })),
  { name: 'user.tombstone', flags: 'd' },
  { name: 'user.moving-here', flags: 'm' },
])

function active(name: string, location: string, acl = ACL): MailboxRecord {
  return { name, location, acl, state: 'active' }
}

const ending: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end()
})

/** What `ctl_mboxlist -m` says that it would do, what it says to the master, and what is left to do and on the master then. */
async function push(master: Master) {
  ending.push(() => master.stop())
  await master.start()
  const { address, credentials } = master
  const client = await Client.connect({ address, credentials, clock: monotonicClock(monotonicOriginS()) })
  await fill(client, TOLD)
  const proxy = await RecordingProxy.before(address)
  ending.push(() => proxy.close())
  const list = backendList(BE1, proxy.address, credentials)
  ending.push(() => list.remove())
  await list.load(OWN)
  const would = await said(list)
  const from = proxy.log.length
  const run = await list.run(['-m'])
  const commands = commandsOf(proxy.log.slice(from))
  const left = await said(list)
  const catalogue = await listOf(client)
  await client.logout()
  return { would, run: { status: run.status, stderr: run.stderr }, commands, left, catalogue }
}

describe('peer 3: ctl_mboxlist -m of a backend against the embedded master', () => {
  it('pushes the backend’s list, in the same commands as to a real master, and leaves the same catalogue', async () => {
    const embedded = await push(embeddedMaster())
    expect(embedded.run).toEqual({ status: 0, stderr: '' })
    expect(embedded.would.pushed).toEqual(['user.acl', 'user.new', 'user.partition', 'user.reserved'])
    expect(embedded.catalogue).toEqual([
      active('user.acl', `${BE1}!p1`),
      active('user.moving-gone', `${BE2}!p1`),
      ...['user.moving-here', 'user.new'].map(name => active(name, `${BE1}!p1`)),
      active('user.of-be2', `${BE2}!p1`),
      ...['user.partition', 'user.reserved', 'user.same'].map(name => active(name, `${BE1}!p1`)),
    ])
    expect(embedded.left).toMatchObject({ pushed: [], removed: [], wiped: [], status: 0 })
    expect(embedded).toEqual(await push(cyrusMaster({ settings: { sasl_mech_list: 'PLAIN' } })))
  })
})
