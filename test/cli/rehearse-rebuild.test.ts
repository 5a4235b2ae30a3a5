import { afterAll, describe, expect, it } from 'vitest'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import type { Command } from '../../src/core/operation.js'
import { written } from '../../src/generators/dump.js'
import { mailboxes } from '../../src/generators/mailboxes.js'
import { Client } from '../../src/session/client.js'
import { makeSite, ODD_RECORDS } from '../generators/sites.js'
import { until, Workbench } from './bench.js'
import { SomebodysMaster } from './somebodys-master.js'

const workbench = new Workbench()
afterAll(() => workbench.remove())

const records = [...mailboxes(makeSite({ mailboxes: 150, names: 'plain' }), 3), ...ODD_RECORDS]
const active = records.filter(({ state }) => state === 'active')
const dump = workbench.file('site.json', Buffer.concat([...written('json', records)]))
const on = (server: string) => active.filter(({ location }) => location.startsWith(`${server}!`)).length
const whole = Object.fromEntries(['be1.example.com', 'be2.example.com'].map(server => [server, on(server)]))

/** Once more where this busy machine, not the master, was the limit. */
async function rebuild(profile: string, ...sets: string[]) {
  const args = ['rehearse', profile, '--dump', dump, '--master', 'embedded', '--out', workbench.out]
  for (let attempt = 1; ; attempt++) {
    const ended = await workbench.bench([...args, ...sets.flatMap(set => ['--set', set])])
    if (ended.status !== 5 || attempt === 4) return ended
  }
}

const QUICK = [
  'phases.1.duration=500ms',
  'phases.5.duration=100ms',
  'slaves.staggerOver=100ms',
  'phases.2.step.rate=500',
]

describe('a master without its database', { timeout: 60_000 }, () => {
  it('is whole again after ctl_mboxlist -m on all backends, before a frontend is let in', async () => {
    const { status, stdout, stderr } = await rebuild('master-rebuild', ...QUICK)
    expect(stdout, stderr).toMatch(/^GO: master-rebuild on embedded/)
    expect(status).toBe(0)
    const { phases, master, slaves } = workbench.result('master-rebuild')
    expect(phases.map(({ name }) => name)).toEqual(['preload', 'empty', 'rebuild', 'count', 'admit', 'calm', 'compare'])
    const { steps, commands } = phases[2]!
    // A LIST for each of two servers, and all but what was only reserved.
    expect(steps['step.push']).toMatchObject({ count: 2 + active.length, failed: 0, unfinished: 0 })
    expect(commands.LIST!.count).toBe(2)
    expect(commands.FIND!.count).toBe(active.length)
    expect(commands.ACTIVATE!.count).toBe(active.length)
    expect(master).toMatchObject({ restarts: 1, serversListed: whole })
    expect(slaves).toMatchObject({ followed: 8, differenceCount: 0 })
  })

  it('lets no frontend in where a server is missing (4)', async () => {
    const sets = [...QUICK, 'phases.2.step.push.servers=[be1.example.com]']
    const { status, stdout, stderr } = await rebuild('master-rebuild', ...sets)
    expect(stdout, stderr).toMatch(
      new RegExp(
        `^NO-GO: .*\n.*stopped: count: the master lists 0 mailboxes of\\s+be2.example.com, not ${on('be2.example.com')}`,
      ),
    )
    expect(status).toBe(4)
    expect(workbench.result('master-rebuild').phases.map(({ name }) => name)).toEqual([
      'preload',
      'empty',
      'rebuild',
      'count',
    ])
  })

  it('is no go where it stays without it, whatever restarts there were (4)', async () => {
    const night = workbench.file('rebuilt.yaml', REBUILT)
    const one = await rebuild(night, 'phases.2.step.push.servers=[be2.example.com]')
    expect(one.stdout, one.stderr).toMatch(/^NO-GO: .*\n.*the master lists 0 mailboxes of be1\.example\.com, not \d+/)
    expect(one.status).toBe(4)
    const all = await rebuild(night)
    expect(all.stdout, all.stderr).toMatch(/^GO: /)
    expect(workbench.result('rebuilt').master).toMatchObject({ restarts: 1, serversListed: whole })
  })
})

const REBUILT = `\
site: { mailboxes: 1 }
phases:
  - { name: preload, run: [preload], until: preloaded, limit: 20s }
  - { name: empty, duration: 500ms, events: [{ at: 0s, do: emptyMaster }] }
  - { name: push, step: { push: {}, rate: 500 }, until: done }
`

const HARMED = `\
site: { mailboxes: 1 }
phases:
  - { name: preload, run: [preload], until: preloaded, limit: 20s }
  - { name: harm, duration: 3s }
  - { name: push, step: { push: { servers: [be1.example.com, be2.example.com] }, rate: 200 }, until: done }
  - { name: later, step: { setAcl: { identifier: a, rights: l } }, until: done }
`

describe('a push to a master that others have changed', { timeout: 60_000 }, () => {
  const master = new SomebodysMaster()

  async function harmed(commands: readonly Command[]) {
    const night = workbench.file('harmed.yaml', HARMED)
    const args = ['rehearse', night, '--dump', dump, '--master', master.url, '--out', workbench.out]
    const folders = () => workbench.folders('harmed').length
    const before = existing(folders)
    const run = workbench.start([...args, '--set', 'phases.3.step.rate=1000'], master.env)
    const isThere = () => folders() > before && workbench.result('harmed').phases.some(({ name }) => name === 'harm')
    await until('harm', isThere)
    const { address, credentials } = master
    const client = await Client.connect({ address, credentials, clock: monotonicClock(monotonicOriginS()) })
    for (const command of commands) expect(await client.request(command)).toMatchObject({ status: 'OK' })
    await client.logout()
    const ended = await run.ended
    return { ...ended, phases: workbench.result('harmed').phases }
  }

  const [one, other] = active.filter(({ location }) => location.startsWith('be1.'))

  it('deletes what no backend has, and pushes what is not as it has it', async () => {
    const { status, stdout, stderr, phases } = await harmed([
      { kind: 'ACTIVATE', name: 'user.stale', location: 'be1.example.com!default', acl: '' },
      { kind: 'ACTIVATE', name: one!.name, location: one!.location, acl: 'x\tl\t' },
      { kind: 'DELETE', name: other!.name },
    ])
    expect([0, 5], `${stdout}${stderr}`).toContain(status)
    const { DELETE, FIND, ACTIVATE } = phases[2]!.commands
    // The other one that is deleted is only reserved.
    expect([DELETE!.count, FIND!.count, ACTIVATE!.count]).toEqual([2, 1, 2])
  })

  it('stops where a backend would delete a mailbox of its own (4), and says which', async () => {
    const { status, stdout, stderr, phases } = await harmed([
      { kind: 'ACTIVATE', name: one!.name, location: 'be2.example.com!default', acl: one!.acl },
    ])
    // Off the list of be2 it goes after be1 has looked for it.
    expect(stdout.replaceAll(/\s+/g, ' '), stderr).toContain(
      `stopped: ${one!.name} of ${one!.location}: the master has it on be2.example.com!default, and ctl_mboxlist -m deletes it here`,
    )
    expect(stdout).toMatch(/^NO-GO: /)
    expect(status).toBe(4)
    expect(phases.map(({ name }) => name)).toEqual(['preload', 'harm', 'push'])
  })
})

function existing(count: () => number): number {
  try {
    return count()
  } catch {
    return 0
  }
}
