import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { MailboxRecord } from '../../src/core/mailbox.js'
import { ownerOf } from '../../src/core/mailbox-owner.js'
import { written } from '../../src/generators/dump.js'
import { mailboxes } from '../../src/generators/mailboxes.js'
import { cyrusMaster } from '../../src/masters/cyrus/cyrus-master.js'
import type { Master } from '../../src/masters/master.js'
import type { RunResult } from '../../src/metrics/run-result.js'
import { hasDrawn, until, Workbench } from '../cli/bench.js'
import { makeSite, ODD_RECORDS } from '../generators/sites.js'
import { ctlMboxlist } from './mailbox-list.js'

const workbench = new Workbench()
afterAll(async () => {
  await Promise.all(masters.map(master => master.stop()))
  workbench.remove()
})

/** All steps that change something, one after the other, with two frontends that restart in the middle. */
const NIGHT = `\
site: { mailboxes: 1 }
slaves: { count: 4, retryDelay: 20s, start: simultaneous }
phases:
  - { name: preload, run: [preload], until: preloaded, limit: 60s }
  - { name: settle, run: [slaves], until: streaming, limit: 60s }
  - name: move
    run: [slaves]
    step: { move: { from: be1.example.com, to: be9.example.com, mailboxes: 150, abort: 0.2 }, rate: 40 }
    until: done
    events: [{ at: 1s, do: restart, slaves: 2 }]
  - { name: rights, run: [slaves], step: { setAcl: { users: 20, identifier: helpdesk, rights: lrs }, rate: 40 }, until: done }
  - { name: leavers, run: [slaves], step: { delete: { users: 10 }, rate: 40 }, until: done }
  - { name: newcomers, run: [slaves], step: { create: { users: 5 }, rate: 40 }, until: done }
`

/** A backend is replaced, in the time that its users' mail takes, and a domain renamed. */
const MIGRATION = `\
site: { mailboxes: 1 }
slaves: { count: 4, retryDelay: 20s, start: simultaneous }
phases:
  - { name: preload, run: [preload], until: preloaded, limit: 60s }
  - { name: settle, run: [slaves], until: streaming, limit: 60s }
  - name: replace
    run: [slaves]
    step: { replace: { from: be1.example.com, to: be9.example.com, copy: 300ms, parallel: 10 }, rate: 100 }
    until: done
    events: [{ at: 500ms, do: restart, slaves: 3, over: 1s }]
  - { name: rename, run: [slaves], step: { renameDomain: { from: old.example.org, to: new.example.org }, rate: 50 }, until: done }
`

const masters: Master[] = []

/** With the way back; and the master's own list compared with the dump that it began with. */
async function rehearsed(name: string, night: string, records: readonly MailboxRecord[]): Promise<RunResult> {
  const master = cyrusMaster()
  masters.push(master)
  await master.start()
  const dump = workbench.file('site.json', Buffer.concat([...written('json', records)]))
  const { user, password } = master.credentials
  const url = `mupdate://${user}@${master.address.host}:${master.address.port}`
  const args = ['rehearse', workbench.file(`${name}.yaml`, night), '--dump', dump, '--undo', '--keep', '--master', url]
  const { status, stdout, stderr } = await workbench.bench([...args, '--out', workbench.out], {
    MUPDATE_BENCH_PASSWORD: password,
  })
  // On a busy machine its figures may say nothing; what it has done is what it has done.
  expect([0, 5], `${stdout}${stderr}`).toContain(status)
  const result = workbench.result(name)
  expect(result.phases.map(({ ended }) => ended)).toEqual(result.phases.map(() => 'condition'))
  expect(result.slaves).toMatchObject({ followed: 4, differenceCount: 0, openMailboxes: 0 })
  const after = await ctlMboxlist(join(master.databaseDirectory!()!, 'imapd.conf'), ['-d'])
  const diff = await workbench.bench(['dump', 'diff', dump, workbench.file('after.json', after.stdout)])
  expect(diff.stdout).toBe(`${records.length.toLocaleString('en')} the same\n`)
  expect(diff.status).toBe(0)
  return result
}

describe('a night rehearsed on a real master, and undone', () => {
  it('leaves the list as it was, which is what Cyrus itself says', async () => {
    const records = [...mailboxes(makeSite({ mailboxes: 1500, names: 'plain' }), 3), ...ODD_RECORDS]
    const { total } = await rehearsed('night', NIGHT, records)
    for (const kind of ['moveOut', 'moveIn', 'setacl', 'delete', 'create', 'rename', 'push'])
      expect(total.operations[kind], kind).toMatchObject({ failed: 0, unfinished: 0 })
  }, 180_000)

  it('does so when a backend was replaced and a domain renamed, in the time that copying takes', async () => {
    const domains = ['old.example.org', 'other.example.org']
    const site = makeSite({ mailboxes: 600, names: 'plain', domains })
    const records = [...mailboxes(site, 3), ...ODD_RECORDS]
    const { phases, total } = await rehearsed('migration', MIGRATION, records)
    const phase = (name: string) => phases.find(phase => phase.name === name)!
    for (const kind of ['moveOut', 'moveIn', 'rename', 'ownerAcl'])
      expect(total.operations[kind], kind).toMatchObject({ failed: 0, unfinished: 0 })
    const onOld = records.filter(({ location, state }) => location.startsWith('be1.') && state === 'active')
    expect(phase('replace').operations.moveIn!.count).toBe(onOld.length)
    const users = new Set(onOld.map(({ name }) => ownerOf(name)))
    expect(phase('replace').durationMs).toBeGreaterThan((users.size / 10) * 300)
    const inDomain = records.filter(({ name }) => ownerOf(name).startsWith('old.example.org!'))
    expect(phase('rename').operations.rename!.count).toBe(inDomain.length)
    expect(phase('undo').operations.rename!.count).toBe(inDomain.length)
    expect(phase('undo').operations.moveIn!.count).toBe(onOld.length)
  }, 180_000)
})

describe('a night that is killed three times on a real master, and gone on with', () => {
  it('leaves the list that it leaves otherwise, which is what Cyrus itself says', async () => {
    const records = [...mailboxes(makeSite({ mailboxes: 1500, names: 'plain' }), 3), ...ODD_RECORDS]
    const dump = workbench.file('killed.json', Buffer.concat([...written('json', records)]))
    const lists: Buffer[] = []
    for (const kills of [[], KILLS]) {
      const own = cyrusMaster()
      await own.start()
      try {
        const { user, password } = own.credentials
        const args = [
          '--keep',
          '--out',
          workbench.out,
          '--master',
          `mupdate://${user}@${own.address.host}:${own.address.port}`,
        ]
        let begin = ['rehearse', workbench.file('killed.yaml', NIGHT), '--dump', dump]
        for (const { phase, draws } of kills) {
          const run = workbench.start([...begin, ...args], { MUPDATE_BENCH_PASSWORD: password })
          const began = Date.now()
          await until(
            `phase ${phase}`,
            () => {
              const { startedAt } = workbench.result('killed')
              if (Date.parse(startedAt) < began) return false
              return hasDrawn(workbench.folder('killed'), phase, draws)
            },
            90_000,
          )
          process.kill(run.pid, 'SIGKILL')
          await run.ended
          begin = ['rehearse', '--resume', workbench.folder('killed')]
        }
        const { status, stdout, stderr } = await workbench.bench([...begin, ...args], {
          MUPDATE_BENCH_PASSWORD: password,
        })
        expect([0, 5], `${stdout}${stderr}`).toContain(status)
        expect(workbench.result('killed').slaves).toMatchObject({ followed: 4, differenceCount: 0, openMailboxes: 0 })
        lists.push((await ctlMboxlist(join(own.databaseDirectory!()!, 'imapd.conf'), ['-d'])).stdout)
      } finally {
        await own.stop()
      }
    }
    // New users bear their run’s name.
    const unmarked = lists.map(list =>
      Buffer.from(list.toString('latin1').replace(/mupdbench-[0-9a-f]+-/g, ''), 'latin1'),
    )
    const [whole, killed] = unmarked.map((list, i) => workbench.file(`list${i}.json`, list))
    const diff = await workbench.bench(['dump', 'diff', whole!, killed!])
    expect(diff.stdout).toMatch(/^1,[45]\d\d the same\n$/)
    expect(diff.status).toBe(0)
  }, 400_000)
})

/** In the preload, in the moves, among those who leave. */
const KILLS = [
  { phase: 0, draws: 500 },
  { phase: 2, draws: 80 },
  { phase: 4, draws: 12 },
] as const
