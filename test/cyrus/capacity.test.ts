import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type CapacityResult, capacityResultSchema } from '../../src/metrics/capacity-result.js'
import { Workbench } from '../cli/bench.js'
import { itAtLength } from '../support/long.js'
import { mailboxesFor } from './mailboxes-for.js'

const workbench = new Workbench()

afterAll(() => workbench.remove())

/**
 * mupdate starts threads as it needs them, and at times more than `mupdate_workers_max`: up to 10 more were seen with 50. A
 * trial that held with more streams than it was to have workers had these.
 */
function mostThreads({ profile, trials }: CapacityResult, value: number): number {
  const parent = join(workbench.out, profile.name)
  const folders = readdirSync(parent).filter(name => name.endsWith('.capacity'))
  const runs = trials.filter(trial => trial.value === value && trial.outcome === 'held').map(({ run }) => run!)
  const paths = runs.flatMap(run => folders.map(folder => join(parent, folder, run, 'run.json'))).filter(existsSync)
  return Math.max(...paths.map(path => JSON.parse(readFileSync(path, 'utf8')).master.threadsPeak))
}

async function search(profile: string, ...args: string[]): Promise<CapacityResult> {
  const { stdout, stderr, status } = await workbench.bench([
    'capacity',
    profile,
    '--master',
    'cyrus',
    '--out',
    workbench.out,
    '--json',
    ...args,
  ])
  expect(status, stderr).toBe(0)
  return capacityResultSchema.parse(JSON.parse(stdout))
}

/** So that 3.5 of them outlast one retry delay; with as many mailboxes as that takes on this machine. */
const LIST_MS = 570

describe('on a real Cyrus', () => {
  it('with 17 workers the 17th stream leaves none, and that is found', async () => {
    // The search looks at no setting; it begins and ends elsewhere.
    const set = ['--set', 'master.settings.mupdate_workers_max=17', '--set', 'phases.2.duration=12s']
    const result = await search('capacity', '--vary', 'slaves', '--budget', '6m', ...set)
    const { low, high, cause, trials, doubtful } = result
    expect(low!, `${low} to ${high}`).toBeGreaterThanOrEqual(15)
    // Two of its threads are no workers, and one worker serves everybody else.
    const more = mostThreads(result, low!) - 17 - 2
    expect(low!, `${low} to ${high}, ${more} threads more than allowed`).toBeLessThanOrEqual(17 + Math.max(0, more - 1))
    // What held now and then lies between them.
    expect(high! - low! - 1).toBe(doubtful.length)
    expect(cause).toMatchObject({ resource: 'workers' })
    // From its process, which a simulation has not.
    for (const { figures } of trials) expect(figures.masterRssBytes).toBeGreaterThan(1e6)
  }, 480_000)

  itAtLength(
    'with lists as 100,000 mailboxes need and a delay of 2 s, 3 or 4 frontends may restart together, and the lock is the cause',
    async () => {
      const mailboxes = await mailboxesFor(LIST_MS)
      const args = ['--vary', 'resyncs', '--from', '2', '--to', '8', '--objective', 'slaves.timeouts == 0']
      const set = ['--set', 'phases.3.duration=12s', '--set', `site.mailboxes=${mailboxes}`]
      const { low, high, cause, predictions } = await search('resync-storm', ...args, ...set, '--budget', '10m')
      expect([3, 4], `${low} to ${high}`).toContain(low)
      expect(cause).toMatchObject({ resource: 'mailboxes lock' })
      expect(predictions[0]!.agrees).toBe(true)
    },
    800_000,
  )
})
