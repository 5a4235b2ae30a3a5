import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { MailboxRecord } from '../../src/core/mailbox.js'
import { mailboxes } from '../../src/generators/mailboxes.js'
import { written } from '../../src/generators/dump.js'
import { cyrusMaster } from '../../src/masters/cyrus/cyrus-master.js'
import { Workbench } from '../cli/bench.js'
import { makeSite, ODD_RECORDS } from '../generators/sites.js'
import { ctlMboxlist } from './mailbox-list.js'

const workbench = new Workbench()
const ending: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const end of ending.splice(0)) await end()
})
afterAll(() => workbench.remove())

const PRELOAD = `\
site: { dump: DUMP }
phases: [{ name: preload, run: [preload], until: preloaded, limit: 60s }]
`

/** Real names, some of them 490 bytes long, reserved and deleted ones, two domains. */
const RECORDS: readonly MailboxRecord[] = [
  ...mailboxes(makeSite({ mailboxes: 2000, domains: ['example.com', 'uni.example'] }), 3),
  ...ODD_RECORDS,
]

const type = ({ state }: MailboxRecord) => (state === 'active' ? 1 : 3)
/** Of 2.2 and 2.3.7, which had no form for a reserved one without an ACL: a tab follows all the same. */
const FORMS: Readonly<Record<string, (record: MailboxRecord) => string>> = {
  '2.2': ({ name, location, acl }) => `${name}\t${location}\t${acl}\n`,
  '2.3.7': record => `${record.name}\t${type(record)} ${record.location}\t${record.acl}\n`,
  '2.3.12': record => `${record.name}\t${type(record)} ${record.location} ${record.acl}\n`,
}

/** @returns what a real master, filled from the dump by a run, dumps then */
async function throughMaster(dump: string): Promise<Buffer> {
  const master = cyrusMaster()
  ending.push(() => master.stop())
  await master.start()
  const { user, password } = master.credentials
  const url = `mupdate://${user}@${master.address.host}:${master.address.port}`
  const profile = workbench.file('preload.yaml', Buffer.from(PRELOAD.replace('DUMP', JSON.stringify(dump))))
  const args = ['run', profile, '--master', url, '--keep', '--out', workbench.out]
  const { status, stderr } = await workbench.bench(args, { MUPDATE_BENCH_PASSWORD: password })
  expect(status, stderr).toBe(0)
  const dumped = await ctlMboxlist(join(master.databaseDirectory!()!, 'imapd.conf'), ['-d'])
  expect(dumped.status, dumped.stderr).toBe(0)
  return dumped.stdout
}

async function differences(first: string, second: Buffer): Promise<string> {
  const { status, stdout, stderr } = await workbench.bench([
    'dump',
    'diff',
    first,
    workbench.file('again.json', second),
  ])
  expect(stderr).toBe('')
  return status === 0 ? '' : stdout
}

describe('a dump, put into a real master by a run, and dumped by it', () => {
  it.each(Object.keys(FORMS))(
    'of %s is the same',
    async form => {
      // 2.2 knows no reserved ones.
      const records = RECORDS.filter(({ state }) => form !== '2.2' || state === 'active')
      const text = records.map(FORMS[form]!).join('')
      const dump = workbench.file('dump.gz', gzipSync(Buffer.from(text, 'latin1')))
      expect(await differences(dump, await throughMaster(dump))).toBe('')
    },
    60_000,
  )

  it('of 3.6 is the same, as ours and as its own, and dump diff would see one that is not', async () => {
    const ours = workbench.file('ours.json', Buffer.concat([...written('json', RECORDS)]))
    const own = await throughMaster(ours)
    expect(await differences(ours, own)).toBe('')
    const again = await throughMaster(workbench.file('own.json', own))
    expect(again.toString('latin1').match(/^"/gm)).toHaveLength(RECORDS.length)
    expect(await differences(ours, again)).toBe('')
    expect(await differences(ours, Buffer.from(again.toString('latin1').replace('lrs', 'lr'), 'latin1'))).toContain(
      '1 another ACL',
    )
  }, 90_000)

  it('goes into no master that holds mailboxes', async () => {
    const master = cyrusMaster()
    ending.push(() => master.stop())
    await master.start()
    const { user, password } = master.credentials
    const url = `mupdate://${user}@${master.address.host}:${master.address.port}`
    const dump = workbench.file('few.txt', Buffer.from('user.a\t1 be1!default a\tlrs\t\n'))
    const profile = workbench.file('preload.yaml', Buffer.from(PRELOAD.replace('DUMP', dump)))
    const run = () =>
      workbench.bench(['run', profile, '--master', url, '--keep', '--out', workbench.out], {
        MUPDATE_BENCH_PASSWORD: password,
      })
    const first = await run()
    expect(first.status, first.stderr).toBe(0)
    const { status, stderr } = await run()
    expect(stderr).toMatch(/holds mailboxes: a dump, or a rehearsal, needs an empty master\n {2}→ empty it/)
    expect(status).toBe(2)
  }, 60_000)
})
