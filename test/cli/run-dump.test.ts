import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { written } from '../../src/generators/dump.js'
import { mailboxes } from '../../src/generators/mailboxes.js'
import { loadProfile } from '../../src/profile/load.js'
import { makeSite, ODD_RECORDS } from '../generators/sites.js'
import { Workbench } from './bench.js'

const workbench = new Workbench()
afterAll(() => workbench.remove())

const RECORDS = [...mailboxes(makeSite({ mailboxes: 400 }), 3), ...ODD_RECORDS]
const IN_BE2 = RECORDS.filter(({ location }) => location.startsWith('be2')).length

const dump = workbench.file('site.json', Buffer.concat([...written('json', RECORDS)]))

describe('a profile with a dump', () => {
  it('is run with its mailboxes, and slaves hold what it and the operations say', async () => {
    const { status, stderr } = await workbench.run(['--set', 'site.dump=site.json', '--set', 'backends.mix.rename=2'])
    expect(status, stderr).toBe(0)
    const { slaves, phases, master, total } = workbench.result()
    expect(phases[0]!.commands.ACTIVATE).toMatchObject({ count: RECORDS.length, failed: 0 })
    expect(slaves).toMatchObject({ followed: 2, differenceCount: 0, openMailboxes: 0 })
    expect(master.mailboxesListed).toBeGreaterThan(RECORDS.length)
    for (const kind of ['create', 'setacl', 'rename', 'delete'] as const)
      expect(total.operations[kind], kind).toMatchObject({ failed: 0 })
    // What it said of the site is beside the results.
    const { site } = loadProfile(join(workbench.folder(), 'profile.yaml'))
    expect(site).toMatchObject({ dump, mailboxes: RECORDS.length })
    expect(site.backends.find(({ server }) => server === 'be2.example.com')).toMatchObject({ weight: IN_BE2 })
  })

  it('takes the first of them, where it says how many', async () => {
    const sets = ['--set', `site.dump=${dump}`, '--set', 'site.mailboxes=50']
    const { stdout } = await workbench.bench(['generate', workbench.profile, ...sets, '--format', 'text'])
    const half = workbench.file('half.txt', Buffer.concat([...written('text', RECORDS.slice(0, 50))]))
    expect(stdout).toBe(readFileSync(half, 'utf8'))
  })

  it('is simulated, and searched along its mailboxes no further than it has some', async () => {
    const set = ['--set', `site.dump=${dump}`]
    const simulated = await workbench.bench(['simulate', workbench.profile, '--json', ...set])
    expect(JSON.parse(simulated.stdout).phases[0].commands.ACTIVATE.count).toBe(RECORDS.length)
    const vary = ['--vary', 'mailboxes', '--from', String(RECORDS.length + 1), '--simulate', '--budget', '1h']
    const { status, stderr } = await workbench.bench(['capacity', workbench.profile, ...vary, ...set])
    expect(stderr).toContain(`there are 1 to ${RECORDS.length}`)
    expect(status).toBe(2)
  })

  it.each([
    { what: 'is not there', content: undefined, says: /cannot read .*bad\.txt/ },
    { what: 'has a line that is no mailbox', content: 'user.a\t1 be1!p a\tl\t\nwhat\n', says: /bad\.txt:2:5: no tab/ },
    { what: 'is a backend’s own', content: 'user.a\t0 p a\tl\t\n', says: /where user\.a lies/ },
    {
      what: 'has a mailbox twice',
      content: 'user.a\t1 be1!p a\tl\t\n'.repeat(2),
      says: /"user\.a" is in it more than once/,
    },
    { what: 'has a name that is too long', content: `user.${'a'.repeat(500)}\t1 be1!p \n`, says: /has 505 bytes/ },
    { what: 'is empty', content: '{\n}\n', says: /holds no mailbox/ },
    { what: 'has fewer than asked for', content: 'user.a\t1 be1!p a\tl\t\n', says: /holds 1 mailboxes, not 9\n/ },
  ])('that $what is refused before anything is started (2)', async ({ content, says }) => {
    const path = join(workbench.directory, content === undefined ? 'none/bad.txt' : 'bad.txt')
    if (content !== undefined) writeFileSync(path, content)
    const few = says.source.includes('not 9') ? ['--set', 'site.mailboxes=9'] : []
    const { status, stderr } = await workbench.startRun(['--set', `site.dump=${path}`, ...few]).ended
    expect(stderr).toMatch(says)
    expect(stderr).not.toMatch(/^ +at /m)
    expect(status).toBe(2)
  })

  it('or the number of mailboxes has to be given', async () => {
    const path = workbench.file('none.yaml', 'site: {}\nphases: [{ name: a, run: [slaves], until: streaming }]\n')
    const { status, stderr } = await workbench.bench(['profile', 'validate', path])
    expect(stderr).toMatch(/none\.yaml:1:7: site\.mailboxes: give how many mailboxes there are, or a dump/)
    expect(status).toBe(2)
  })
})
