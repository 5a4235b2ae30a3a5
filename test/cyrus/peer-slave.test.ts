import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import type { MailboxRecord } from '../../src/core/mailbox.js'
import { readDump } from '../../src/dumps/read-dump.js'
import { mailboxes } from '../../src/generators/mailboxes.js'
import { OperationStream } from '../../src/generators/operations.js'
import { CyrusSlave } from '../../src/masters/cyrus/cyrus-slave.js'
import { configPath } from '../../src/masters/cyrus/plan.js'
import { embeddedMaster } from '../../src/masters/embedded/embedded-master.js'
import { Client } from '../../src/session/client.js'
import { until } from '../cli/bench.js'
import { ListModel } from '../generators/list-model.js'
import { makeMix, makeSite, ODD_RECORDS } from '../generators/sites.js'
import { carryOut, fill, listOf } from '../support/master-list.js'
import { ctlMboxlist } from './mailbox-list.js'

const MAILBOXES = 100_000
const CHANGES = 1000
const SEED = 9
const DELAY_S = 2
const LIMIT_MS = 60_000

const site = makeSite({ mailboxes: MAILBOXES, domains: ['example.com', 'uni.example'] })
const mix = makeMix({ find: 0 })
const clock = monotonicClock(monotonicOriginS())
const master = embeddedMaster()
/** What the master is to hold. */
const model = new ListModel([...mailboxes(site, SEED), ...ODD_RECORDS])
let backend: Client
let slave: CyrusSlave

beforeAll(async () => {
  await master.start()
  backend = await connect()
  await fill(backend, [...model.list.values()])
  slave = await CyrusSlave.start(master.address, master.credentials, {
    settings: { mupdate_retry_delay: String(DELAY_S) },
  })
}, LIMIT_MS)

afterAll(async () => {
  await slave?.stop()
  await master.stop()
})

function connect(): Promise<Client> {
  return Client.connect({ address: master.address, credentials: master.credentials, clock })
}

function said(text: string): number {
  return slave.log.filter(line => line.includes(text)).length
}

/** The master has what it was told, and the slave's own `ctl_mboxlist -d` has just that. */
async function expectSame(): Promise<void> {
  const [list, own] = await Promise.all([listOf(backend), ctlMboxlist(configPath(slave.directory), ['-d'])])
  expect(own).toMatchObject({ status: 0, stderr: '' })
  expectModel('the master', list)
  expectModel('the slave', await entriesOf(own.stdout))
}

/** What a dump may say of a state that a master never has is kept, to be seen. */
type Listed = Omit<MailboxRecord, 'state'> & { readonly state: string }

function expectModel(whose: string, list: readonly Listed[]): void {
  const other = list.filter(record => !isSame(record, model.list.get(record.name)))
  expect(other, whose).toEqual([])
  expect(new Set(list.map(({ name }) => name)).size, whose).toBe(model.list.size)
}

function isSame(a: Listed, b: Listed | undefined): boolean {
  return a.location === b?.location && a.acl === b.acl && a.state === b.state
}

async function entriesOf(dump: Buffer): Promise<Listed[]> {
  const records: Listed[] = []
  const refuse = ({ line }: { line: number }) => {
    throw new Error(`line ${line} is no mailbox`)
  }
  for await (const entries of readDump(Readable.from([dump]), 'the slave’s dump', refuse))
    for (const { name, server, partition, acl, state } of entries)
      records.push({ name, location: `${server}!${partition}`, acl, state })
  return records
}

/** One after the other: each takes the slave on from where the last one left it. */
describe('peer 1: a real slave of the embedded master', () => {
  it(
    'reads 100,000 mailboxes into its own list',
    async () => {
      await until('the list', () => said('synchronization complete') === 1, LIMIT_MS)
      expect(model.list.size).toBeGreaterThanOrEqual(MAILBOXES)
      await expectSame()
    },
    LIMIT_MS,
  )

  it(
    'follows 1,000 creates, SETACLs, renames and deletes, and has them all when a kick is answered',
    async () => {
      const stream = new OperationStream(site, mix, SEED)
      const operations = Array.from({ length: CHANGES }, () => stream.next())
      for (const operation of operations) model.apply(operation)
      expect(new Set(operations.map(({ kind }) => kind))).toEqual(new Set(['create', 'setacl', 'rename', 'delete']))
      await carryOut(backend, operations)
      expect(await slave.kick()).toBe(true)
      await expectSame()
      expect(said('synchronization complete')).toBe(1)
    },
    LIMIT_MS,
  )

  it(
    'comes back when the master was restarted, and takes over what changed meanwhile',
    async () => {
      const restarted = new Promise<void>(resolve =>
        master.onEvent(event => {
          if (event.kind === 'restarted') resolve()
        }),
      )
      master.restart!(false)
      await restarted
      backend = await connect()
      // Before it is back: it waits for so long.
      await carryOut(backend, [changeOf('user.peer.one'), changeOf('user.peer.two')])
      for (const name of ['user.peer.one', 'user.peer.two']) model.list.set(name, made(name))
      expect(said('synchronization complete')).toBe(1)
      await until('the list once more', () => said('synchronization complete') === 2, LIMIT_MS)
      await expectSame()
      expect(slave.log.filter(line => /signaled|fatal|assert/i.test(line))).toEqual([])
    },
    LIMIT_MS,
  )
})

/** Nothing beside it in the list begins like it: what a real slave loses at a resync is for others to show. */
function made(name: string): MailboxRecord {
  return { name, location: 'be1.example.com!default', acl: 'peer\tlrs\t', state: 'active' }
}

function changeOf(name: string) {
  const { location, acl } = made(name)
  return {
    kind: 'create',
    backend: 0,
    mailboxes: [name],
    commands: [{ kind: 'ACTIVATE', name, location, acl }],
  } as const
}
