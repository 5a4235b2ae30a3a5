import { copyFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import type { MailboxRecord } from '../../src/core/mailbox.js'
import { tellAll } from '../../src/drivers/tell-all.js'
import { written } from '../../src/generators/dump.js'
import { mailboxes } from '../../src/generators/mailboxes.js'
import { namesIn } from '../../src/masters/cyrus/binaries.js'
import { cyrusMaster } from '../../src/masters/cyrus/cyrus-master.js'
import { CyrusSlave } from '../../src/masters/cyrus/cyrus-slave.js'
import type { Master } from '../../src/masters/master.js'
import type { RouteRehearsed, UpgradeRehearsed } from '../../src/report/upgrade/upgrade.js'
import { commandOf, descendants, until, Workbench } from '../cli/bench.js'
import { makeSite, ODD_RECORDS } from '../generators/sites.js'
import { ctlMboxlist, MailboxList } from './mailbox-list.js'

const COUNT = 1000
const RECORDS: readonly MailboxRecord[] = [...mailboxes(makeSite({ mailboxes: COUNT }), 5)].filter(
  // 3.6 does not load longer ones (imap/ctl_mboxlist.c do_undump).
  ({ name }) => name.length < 490,
)
const ALL = RECORDS.length

/** As the databases of masters had them. */
const OLD_RECORDS = {
  '2.4': ({ name, location, acl }: MailboxRecord) => `${name}\t1 ${location} ${acl}`,
  '3.0 to 3.4': ({ name, location, acl }: MailboxRecord) => {
    const [server, partition] = location.split('!')
    const rights = acl.split('\t').slice(0, -1).map(quoted).join(' ')
    return `${name}\t%(A %(${rights}) M 1706538684 P ${partition} S ${server} T r)`
  },
} as const

function quoted(text: string): string {
  return /^[\w.-]+$/.test(text) ? text : `"${text}"`
}

const workbench = new Workbench()
const ending: (() => Promise<void>)[] = []
let list: MailboxList

beforeAll(() => {
  list = new MailboxList({ servername: 'bench' })
})
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end()
})
afterAll(() => {
  list.remove()
  workbench.remove()
})

async function rehearsed(...args: readonly string[]): Promise<{ status: number | null; result: UpgradeRehearsed }> {
  const { status, stdout, stderr } = await workbench.bench(['rehearse-upgrade', ...args, '--json'])
  expect(stderr).toBe('')
  return { status, result: JSON.parse(stdout) }
}

function of(result: UpgradeRehearsed, route: string): RouteRehearsed {
  return result.routes.find(one => one.route === route)!
}

async function filledMaster(records: readonly MailboxRecord[]): Promise<Master> {
  const master = cyrusMaster()
  ending.push(() => master.stop())
  await master.start()
  const clock = monotonicClock(monotonicOriginS())
  const batches = async function* () {
    yield records
  }
  expect(await tellAll(master.address, master.credentials, clock, batches())).toMatchObject({ refused: 0 })
  return master
}

function copyOfDatabase(directory: string, name: string): string {
  const path = join(workbench.directory, name)
  copyFileSync(join(directory, 'conf/mailboxes.db'), path)
  return path
}

const EMPTIED = {
  verdict: 'no-go',
  expected: ALL,
  listed: 0,
  frontend: null,
  losses: { missing: { count: ALL } },
}

describe('an upgrade in place', () => {
  it.each([
    ['2.4', 'twoskip'],
    ['2.4', 'skiplist'],
    ['2.4', 'flat'],
    ['3.0 to 3.4', 'twoskip'],
    ['3.0 to 3.4', 'skiplist'],
  ] as const)(
    'of records of %s in a %s empties the list, which is found before a frontend is let in',
    async (version, format) => {
      const database = await list.databaseOf(RECORDS.map(OLD_RECORDS[version]), format)
      const before = readFileSync(database)
      const { status, result } = await rehearsed('--database', database, '--route', 'in-place')
      expect(result).toMatchObject({ old: { mailboxes: ALL, reserved: 0 }, take: null })
      expect(of(result, 'in-place')).toMatchObject(EMPTIED)
      expect(of(result, 'in-place').reasons[0]).toContain('the list is EMPTY')
      // What an operator can look for: the new ctl_cyrusdb -r says it of each mailbox, and exits 0.
      expect(of(result, 'in-place').log).toContainEqual({
        count: ALL,
        line: expect.stringMatching(/^ctl_cyrusdb: Failed to open mailbox '/),
      })
      expect(status).toBe(4)
      expect(readFileSync(database).equals(before)).toBe(true)
    },
  )

  it('of a database of its own version goes well, reserved and odd ones too', async () => {
    const master = await filledMaster([...RECORDS, ...ODD_RECORDS])
    const database = copyOfDatabase(master.databaseDirectory!()!, 'own.db')
    const all = ALL + ODD_RECORDS.length
    const { status, result } = await rehearsed('--database', database)
    expect(result).toMatchObject({ old: { mailboxes: all, reserved: 1 }, take: 'in-place' })
    expect(of(result, 'in-place')).toMatchObject({
      verdict: 'go',
      reasons: [],
      // Which each start of it does, of whatever version.
      losses: { dropped: { count: 1, first: ['user.zoe.new'] } },
      listed: all - 1,
      frontend: { mailboxes: all - 1 },
    })
    expect(status).toBe(0)
  })

  it('is no better with old programs that empty it themselves: nothing is rehearsed with their dump', async () => {
    const database = await list.databaseOf(RECORDS.map(OLD_RECORDS['2.4']), 'twoskip')
    const { status, stderr } = await workbench.bench(['rehearse-upgrade', '--database', database, '--from', 'cyrus'])
    expect(stderr).toMatch(/has no mailbox: there is nothing to upgrade/)
    expect(status).toBe(2)
  })
})

describe('the other routes', () => {
  it('of a 2.4 master: -u -L keeps the list and loses the remote flag, converted it is whole, and told anew', async () => {
    const database = await list.databaseOf(RECORDS.map(OLD_RECORDS['2.4']), 'skiplist')
    const dump = workbench.file('old.txt', Buffer.concat([...written('text', RECORDS)]))
    const { status, result } = await rehearsed('--database', database, '--dump', dump)
    expect(result.routes.map(({ route, verdict, listed }) => [route, verdict, listed])).toEqual([
      ['in-place', 'no-go', 0],
      ['undump', 'no-go', ALL],
      ['convert', 'go', ALL],
      ['activate', 'go', ALL],
    ])
    expect(of(result, 'undump')).toMatchObject({ losses: { local: { count: ALL } }, frontend: null })
    for (const route of ['convert', 'activate'])
      expect(of(result, route)).toMatchObject({ losses: {}, frontend: { mailboxes: ALL } })
    expect(result.take).toBe('convert')
    expect(status).toBe(0)
  })

  it('of a 2.4 dump with reserved ones: -u -L makes them active', async () => {
    const reserved = { ...RECORDS[0]!, name: 'user.zoe.new', acl: '', state: 'reserved' } as const
    const dump = workbench.file('reserved.txt', Buffer.concat([...written('text', [...RECORDS, reserved])]))
    const { result } = await rehearsed('--dump', dump)
    expect(of(result, 'undump').losses.state).toEqual({ count: 1, first: ['user.zoe.new'] })
    // Before the start, and after it.
    expect(of(result, 'convert')).toMatchObject({ verdict: 'go', listed: ALL, losses: { dropped: { count: 1 } } })
    expect(of(result, 'activate')).toMatchObject({ verdict: 'go', listed: ALL + 1 })
  })

  it('of a 3.6 master: its own dump, which has no ids, loads nothing as it is', async () => {
    const master = await filledMaster(RECORDS)
    const { stdout } = await ctlMboxlist(join(master.databaseDirectory!()!, 'imapd.conf'), ['-d'])
    const dump = workbench.file('own.json', stdout)
    const { status, result } = await rehearsed('--dump', dump, '--route', 'undump', '--route', 'convert')
    expect(of(result, 'undump')).toMatchObject(EMPTIED)
    expect(of(result, 'undump').log).toContainEqual({
      count: ALL,
      line: expect.stringMatching(/^ctl_mboxlist: missing uniqueid for /),
    })
    expect(of(result, 'convert')).toMatchObject({ verdict: 'go', frontend: { mailboxes: ALL } })
    // One that was asked for is none.
    expect(status).toBe(4)
  })

  it('takes a copy of a frontend’s database', async () => {
    const master = await filledMaster(RECORDS)
    const slave = await CyrusSlave.start(master.address, master.credentials, {})
    ending.push(() => slave.stop())
    const isReady = () => slave.log.some(line => line.includes('mailbox list synchronization complete'))
    for (let waited = 0; !isReady() && waited < 20_000; waited += 50) await sleep(50)
    const copy = copyOfDatabase(slave.directory, 'frontend.db')
    const dump = workbench.file('dump.txt', Buffer.concat([...written('text', RECORDS)]))
    const { status, result } = await rehearsed('--dump', dump, '--frontend-database', copy, '--route', 'frontend-copy')
    expect(of(result, 'frontend-copy')).toMatchObject({ verdict: 'go', listed: ALL, frontend: { mailboxes: ALL } })
    expect(status).toBe(0)
  })
})

describe('what is not right', () => {
  it('is a database and a dump of two moments', async () => {
    const database = await list.databaseOf(RECORDS.map(OLD_RECORDS['2.4']), 'twoskip')
    const dump = workbench.file('fewer.txt', Buffer.concat([...written('text', RECORDS.slice(1))]))
    const { status, stderr } = await workbench.bench(['rehearse-upgrade', '--database', database, '--dump', dump])
    expect(stderr).toMatch(/holds [\d,]+ mailboxes, .*fewer\.txt has [\d,]+\n {2}→ take both at one moment/)
    expect(status).toBe(2)
  })

  it('is a file that is no database', async () => {
    const path = workbench.file('no.db', Buffer.from('nothing of this\nis one\n'))
    const { status, stderr } = await workbench.bench(['rehearse-upgrade', '--database', path])
    expect(stderr).toMatch(/no\.db.*\n {2}→ give a dump of it/)
    expect(status).toBe(2)
  })
})

describe('when it is over', () => {
  /** Private directories of processes that are gone. */
  const abandoned = () =>
    namesIn('/dev/shm')
      .filter(name => name.startsWith('mupdate-bench-cyrus-'))
      .filter(name => {
        const [, pid] = readFileSync(join('/dev/shm', name, 'supervisor'), 'utf8').split(' ')
        return !existsSync(`/proc/${pid}`)
      })
  const folders = () => namesIn(workbench.directory).filter(name => name.startsWith('mupdate-bench-upgrade-'))

  it('nothing is left, also after Ctrl-C in the middle', async () => {
    const dump = workbench.file('dump.txt', Buffer.concat([...written('text', RECORDS)]))
    const { child, pid, ended } = workbench.start(['rehearse-upgrade', '--dump', dump], { TMPDIR: workbench.directory })
    await until('a master that is started', () =>
      descendants(pid).some(one => commandOf(one).includes('supervisor.js')),
    )
    expect(folders()).toHaveLength(1)
    child.kill('SIGINT')
    const { status, stdout, stderr } = await ended
    expect(stderr).toMatch(/interrupted/)
    expect([status, stdout]).toEqual([130, ''])
    expect(folders()).toEqual([])
    expect(abandoned()).toEqual([])
  })
})
