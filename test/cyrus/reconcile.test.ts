import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import type { MailboxRecord } from '../../src/core/mailbox.js'
import { LIST_WRITERS } from '../../src/generators/dump.js'
import { mailboxes } from '../../src/generators/mailboxes.js'
import { cyrusMaster } from '../../src/masters/cyrus/cyrus-master.js'
import { configPath } from '../../src/masters/cyrus/plan.js'
import type { Credentials, Master, MasterAddress } from '../../src/masters/master.js'
import { Client } from '../../src/session/client.js'
import { literal } from '../../src/wire/encode.js'
import { Workbench } from '../cli/bench.js'
import { makeSite } from '../generators/sites.js'
import { lineServer, loggedIn } from '../support/line-server.js'
import { fill } from '../support/master-list.js'
import { ACL, backendList, KINDS, type Kind, type Own, ownDump, type Said, said } from './backend-list.js'
import { ctlMboxlist, type MailboxList } from './mailbox-list.js'

const workbench = new Workbench()
let lists: MailboxList[]
let master: Master

beforeEach(() => {
  lists = []
  master = cyrusMaster({ settings: { sasl_mech_list: 'PLAIN' } })
})

afterEach(async () => {
  await master.stop()
  for (const list of lists) list.remove()
})

afterAll(() => workbench.remove())

function backend(
  server: string,
  address: MasterAddress,
  credentials: Credentials,
  settings: Readonly<Record<string, string>> = {},
): MailboxList {
  const list = backendList(server, address, credentials, settings)
  lists.push(list)
  return list
}

async function tell(records: readonly MailboxRecord[]): Promise<void> {
  const { address, credentials } = master
  const client = await Client.connect({ address, credentials, clock: monotonicClock(monotonicOriginS()) })
  await fill(client, records)
  await client.logout()
}

const told = (name: string, location: string, acl = ACL): MailboxRecord => ({ name, location, acl, state: 'active' })

/** @returns what is foreseen of each backend */
async function foreseen(
  masterDump: Buffer | string,
  dumps: ReadonlyMap<string, Buffer>,
  ...flags: readonly string[]
): Promise<Map<string, Said>> {
  const path = join(workbench.directory, 'master')
  writeFileSync(path, masterDump)
  const given = [...dumps].map(([server, dump]) => {
    writeFileSync(join(workbench.directory, server), dump)
    return `${server}=${join(workbench.directory, server)}`
  })
  const names = new Map([...dumps.keys()].map(server => [server, {} as Record<Kind, string[]>]))
  for (const kind of KINDS) {
    const args = ['dump', 'reconcile', path, ...given, ...flags, '--names', kind]
    const { stdout, status, stderr } = await workbench.bench(args)
    expect([0, 4], stderr).toContain(status)
    for (const [server, of] of names)
      of[kind] = stdout
        .split('\n')
        .filter(line => line.startsWith(`${server}\t`))
        .map(line => line.slice(server.length + 1))
  }
  return names
}

async function masterDump(): Promise<Buffer> {
  return (await ctlMboxlist(configPath(master.databaseDirectory!()!), ['-d'])).stdout
}

function sorted(all: Said): Said {
  const of = (kind: Kind) => all[kind].toSorted()
  return { pushed: of('pushed'), unflagged: of('unflagged'), removed: of('removed'), wiped: of('wiped') }
}

describe('dump reconcile', () => {
  const be1 = 'be1.example.com'

  it('foresees all that the real ctl_mboxlist -m would do', async () => {
    await master.start()
    await tell([
      told('user.same', `${be1}!p1`),
      told('user.acl', `${be1}!p1`, 'bob\tl\t'),
      told('user.partition', `${be1}!p2`),
      { name: 'user.reserved', location: `${be1}!p1`, acl: '', state: 'reserved' },
      told('user.stale', `${be1}!p1`),
      told('user.tombstone', `${be1}!p1`),
      told('user.elsewhere', 'be2.example.com!p1'),
      { name: 'user.reserved-elsewhere', location: 'be2.example.com!p1', acl: '', state: 'reserved' },
      told('user.moving-here', `${be1}!p1`),
      told('user.moving-gone', 'be2.example.com!p1'),
      // Begins as be1's name does.
      told('user.longer', `${be1}.au!p1`),
      told('user.of-be2', 'be2.example.com!p1'),
    ])
    const list = backend(be1, master.address, master.credentials)
    const names = ['same', 'acl', 'partition', 'reserved', 'elsewhere', 'reserved-elsewhere', 'longer', 'unknown']
    await list.load(
      ownDump([
        ...names.map(name => ({ name: `user.${name}` })),
        { name: 'user.tombstone', flags: 'd' },
        { name: 'user.tombstone-unknown', flags: 'd' },
        { name: 'user.moving-here', flags: 'm' },
        { name: 'user.moving-gone', flags: 'm' },
        { name: 'user.moving-nowhere', flags: 'm' },
        { name: 'user.own-reserved', flags: 'z', acl: '' },
      ]),
    )
    const real = await said(list)
    expect(real).toMatchObject({ status: 0, stderr: '' })
    // That nothing was lost on the way.
    expect(sorted(real)).toEqual({
      pushed: ['user.acl', 'user.own-reserved', 'user.partition', 'user.reserved', 'user.unknown'],
      unflagged: ['user.moving-here', 'user.moving-nowhere'],
      removed: ['user.stale', 'user.tombstone'],
      wiped: ['user.elsewhere', 'user.longer', 'user.moving-gone', 'user.reserved-elsewhere'],
    })
    const forecast = await foreseen(await masterDump(), new Map([[be1, await list.dump()]]))
    expect(sorted(forecast.get(be1)!)).toEqual(sorted(real))
  })

  it('foresees it of thousands of mailboxes with any names, in the same order', async () => {
    await master.start()
    const site = makeSite({ mailboxes: 3000 })
    const odd = [
      'user.joe',
      'user.joe.a',
      'user.joe-2',
      'user.joe-2.a',
      'user.joe smith',
      "user.joe'x.b",
      'user.joe^x',
      'user.joe#1',
    ]
    const all = [
      ...[...mailboxes(site, 1)].map(({ name, acl }) => ({ name, acl })),
      ...odd.map(name => ({ name, acl: ACL })),
    ]
    // What fits into a dump that is loaded (imap/ctl_mboxlist.c do_undump).
    const fitting = all.filter(({ name }) => name.length < 490)
    const where = ['be1.example.com!p1', 'be1.example.com!p1', 'be1.example.com!p2', 'be2.example.com!p1']
    await tell(
      fitting.flatMap(({ name, acl }, i) => (i % 7 === 0 ? [] : [told(name, where[i % 4]!, i % 5 === 0 ? ACL : acl)])),
    )
    const list = backend(be1, master.address, master.credentials)
    await list.load(ownDump(fitting.filter((_, i) => i % 6 !== 0)))
    const real = await said(list)
    expect(real).toMatchObject({ status: 0, stderr: '' })
    for (const kind of ['pushed', 'removed', 'wiped'] as const) expect(real[kind].length, kind).toBeGreaterThan(100)
    const forecast = (await foreseen(await masterDump(), new Map([[be1, await list.dump()]]))).get(be1)!
    expect(sorted(forecast)).toEqual(sorted(real))
    expect(forecast.pushed).toEqual(real.pushed)
    expect(forecast.wiped).toEqual(real.wiped)
  })

  it('foresees what a run makes of the next one', async () => {
    await master.start()
    await tell([told('user.a', `${be1}!p1`), told('user.b', 'be2.example.com!p1'), told('user.left', `${be1}!p1`)])
    const [first, second] = [be1, 'be2.example.com'].map(server => backend(server, master.address, master.credentials))
    await first!.load(ownDump([{ name: 'user.a' }, { name: 'user.both' }, { name: 'user.c', acl: 'bob\tl\t' }]))
    await second!.load(ownDump([{ name: 'user.b' }, { name: 'user.both' }, { name: 'user.left' }]))
    const dumps = new Map([
      [be1, await first!.dump()],
      ['be2.example.com', await second!.dump()],
    ])
    const forecast = await foreseen(await masterDump(), dumps)
    expect(await first!.run(['-m'])).toMatchObject({ status: 0, stderr: '' })
    const real = await said(second!)
    expect(sorted(forecast.get('be2.example.com')!)).toEqual(sorted(real))
    expect(real).toMatchObject({ pushed: ['user.left'], wiped: ['user.both'], removed: [] })
  })

  it('foresees that what is only reserved here is deleted from the master, then pushed', async () => {
    await master.start()
    await tell([told('user.reserved', `${be1}!p1`, 'bob\tl\t'), told('user.same', `${be1}!p1`)])
    const list = backend(be1, master.address, master.credentials)
    await list.load(ownDump([{ name: 'user.reserved', flags: 'z' }, { name: 'user.same' }]))
    const forecast = await foreseen(await masterDump(), new Map([[be1, await list.dump()]]))
    expect(forecast.get(be1)).toEqual({
      pushed: ['user.reserved'],
      removed: ['user.reserved'],
      unflagged: [],
      wiped: [],
    })
    // That only warns deletes nothing, finds it, and dies.
    expect((await said(list)).stderr).toContain('mupdate said not us before it said us')
    expect(await list.run(['-m'])).toMatchObject({ status: 0, stderr: '' })
    const { 'user.reserved': entry } = JSON.parse((await masterDump()).toString())
    expect(entry).toMatchObject({ server: be1, partition: 'p1', acl: { bob: 'lrswipkxtecda', anyone: 'p' } })
  })

  it('foresees a run on a backend of a unified murder', async () => {
    await master.start()
    await tell([
      told('user.here', `${be1}!p1`),
      told('user.there', 'be2.example.com!p1'),
      told('user.both', 'be2.example.com!p1'),
      told('user.came', `${be1}!p1`),
    ])
    const settings = { mupdate_config: 'unified' }
    const list = backend(be1, master.address, master.credentials, settings)
    const remote = ['there', 'came', 'gone'].map(name => ({ name: `user.${name}`, flags: 'r' }))
    await list.load(ownDump([{ name: 'user.here' }, { name: 'user.both' }, { name: 'user.new' }, ...remote]))
    const real = await said(list)
    const forecast = await foreseen(await masterDump(), new Map([[be1, await list.dump()]]), '--unified')
    expect(sorted(forecast.get(be1)!)).toEqual(sorted(real))
    // It takes what it has only heard of for its own.
    expect(sorted(real)).toEqual({ pushed: ['user.gone', 'user.new'], unflagged: [], removed: [], wiped: [] })
  })

  describe('with a master that orders its list as 2.4 does', () => {
    /** None is installed: this one has its list in that order, and says it as a master does. */
    async function run(records: readonly MailboxRecord[], own: readonly Own[]) {
      const list24 = records.toSorted((a, b) => (a.name < b.name ? -1 : 1))
      const record = (tag: string, { name, location, acl }: MailboxRecord) =>
        `${tag} MAILBOX ${literal(name)} ${literal(location)} ${literal(acl)}\r\n`
      const answer = loggedIn((tag, rest, socket) => {
        const [command, , ...argument] = rest.split(/ |\r\n/)
        const text = argument.join(' ')
        if (command === 'LOGOUT') return void socket.end(`${tag} OK "bye"\r\n`)
        const found = list24.filter(({ name, location }) =>
          command === 'LIST' ? location.startsWith(text) : name === text,
        )
        return `${found.map(one => record(tag, one)).join('')}${tag} OK "done"\r\n`
      })
      const banner = '* AUTH "PLAIN"\r\n* OK MUPDATE "old.example.com" "Cyrus IMAP" "2.4.17" "(master)"\r\n'
      const server = await lineServer(banner, answer)
      try {
        const list = backend(be1, server.address, { user: 'murder', password: 'secret' })
        await list.load(ownDump(own))
        const real = await said(list)
        const writer = LIST_WRITERS.text()
        const text = list24.map(one => writer.line(one)).join('') + writer.end()
        const forecast = await foreseen(text, new Map([[be1, await list.dump()]]))
        expect(sorted(forecast.get(be1)!)).toEqual(sorted(real))
        return real
      } finally {
        await server.close()
      }
    }

    const names = ['user.a', 'user.a-b', 'user.a.b', 'user.b']

    it('foresees that the run dies', async () => {
      const real = await run(
        names.map(name => told(name, `${be1}!p1`)),
        names.map(name => ({ name, partition: name === 'user.a' ? 'p2' : 'p1' })),
      )
      expect(real.stderr).toContain('mupdate said not us before it said us')
      expect(real).toMatchObject({ pushed: ['user.a'], wiped: [] })
    })

    it('foresees that it deletes what lies here and nowhere else', async () => {
      const three = names.slice(0, 3)
      const real = await run(
        three.map(name => told(name, `${be1}!${name === 'user.a.b' ? 'p2' : 'p1'}`)),
        three.map(name => ({ name })),
      )
      expect(real).toMatchObject({ status: 0, pushed: [], wiped: ['user.a.b'] })
    })
  })
})
