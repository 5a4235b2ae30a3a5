import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadCalibration } from '../../src/masters/model/load-calibration.js'
import { loadHistograms } from '../../src/metrics/latency.js'
import { loadProfile } from '../../src/profile/load.js'
import { simulateProfile } from '../../src/cli/simulate-profile.js'

await loadHistograms()

async function simulate(name: string, sets: readonly string[] = []) {
  const { result } = await simulateProfile({ profile: loadProfile(name, sets), calibration: loadCalibration() })
  return result
}

describe('a simulation', () => {
  it('repeats itself to the last digit, but for id, time and host', async () => {
    const [a, b] = [await simulate('resync-storm'), await simulate('resync-storm')].map(
      ({ id, startedAt, harness, ...rest }) => rest,
    )
    expect(a).toEqual(b)
    expect(a!.simulated).toBe(true)
    expect(a!.master.cpu.meanCores).toBeNull()
  })

  it('can be made again and again in one process', async () => {
    const sets = ['site.mailboxes=100', 'phases.3.duration=1s', 'phases.2.duration=100ms']
    for (let seed = 1; seed <= 150; seed++) await simulate('resync-storm', [...sets, `seed=${seed}`])
  }, 60_000)

  it('has points that follow each other without one of no length', async () => {
    const spans: [number, number][] = []
    await simulateProfile({
      profile: loadProfile('resync-storm'),
      calibration: loadCalibration(),
      onProgress: ({ atNs, spanNs }) => void spans.push([atNs - spanNs, atNs]),
    })
    expect(spans.filter(([fromNs, toNs]) => fromNs >= toNs)).toEqual([])
    expect(spans.slice(1).map(([fromNs]) => fromNs)).toEqual(spans.slice(0, -1).map(([, toNs]) => toNs))
  })

  it('differs with its seed', async () => {
    const [a, b] = [await simulate('resync-storm'), await simulate('resync-storm', ['seed=2'])]
    expect(a!.total.commands['NOOP.slave']).not.toEqual(b!.total.commands['NOOP.slave'])
  })

  it('thrashes with a retry delay of 2 s and not with 8 s, as a real Cyrus does', async () => {
    const states = []
    for (let seed = 1; seed <= 5; seed++) {
      const { slaves, total } = await simulate('resync-storm', [`seed=${seed}`])
      states.push(slaves.thrash.state)
      expect(slaves.timeouts).toBeGreaterThan(30)
      expect(total.operations.create!.responseTimeUs!.max).toBeGreaterThan(5e6)
    }
    // How long it lasts is chance.
    expect(states).not.toContain('none')
    expect(states.filter(state => state === 'sustained').length).toBeGreaterThanOrEqual(3)
    const long = await simulate('resync-storm-8s')
    expect(long.verdict.result).toBe('pass')
    expect(long.slaves).toMatchObject({ streaming: 20, timeouts: 0, resyncs: 10, thrash: { state: 'none' } })
  })

  it('finds the worker cliff where mupdate_workers_max puts it, or at the next step: a real one has a few workers more at times', async () => {
    const of = async (sets: readonly string[]) =>
      (await simulate('worker-cliff', sets)).slaves.conditions.find(({ name }) => name === 'workers-exhausted')?.detail
    expect(await of([])).toMatch(/with 5[05] streaming connections .* up to (45|50) went well/)
    expect(await of(['master.settings.mupdate_workers_max=17'])).toMatch(/with (20|25) .* up to (15|20) went well/)
    expect(await of(['master.settings.mupdate_workers_max=33'])).toMatch(/with (35|40) .* up to (30|35) went well/)
    expect(await of(['master.settings.mupdate_workers_max=200'])).toBeUndefined()
  })

  it('runs out of workers with 45 slaves, and does not wait for a master that stands still, as a real run', async () => {
    const storm = ['phases.3.duration=20s', 'phases.3.events=[{at: 0s, do: restart, slaves: 10}]']
    const sets = ['site.mailboxes=100000', 'slaves.count=45', ...storm]
    const results = []
    for (let seed = 1; seed <= 5; seed++) results.push(await simulate('resync-storm', [...sets, `seed=${seed}`]))
    for (const { slaves, phases } of results) {
      expect(slaves.conditions).toContainEqual(expect.objectContaining({ name: 'workers-exhausted' }))
      expect(phases.at(-1)).toMatchObject({ name: 'compare', ended: 'condition' })
    }
    // In others a worker is free again by then, and some slaves do not come through.
    const failures = results.flatMap(({ slaves }) => slaves.comparisons.map(({ failure }) => failure))
    expect(failures).toContain('no answer to the login in 5 s')
  })

  it.each([
    [
      'freeze, and are restarted meanwhile',
      '[{ at: 1s, do: freeze, for: 3s }, { at: 2s, do: restart }, { at: 6s, do: restart }]',
    ],
    ['lose their network again and again', '[{ at: 1s, do: loseNetwork, for: 8s, every: 12s, times: 3 }]'],
    ['lose it for long', '[{ at: 1s, do: loseNetwork, for: 25s }]'],
    [
      'are restarted without one, which is back when their time to connect ends',
      '[{ at: 4s, do: loseNetwork, for: 12s }, { at: 6s, do: restart, slaves: 1 }]',
    ],
    [
      'lose it while they log in, until their time to do so ends',
      '[{ at: 6s, do: restart }, { at: 6002ms, do: loseNetwork, for: 9999ms }]',
    ],
    [
      'freeze while they log in, until their time to do so ends',
      '[{ at: 6s, do: restart }, { at: 6002.4ms, do: freeze, for: 9999ms }]',
    ],
    [
      'freeze while they have none',
      '[{ at: 1s, do: loseNetwork, for: 6s }, { at: 2s, do: restart }, { at: 5s, do: freeze, for: 14s }]',
    ],
  ])('loses no worker to slaves that %s', async (_, events) => {
    const { slaves } = await simulate('resync-storm-8s', [
      'site.mailboxes=1000',
      'slaves.retryDelay=2s',
      'phases.3.duration=60s',
      `phases.3.events=${events}`,
    ])
    expect(slaves.streaming).toBe(20)
    expect(slaves.conditions).toEqual([])
  })

  it('loses no worker, whatever becomes of its slaves', async () => {
    // A login takes a few milliseconds, which whole seconds miss.
    const at = fc.oneof(
      fc.integer({ min: 0, max: 15 }),
      fc.nat(60).map(ms => 6 + ms / 1e4),
    )
    const slaves = fc.integer({ min: 1, max: 20 })
    const event = fc.oneof(
      fc.record({ at, do: fc.constant('restart'), slaves }),
      fc.record({
        at,
        do: fc.constantFrom('freeze', 'loseNetwork'),
        slaves,
        for: fc.oneof(
          fc.integer({ min: 1, max: 12 }),
          fc.nat(60).map(ms => 10 - ms / 1e4),
        ),
      }),
      fc.record({ at, do: fc.constant('join'), slaves: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ at, do: fc.constant('leave'), slaves: fc.integer({ min: 1, max: 5 }) }),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 99 }),
        async (events, seed) => {
          const timed = events.map(({ at, ...rest }) => ({
            at: `${at * 1e3}ms`,
            ...rest,
            ...('for' in rest ? { for: `${rest.for * 1e3}ms` } : {}),
          }))
          const result = await simulate('resync-storm-8s', [
            `seed=${seed}`,
            'site.mailboxes=1000',
            'slaves.retryDelay=2s',
            'phases.3.duration=45s',
            'backends.arrivals.rate=10',
            `phases.3.events=${JSON.stringify(timed)}`,
          ])
          const joined = events.reduce(
            (sum, { do: what, slaves }) => sum + (what === 'join' ? slaves : what === 'leave' ? -slaves : 0),
            20,
          )
          expect(result.slaves.streaming).toBe(joined)
          expect(result.slaves.conditions).toEqual([])
          expect(result.slaves.away).toEqual([])
          expect(result.total.commands['NOOP.plain']!.unfinished).toBe(0)
        },
      ),
      { numRuns: 10 },
    )
  }, 120_000)

  it('counts what was sent and never answered, commands too', async () => {
    const { total, phases } = await simulate('resync-storm', [
      'probes.streaming=1',
      'phases.3.duration=6s',
      'converge=false',
    ])
    const unfinished = (name: string) => total.commands[name]!.unfinished
    expect(total.operations.create!.unfinished).toBeGreaterThan(0)
    expect(unfinished('RESERVE') + unfinished('ACTIVATE')).toBeGreaterThan(0)
    // 20 a second are due from when its list was whole, answered or not.
    expect(phases.at(-1)!.commands['NOOP.stream']!.count).toBeGreaterThan(115)
  })

  it('counts a change for those who were there when it was made', async () => {
    const { total, slaves } = await simulate('worker-cliff', ['master.settings.mupdate_workers_max=200'])
    expect(slaves.propagationUs!.last!.count).toBeLessThanOrEqual(total.commands.RESERVE!.count * 2)
    expect(slaves.propagationUs!.all!.max).toBeLessThan(6e6)
  })

  it('dies of too many connections, and comes back', async () => {
    const { slaves, master } = await simulate('descriptor-cliff')
    expect(master.restarts).toBeGreaterThan(0)
    expect(slaves.conditions.map(({ name }) => name)).toContain('descriptors-exhausted')
  })

  it.each(['unified', 'slow-frontend', 'master-restart', 'kick-storm', 'smoke', 'ci'])(
    '%s goes through',
    async name => {
      const { verdict, phases } = await simulate(name)
      expect(verdict, verdict.reasons.join('; ')).toMatchObject({ result: 'pass' })
      expect(phases.every(({ ended }) => ended === 'condition' || ended === 'duration')).toBe(true)
    },
  )
})
