import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadCalibration } from '../../src/masters/model/load-calibration.js'
import { Workbench } from './bench.js'

const it = test.extend<{ workbench: Workbench }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads what a fixture needs from this pattern
  workbench: async ({}, use) => {
    const workbench = new Workbench()
    await use(workbench)
    workbench.remove()
  },
})

const FEW_MAILBOXES = 3_000
/** A list of so few holds the lock for 0.85 s, as one of 160,000 does on the Cyrus that was calibrated. */
const SLOWNESS = 160_000 / FEW_MAILBOXES

/** The ready profile in small: 6 of 12 frontends are restarted. */
function smallStorm(workbench: Workbench): void {
  const ready = readFileSync(join(import.meta.dirname, '../../profiles/resync-storm.yaml'), 'utf8')
  writeFileSync(workbench.profile, ready.replace('do: restart, slaves: 10', 'do: restart, slaves: 6'))
}

function slowCalibration(workbench: Workbench): string {
  const shipped = loadCalibration()
  const { p10, p50, p90, ...rest } = shipped.costs.dumpPerMailbox
  const dumpPerMailbox = { ...rest, p10: p10 * SLOWNESS, p50: p50 * SLOWNESS, p90: p90 * SLOWNESS }
  const file = join(workbench.directory, 'slow.json')
  writeFileSync(file, JSON.stringify({ ...shipped, costs: { ...shipped.costs, dumpPerMailbox } }))
  return file
}

async function storm(workbench: Workbench, retryDelay: string) {
  smallStorm(workbench)
  const sets = [
    `site.mailboxes=${FEW_MAILBOXES}`,
    'slaves.count=12',
    `slaves.retryDelay=${retryDelay}`,
    'phases.2.duration=1s',
    'phases.3.duration=15s',
  ]
  await workbench.run(['--master', `embedded:${slowCalibration(workbench)}`, ...sets.flatMap(set => ['--set', set])])
  return workbench.result()
}

describe('a run against a modelled Cyrus', () => {
  it('says what it is, and nothing of CPU', async ({ workbench }) => {
    const { status, stdout } = await workbench.run(['--master', 'embedded:cyrus'])
    expect(status).toBe(0)
    const { version, madeAt } = { ...loadCalibration().master, ...loadCalibration() }
    const name = `model of cyrus ${version} (calibrated ${madeAt.slice(0, 10)})`
    expect(stdout).toContain(`master: ${name}`)
    expect(stdout).toContain('CPU of the master: not measured: this is a model, its costs are time waited')
    expect(workbench.result().master).toMatchObject({
      kind: 'model',
      version: name,
      settings: { mupdate_connections_max: '900' },
      cpu: { meanCores: null },
      rssPeakBytes: null,
    })
  })

  it('takes the settings of the profile, and refuses what is none', async ({ workbench }) => {
    const refused = await workbench.run([
      '--master',
      'embedded:cyrus',
      '--set',
      'master.settings.configdirectory=/somewhere',
    ])
    expect(refused.status).toBe(2)
    const unread = await workbench.run([
      '--master',
      'embedded:cyrus',
      '--set',
      'master.settings.mupdate_workers_max=5O',
    ])
    expect(unread).toMatchObject({ status: 2, stderr: expect.stringContaining('mupdate_workers_max: 5O') })
    await workbench.run(['--master', 'embedded:cyrus', '--set', 'master.settings.mupdate_workers_max=77'])
    expect(workbench.result().master.settings).toMatchObject({ mupdate_workers_max: '77' })
  })

  it.each([
    ['embedded:/no/such.json', /calibration \/no\/such\.json/],
    ['embedded:', /no such master.*embedded:cyrus, embedded:FILE/s],
  ])('says what is wrong with --master %s', async (master, message) => {
    const workbench = new Workbench()
    const { status, stderr } = await workbench.startRun(['--master', master]).ended
    workbench.remove()
    expect(status).toBe(2)
    expect(stderr).toMatch(message)
  })

  it.concurrent('thrashes where frontends give up before all lists are made', { timeout: 150_000 }, async () => {
    const workbench = new Workbench()
    const { slaves } = await storm(workbench, '2s').finally(() => workbench.remove())
    expect(slaves.thrash.state).toBe('sustained')
    expect(slaves.timeouts).toBeGreaterThan(3)
    expect(slaves.dumpHoldMs).toBeGreaterThan(750)
    expect(slaves.dumpHoldMs).toBeLessThan(1200)
  })

  it.concurrent('does not where they wait for long enough', { timeout: 150_000 }, async () => {
    const workbench = new Workbench()
    const { slaves } = await storm(workbench, '8s').finally(() => workbench.remove())
    expect(slaves).toMatchObject({ timeouts: 0, resyncs: 6, thrash: { state: 'none' } })
  })
})
