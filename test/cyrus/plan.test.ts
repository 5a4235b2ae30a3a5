import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PlanEvent, type SitePlan, sitePlanSchema } from '../../src/metrics/site-plan-result.js'
import { Workbench } from '../cli/bench.js'

/** The seed's site at a fifth of its size and of its delay: 100k mailboxes, 12 frontends, 4 s. */
const FIFTH = { mailboxes: 100_000, frontends: 12, creates: 50 }
const workbench = new Workbench()
const costs = join(workbench.directory, 'costs.json')

/** With costs of this very host, of a fifth of the mailboxes again: what plan says is extrapolated. */
beforeAll(async () => {
  const { status, stderr } = await workbench.bench(['calibrate', 'cyrus', '--mailboxes', '20000', '-o', costs])
  expect(status, stderr).toBe(0)
}, 240_000)

afterAll(() => workbench.remove())

async function planOf(retryDelay: string): Promise<SitePlan> {
  const { mailboxes, frontends, creates } = FIFTH
  await workbench.bench([
    ...['plan', 'init', '--master', 'defaults', '--retry-delay', retryDelay, '--frontends', `${frontends}`],
    ...['--mailboxes', `${mailboxes}`, '--creates', `${creates}`, '--master-cpu', 'here', '--force'],
  ])
  const { stdout } = await workbench.bench(['plan', 'site.yaml', '--calibration', costs, '--json'])
  return sitePlanSchema.parse(JSON.parse(stdout))
}

/** What the real one did when so many were restarted while mailboxes were created. */
async function storm(retryDelay: string, restarted: number) {
  const { mailboxes, frontends, creates } = FIFTH
  const values = [
    `site.mailboxes=${mailboxes}`,
    `slaves.count=${frontends}`,
    `slaves.retryDelay=${retryDelay}`,
    `backends.arrivals.rate=${creates}`,
    `phases.3.events=[{ at: 0s, do: restart, slaves: ${restarted} }]`,
    'phases.3.duration=24s',
    'converge=false',
  ]
  const sets = values.flatMap(value => ['--set', value])
  await workbench.bench(['run', 'resync-storm', '--master', 'cyrus', '--out', workbench.out, ...sets])
  return workbench.result('resync-storm')
}

function restartOf(plan: SitePlan, restarted: number): PlanEvent | undefined {
  return plan.events.find(event => event.kind === 'restart' && event.restarted === restarted)
}

describe('the plan of a fifth of the seed’s site, held against a real Cyrus', () => {
  it('with 4 s: so many as surely go well do, in the time that was said', async () => {
    const plan = await planOf('4s')
    expect(plan.calibration.relation).toBe('same host')
    // The last that surely goes well is among the events: how many that are depends on this host.
    const [last] = plan.events
      .filter(({ kind, timeOuts, restarted }) => kind === 'restart' && timeOuts === 'cannot' && restarted !== 12)
      .toSorted((a, b) => b.restarted! - a.restarted!)
    const { slaves, phases } = await storm('4s', last!.restarted!)
    const list = plan.costs.find(({ name }) => name === 'list')!
    expect(list.source).toContain('extrapolated from 20,000 mailboxes to 100,000')
    // Generous beside its own 15 %: this machine is shared, and not equally fast from minute to minute.
    expect(slaves.dumpHoldMs!).toBeGreaterThan(list.ms!.low * 0.8)
    expect(slaves.dumpHoldMs!).toBeLessThan(list.ms!.high * 1.25)
    // A create waits for all of the lists: the stall.
    const { max } = phases.find(({ name }) => name === 'storm')!.operations.create!.responseTimeUs!
    expect(max / 1e3).toBeGreaterThan(last!.restarted! * list.ms!.low * 0.8)
    expect(max / 1e3).toBeLessThan(last!.restarted! * list.ms!.high * 1.4)
    expect(slaves).toMatchObject({ timeouts: 0, resyncs: last!.restarted })
    expect(slaves.thrash.state).toBe('none')
  })

  it('with 4 s: all but one make the last one time out at most, and it ends there', async () => {
    const plan = await planOf('4s')
    expect(restartOf(plan, 11)).toMatchObject({ timeOuts: expect.stringMatching(/can|must/), thrash: 'cannot' })
    const { slaves } = await storm('4s', 11)
    expect(slaves.timeouts).toBeLessThanOrEqual(1)
    expect(slaves.thrash.state).toBe('none')
  })

  it('with 2 s: the first number that surely makes others time out does', async () => {
    const plan = await planOf('2s')
    const first = plan.events.find(({ kind, timeOuts }) => kind === 'restart' && timeOuts === 'must')
    expect(first!.restarted).toBeLessThan(12)
    const { slaves } = await storm('2s', first!.restarted!)
    expect(slaves.timeouts).toBeGreaterThan(0)
    expect(slaves.resyncs).toBeGreaterThan(first!.restarted!)
  })
})
