import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import type { MailboxRecord } from '../../src/core/mailbox.js'
import type { Command } from '../../src/core/operation.js'
import { written } from '../../src/generators/dump.js'
import { mailboxes } from '../../src/generators/mailboxes.js'
import { cyrusMaster } from '../../src/masters/cyrus/cyrus-master.js'
import { Client } from '../../src/session/client.js'
import { until, Workbench } from '../cli/bench.js'
import { makeSite } from '../generators/sites.js'
import { CONNECTS, type Entry, RecordingProxy } from '../support/recording-proxy.js'
import { backendList, ownDump } from './backend-list.js'
import { ctlMboxlist } from './mailbox-list.js'

const workbench = new Workbench()
afterAll(() => workbench.remove())

const BE1 = 'be1.example.com'
const NIGHT = `\
site: { mailboxes: 1 }
phases:
  - { name: preload, run: [preload], until: preloaded, limit: 60s }
  - { name: harm, duration: 4s }
  - { name: push, step: { push: { servers: [${BE1}] }, rate: 200 }, until: done }
`

/** Each with its arguments, from the LIST on. */
function pushed(log: readonly Entry[]): string[][] {
  const commands: string[][] = []
  let isOpen = false
  for (const { from, text } of log) {
    if (from !== 'slave') continue
    const [, line, literal] = /^(.*?) ?(\{\d+\+\})?$/.exec(text)!
    if (isOpen) commands.at(-1)!.push(line!)
    else commands.push(line!.split(' ').slice(1))
    isOpen = literal !== undefined
  }
  const first = commands.findIndex(([kind, prefix]) => kind === 'LIST' && prefix !== undefined)
  // A LIST of everything is the harness counting what there is in the end.
  const own = commands.slice(first).filter(([kind, prefix]) => kind !== 'LIST' || prefix !== undefined)
  return own.filter(([kind]) => ['LIST', 'DELETE', 'FIND', 'ACTIVATE'].includes(kind!))
}

it('a push sends what the real ctl_mboxlist -m sends, in its order', async () => {
  const partition = { partitions: ['p1', 'p2'].map(name => ({ name, weight: 1 })) }
  const backends = [BE1, 'be2.example.com'].map(server => ({ server, weight: 1, ...partition }))
  const records = [...mailboxes(makeSite({ mailboxes: 200, backends }), 3)].filter(({ name }) => name.length < 490)
  const own = records.filter(({ location }) => location.startsWith(BE1))
  const master = cyrusMaster({ settings: { sasl_mech_list: 'PLAIN' } })
  await master.start()
  const { address, credentials } = master
  const proxy = await RecordingProxy.before(address)
  const list = backendList(BE1, proxy.address, credentials)
  /** What a backend has to put right. */
  const harm = async () => {
    const client = await Client.connect({ address, credentials, clock: monotonicClock(monotonicOriginS()) })
    const tell = async (command: Command) => expect(await client.request(command)).toMatchObject({ status: 'OK' })
    const of = ({ name, location }: MailboxRecord) => ({ name, location })
    await tell({ kind: 'ACTIVATE', name: 'user.stale', location: `${BE1}!p1`, acl: '' })
    await tell({ kind: 'ACTIVATE', name: 'user.stale-too', location: `${BE1}!p1`, acl: '' })
    for (const [i, record] of own.entries()) {
      const { name, location, acl } = record
      if (i % 7 === 0) await tell({ kind: 'DELETE', name })
      if (i % 7 === 1) await tell({ kind: 'ACTIVATE', ...of(record), acl: 'x\tl\t' })
      if (i % 7 === 2)
        await tell({ kind: 'ACTIVATE', name, acl, location: `${BE1}!${location.endsWith('p1') ? 'p2' : 'p1'}` })
      if (i % 7 === 3) await tell({ kind: 'DEACTIVATE', ...of(record) })
    }
    await client.logout()
  }
  const masterList = async () => (await ctlMboxlist(join(master.databaseDirectory!()!, 'imapd.conf'), ['-d'])).stdout
  try {
    const dump = workbench.file('site.json', Buffer.concat([...written('json', records)]))
    const url = `mupdate://${credentials.user}@127.0.0.1:${proxy.address.port}`
    const args = ['rehearse', workbench.file('push.yaml', NIGHT), '--dump', dump, '--keep', '--master', url]
    const run = workbench.start([...args, '--out', workbench.out], { MUPDATE_BENCH_PASSWORD: credentials.password })
    await until('harm', () => workbench.result('push').phases.some(({ name }) => name === 'harm'))
    await harm()
    const { status, stdout, stderr } = await run.ended
    expect([0, 5], `${stdout}${stderr}`).toContain(status)
    const harness = pushed(proxy.log)
    // All of it on one connection.
    const listed = proxy.log.findIndex(({ text }) => text === `${BE1}!`)
    const last = proxy.log.findLastIndex(({ text }) => text.includes(' ACTIVATE {'))
    expect(last).toBeGreaterThan(listed)
    expect(proxy.log.slice(listed, last).filter(({ text }) => text === CONNECTS)).toEqual([])
    const before = await masterList()
    await harm()
    proxy.log.length = 0
    await list.load(
      ownDump(own.map(({ name, location, acl }) => ({ name, acl, partition: location.slice(BE1.length + 1) }))),
    )
    expect(await list.run(['-m'])).toMatchObject({ status: 0, stderr: '' })
    const real = pushed(proxy.log)
    for (const [kind, least] of [
      ['LIST', 1],
      ['DELETE', 2],
      ['FIND', 10],
      ['ACTIVATE', 40],
    ] as const)
      expect(real.filter(([is]) => is === kind).length, kind).toBeGreaterThanOrEqual(least)
    expect(harness).toEqual(real)
    const diff = await workbench.bench([
      ...['dump', 'diff', workbench.file('harness.json', before), workbench.file('real.json', await masterList())],
    ])
    expect(diff.stdout).toBe(`${records.length} the same\n`)
  } finally {
    list.remove()
    await proxy.close()
    await master.stop()
  }
}, 60_000)
