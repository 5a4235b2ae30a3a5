import { writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { embeddedMaster } from '../../src/masters/embedded/embedded-master.js'
import type { Faults } from '../../src/masters/embedded/settings.js'
import { SMALL, Workbench } from './bench.js'

/** Many changes of few mailboxes, so that the broken one is changed for sure. */
const BUSY = SMALL.replace('mailboxes: 300', 'mailboxes: 40').replace(
  'rate: 40 }\n  mix: { create: 4, setacl: 2, delete: 1, find: 1 }',
  'rate: 400 }\n  mix: { create: 2, setacl: 3, delete: 2 }',
)

/** A run against a master that is broken, as a user would do it. */
async function runAgainst(faults: Faults, sets: readonly string[] = [], more: readonly string[] = []) {
  const workbench = new Workbench()
  const master = embeddedMaster({ faults })
  await master.start()
  try {
    writeFileSync(workbench.profile, BUSY)
    const { user, password } = master.credentials
    const url = `mupdate://${user}@127.0.0.1:${master.address.port}`
    const args = ['--master', url, ...sets.flatMap(set => ['--set', set]), ...more]
    const { status, stdout } = await workbench.run(args, { MUPDATE_BENCH_PASSWORD: password })
    return { status, stdout, slaves: workbench.result().slaves }
  } finally {
    await master.stop()
    workbench.remove()
  }
}

// One after the other: five runs at once are load enough that none of them is valid.
describe('a master that', { timeout: 120_000 }, () => {
  it('drops 1 of 1,000 updates fails a run (exit 4), which names the mailboxes', async () => {
    // An update carries the state of now: one of a RESERVE and its ACTIVATE would not be missed.
    const { status, stdout, slaves } = await runAgainst({ dropEvery: 1000 }, [
      'site.mailboxes=20000',
      'backends.arrivals.rate=1500',
      'backends.mix={ setacl: 2, delete: 1, deleteStyle: final }',
      'phases.2.duration=5s',
    ])
    expect(status, stdout).toBe(4)
    const inAll = new Set(slaves.differences.map(({ where }) => where))
    expect([...inAll].sort()).toEqual(['slave 0', 'slave 1'])
    expect(slaves.differences.every(({ name }) => name.includes('user.'))).toBe(true)
  })

  it.each<{ name: string; faults: Faults; kind: string }>([
    { name: 'says one twice', faults: { repeatName: 'u0000001' }, kind: 'repeated' },
    { name: 'sends an old ACL', faults: { staleAclName: 'u0000001' }, kind: 'stale' },
    { name: 'misses a DELETE', faults: { missDeleteName: 'u0000001' }, kind: 'extra' },
  ])('$name is found by slaves in several threads', async ({ faults, kind }) => {
    const { status, stdout, slaves } = await runAgainst(faults, [], ['--workers', '2'])
    expect(status, stdout).toBe(4)
    const found = slaves.differences.filter(difference => difference.kind === kind)
    expect([...new Set(found.map(({ where }) => where))]).toEqual(expect.arrayContaining(['slave 0', 'slave 1']))
    expect(found.every(({ name }) => name.includes('u0000001'))).toBe(true)
  })

  it.each<{ name: string; faults: Faults; kind: string; named: RegExp }>([
    { name: 'says one twice', faults: { repeatName: 'u0000001' }, kind: 'repeated', named: /u0000001/ },
    { name: 'sends an old ACL', faults: { staleAclName: 'u0000001' }, kind: 'stale', named: /u0000001/ },
    { name: 'misses a DELETE', faults: { missDeleteName: 'u0000001' }, kind: 'extra', named: /u0000001/ },
    { name: 'mixes two mailboxes up', faults: { swapName: 'u0000001' }, kind: 'stale', named: /u0000001/ },
  ])('$name fails a run (exit 4), which names the mailbox', async ({ faults, kind, named }) => {
    const { status, stdout, slaves } = await runAgainst(faults)
    expect(status, stdout).toBe(4)
    expect(slaves.converged).toBe(false)
    const found = slaves.differences.filter(difference => new RegExp(`^(${kind})$`).test(difference.kind))
    expect(found.length).toBeGreaterThan(0)
    expect(found.every(({ name }) => named.test(name))).toBe(true)
    expect(stdout).toMatch(new RegExp(`DIFFERENCES between[\\s\\S]*?slave \\d: (${kind}|\\w+) \\S*user\\.`))
  })
})
