import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { mailboxes } from '../../src/generators/mailboxes.js'
import { written } from '../../src/generators/dump.js'
import { Workbench } from '../cli/bench.js'
import { makeSite, ODD_RECORDS } from '../generators/sites.js'

const workbench = new Workbench()
afterAll(() => workbench.remove())

/** move-users, shorter, with a dump's mailboxes. */
const SETS = [
  'phases.2.step.rate=30',
  'phases.2.step.move.mailboxes=150',
  'phases.3.step.rate=80',
  'phases.3.step.move.mailboxes=600',
  'phases.3.events.0.at=1s',
  'phases.4.step.push={}',
]

describe('users of a dump, moved to another backend of a real murder while half of the frontends restart', () => {
  it('are all where they should be in the end, for the master and for every frontend', async () => {
    const records = [...mailboxes(makeSite({ mailboxes: 8000 }), 3), ...ODD_RECORDS]
    const dump = join(workbench.directory, 'site.json')
    writeFileSync(dump, Buffer.concat([...written('json', records)]))
    const sets = [`site.dump=${dump}`, ...SETS].flatMap(set => ['--set', set])
    const { status, stderr } = await workbench.run(['--master', 'cyrus', ...sets], {}, 'move-users')
    const { master, phases, slaves, total, verdict } = workbench.result('move-users')
    expect(status, `${verdict.reasons.join('; ')} ${stderr}`).toBe(0)
    expect(master.restarts).toBe(0)
    const { moveOut, moveIn, push } = total.operations
    expect(moveOut).toMatchObject({ count: 750, failed: 0, unfinished: 0 })
    // A LIST for each server, ACTIVATE of what a move has left, and DELETE of what the dump has reserved and no backend has.
    const reserved = records.filter(({ state }) => state === 'reserved').length
    expect(push!.count).toBe(2 + moveOut!.count - moveIn!.count + reserved)
    expect(phases.find(({ name }) => name === 'slowly')!.durationMs).toBeGreaterThan(4900)
    expect(slaves).toMatchObject({ followed: 8, differenceCount: 0, openMailboxes: 0, away: [] })
  }, 180_000)
})
