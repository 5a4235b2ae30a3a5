import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import type { MailboxRecord } from '../../src/core/mailbox.js'
import { listAll } from '../../src/drivers/list-all.js'
import { written } from '../../src/generators/dump.js'
import { mailboxes } from '../../src/generators/mailboxes.js'
import type { Command } from '../../src/core/operation.js'
import { Client } from '../../src/session/client.js'
import { embeddedMaster } from '../../src/masters/embedded/embedded-master.js'
import { makeSite, ODD_RECORDS } from '../generators/sites.js'
import { hasDrawn, until, Workbench } from './bench.js'

const workbench = new Workbench()
afterAll(() => workbench.remove())

/** Slow enough to be killed in the middle of each. */
const NIGHT = `\
site: { mailboxes: 1 }
slaves: { count: 2, retryDelay: 20s, start: simultaneous }
backends: { arrivals: { kind: constant, rate: 20 }, mix: { create: 4, setacl: 2, delete: 2, rename: 1 } }
phases:
  - { name: preload, run: [preload], until: preloaded, limit: 60s }
  - { name: settle, run: [slaves], until: streaming, limit: 60s }
  - name: move
    run: [slaves]
    step: { move: { from: be1.example.com, to: be9.example.com, users: 20, abort: 0.2 }, rate: 60 }
    until: done
  - { name: rights, run: [slaves], step: { setAcl: { users: 30, identifier: helpdesk, rights: lrs }, rate: 100 }, until: done }
  - { name: leavers, run: [slaves], step: { delete: { users: 10 }, rate: 50 }, until: done }
  - { name: newcomers, run: [slaves], step: { create: { users: 5 }, rate: 50 }, until: done }
`
const records = [...mailboxes(makeSite({ mailboxes: 600 }), 3), ...ODD_RECORDS]

const dump = workbench.file('site.json', Buffer.concat([...written('json', records)]))
const night = workbench.file('night.yaml', NIGHT)

let master: ReturnType<typeof embeddedMaster>
beforeEach(async () => {
  master = embeddedMaster()
  await master.start()
})
afterEach(() => master.stop())

function at(): string[] {
  const { address, credentials } = master
  return ['--master', `mupdate://${credentials.user}@${address.host}:${address.port}`, '--out', workbench.out]
}

const password = () => ({ MUPDATE_BENCH_PASSWORD: master.credentials.password })

/** By name. */
async function listed(): Promise<MailboxRecord[]> {
  const all: MailboxRecord[] = []
  const clock = monotonicClock(monotonicOriginS())
  await listAll(master.address, master.credentials, clock, async some => void all.push(...some))
  return all.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** New users bear their run’s name. */
function unmarked(list: readonly MailboxRecord[]): unknown {
  return JSON.parse(JSON.stringify(list).replace(/mupdbench-[0-9a-f]+-/g, ''))
}

async function tell(command: Command): Promise<void> {
  const { address, credentials } = master
  const client = await Client.connect({ address, credentials, clock: monotonicClock(monotonicOriginS()) })
  await client.request(command)
  await client.logout()
}

/** Begins one, or goes on with one, and kills it once so many of its operations have been drawn in a phase. @returns its folder */
async function killed(args: readonly string[], phase: number, draws: number): Promise<string> {
  const before = foldersOf()
  const run = workbench.start([...args, '--keep', ...at()], password())
  const folder = () => foldersOf().find(name => !before.includes(name))!
  await until(`${draws} draws in phase ${phase}`, () => hasDrawn(folder(), phase, draws), 60_000)
  process.kill(run.pid, 'SIGKILL')
  await run.ended
  return folder()
}

function foldersOf(): string[] {
  try {
    return workbench.folders('night')
  } catch {
    return []
  }
}

async function ended(args: readonly string[]) {
  const { status, stdout, stderr } = await workbench.bench([...args, '--keep', ...at()], password())
  // Of a busy machine figures may say nothing; what it has done is what it has done.
  expect([0, 5], `${stdout}${stderr}`).toContain(status)
  expect(workbench.result('night').verdict.failures).toEqual([])
  expect(workbench.result('night').slaves).toMatchObject({ followed: 2, differenceCount: 0, openMailboxes: 0 })
  return { stdout, stderr }
}

const begin = ['rehearse', night, '--dump', dump]

describe('a rehearsal that was killed', { timeout: 240_000 }, () => {
  it('is gone on with, and leaves what one leaves that was not', async () => {
    await ended(begin)
    const whole = unmarked(await listed())
    expect(whole).not.toEqual(records)
    for (const [phase, draws] of [
      [0, 200],
      [2, 30],
      [4, 10],
    ] as const) {
      await master.stop()
      master = embeddedMaster()
      await master.start()
      const folder = await killed(begin, phase, draws)
      const { stderr } = await ended(['rehearse', '--resume', folder])
      expect(unmarked(await listed()), `killed in phase ${phase}`).toEqual(whole)
      expect(stderr).toMatch(/\d+ mailboxes were not as its operations leave them, and now are/)
      const { resumes, phases } = workbench.result('night')
      expect(resumes).toBe(folder)
      expect(
        phases.some(({ name }) => name === 'preload'),
        'what is over is not done again',
      ).toBe(phase === 0)
    }
  })

  it('more than once, with all that arrives by chance, agrees with its frontends, and its page has all steps', async () => {
    const busy = [2, 3, 4, 5].flatMap(i => ['--set', `phases.${i}.run=[slaves, backends]`])
    const first = await killed([...begin, ...busy], 2, 40)
    const second = await killed(['rehearse', '--resume', first], 2, 60)
    const third = await killed(['rehearse', '--resume', second], 5, 12)
    const { stdout } = await ended(['rehearse', '--resume', third])
    for (const step of ['1 move', '2 rights', '3 leavers', '4 newcomers'])
      expect(stdout).toMatch(new RegExp(`^${step} +(\\+[\\d.]+ m?s) +[\\d.]+ m?s`, 'm'))
    expect(stdout).toMatch(/1 move: [^:]*\(broken\s+off,\s+and\s+gone\s+on\s+with:/)
  })

  it('on its way back, goes all of it', async () => {
    const folder = await killed([...begin, '--undo'], 6, 40)
    const { stdout } = await ended(['rehearse', '--resume', folder])
    expect(stdout).toMatch(/the way back took [\d.]+ m?s for a part of it/)
    const byName = (a: MailboxRecord, b: MailboxRecord) => (a.name < b.name ? -1 : 1)
    expect(await listed()).toEqual([...records].sort(byName))
  })

  it('is not gone on with where others have put mailboxes, where it has ended, or with other wishes', async () => {
    const folder = await killed(begin, 2, 20)
    await tell({ kind: 'ACTIVATE', name: 'user.stranger', location: 'be1.example.com!default', acl: '' })
    const resume = ['rehearse', '--resume', folder]
    const before = await listed()
    const foreign = await workbench.bench([...resume, ...at()], password())
    expect(foreign.stderr).toMatch(/holds 1 mailboxes that are not of this rehearsal, such as user\.stranger/)
    expect(foreign.status).toBe(2)
    expect(await listed()).toEqual(before)
    const other = await workbench.bench([...resume, '--undo', '--find-rate', ...at()], password())
    expect(other.stderr).toMatch(/leave out --undo, --find-rate/)
    const elsewhere = await workbench.bench([...resume, '--master', 'embedded'])
    expect(elsewhere.stderr).toMatch(/not on a master of its own\n.*give --master mupdate:\/\/user@127/)
    expect(elsewhere.status).toBe(2)
    const none = await workbench.bench(['rehearse', '--resume', workbench.directory, ...at()], password())
    expect(none.stderr).toMatch(/no run in /)
  })
})

describe('a rehearsal that stops itself since NOOPs wait', { timeout: 120_000 }, () => {
  it('goes its way back, if it was asked to, and is no go (4)', async () => {
    // In the midst of the moves.
    const sets = ['stopLoss={ noop: 0.000001 }', 'phases.2.run=[slaves, kicks]', 'kicks.rate=2'].flatMap(set => [
      '--set',
      set,
    ])
    const args = [...begin, '--undo', ...sets, '--keep', ...at()]
    const { status, stdout, stderr } = await workbench.bench(args, password())
    expect(stdout, stderr).toMatch(/^(NO-GO|UNKNOWN): night/)
    expect(workbench.result('night').verdict.failures).toEqual([
      expect.stringMatching(/^stopped: a frontend’s NOOP waited/),
    ])
    expect(stdout).toMatch(/the way back took [\d.]+ m?s for a part of it/)
    expect(workbench.result('night').phases.map(({ name, ended: how }) => [name, how])).toEqual([
      ['preload', 'condition'],
      ['settle', 'condition'],
      ['move', 'interrupted'],
      ['undo', 'condition'],
      ['compare', 'condition'],
    ])
    const byName = (a: MailboxRecord, b: MailboxRecord) => (a.name < b.name ? -1 : 1)
    expect(await listed()).toEqual([...records].sort(byName))
    const folder = workbench.folder('night')
    const again = await workbench.bench(['rehearse', '--resume', folder, ...at()], password())
    expect(again.stderr).toMatch(/has stopped itself|has come to its end/)
    // On a busy machine its figures say nothing.
    expect([4, 5]).toContain(status)
  })
})
