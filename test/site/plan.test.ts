import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type PlanEvent, type SitePlan, sitePlanSchema } from '../../src/metrics/site-plan-result.js'
import type { SiteDocument } from '../../src/site/schema.js'
import { planOf, SEED } from './sites.js'

function eventOf(plan: SitePlan, state: PlanEvent['state'], found: Partial<PlanEvent>): PlanEvent {
  const event = plan.events.find(
    one => one.state === state && Object.entries(found).every(([key, value]) => one[key as keyof PlanEvent] === value),
  )
  if (event === undefined) throw new Error(`no event ${JSON.stringify(found)} ${state}`)
  return event
}

function settingOf(plan: SitePlan, name: string) {
  return plan.recommendations.find(({ setting }) => setting === name)!
}

/** A site whose own lists were measured: no calibration is in it. */
const measured = (seconds: number, changed: Partial<SiteDocument> = {}) =>
  planOf({
    measured: { from: 'logs', listSeconds: { low: seconds, likely: seconds, high: seconds } },
    planned: {},
    ...changed,
  })

describe('the plan of the seed’s site', () => {
  const plan = planOf()

  it('says which events can begin a thrash and which cannot, today and with 100k more', () => {
    expect(plan.events.filter(({ state, thrash }) => state === 'today' && thrash !== 'cannot')).toEqual([])
    expect(eventOf(plan, 'today', { restarted: 6, kind: 'restart' })).toMatchObject({ timeOuts: 'cannot' })
    expect(eventOf(plan, 'today', { restarted: 7, kind: 'restart' })).toMatchObject({
      timeOuts: 'can',
      thrash: 'cannot',
    })
    expect(eventOf(plan, 'planned', { restarted: 6 })).toMatchObject({ timeOuts: 'can', thrash: 'can' })
    expect(eventOf(plan, 'planned', { restarted: 12, kind: 'restart' })).toMatchObject({ timeOuts: 'cannot' })
    for (const kind of ['workerCliff', 'connections', 'descriptors'] as const)
      expect(eventOf(plan, 'planned', { kind })).toMatchObject({ timeOuts: 'cannot', thrash: 'cannot' })
  })

  it('says how marginal that is', () => {
    expect(plan.summary[0]).toContain('no event can begin a thrash')
    expect(plan.summary[0]).toContain('a thrash after a restart needs 3.33 s, 26 % more')
    expect(plan.summary[1]).toContain('6 of 12 slaves restart at once')
    expect(plan.summary[1]).toContain('5 % more')
  })

  it('says of each cost where it comes from, how far it was stretched, and an interval', () => {
    for (const { name, source, ms } of plan.costs) {
      expect(source).toMatch(/calibration of cyrus 3\.6\.1.*whether on a host like the site’s master is unknown/)
      expect(ms!.low).toBeLessThan(ms!.likely)
      if (name === 'list') expect(source).toMatch(/extrapolated from 150,000 mailboxes to [56]00,000, ± 15 %/)
    }
  })

  it('is of its schema', () => expect(() => sitePlanSchema.parse(plan)).not.toThrow())

  it('names what it does not know, and guesses nothing', () => {
    expect(plan.unknown.join()).toMatch(/growthPerDay.*createsPerSecond.*listSeconds.*master\.cpu.*master\.place/s)
    expect(plan.events.some(({ kind }) => kind === 'massCreation')).toBe(false)
    expect(plan.limits.filter(({ reachedOn }) => reachedOn !== null).map(({ low, now }) => low < now!)).toEqual([true])
  })
})

describe('costs', () => {
  it('takes what was measured there, and shows the calibration’s beside it', () => {
    const plan = measured(9, { planned: { mailboxes: 1_000_000 } })
    const lists = plan.costs.filter(({ name, state }) => name === 'list' && state === 'planned')
    expect(lists.map(({ basis, used }) => [basis, used])).toEqual([
      ['measured', true],
      ['calibration', false],
    ])
    expect(lists[0]!.ms!.likely).toBe(18_000)
    expect(lists[0]!.source).toContain('scaled × 2.00')
  })

  it.each([
    { cpu: 'AMD EPYC', cores: 2, relation: 'same CPU model' },
    { cpu: 'AMD EPYC', cores: 64, relation: 'another host' },
    { cpu: 'Intel Xeon', cores: 2, relation: 'another host' },
    { cpu: null, cores: null, relation: 'unknown' },
  ])('$cpu, $cores cores: $relation', ({ cpu, cores, relation }) => {
    expect(planOf({ master: { cpu, cores } }).calibration.relation).toBe(relation)
  })

  it('says that lists were measured with an unknown number of mailboxes', () => {
    const plan = measured(2)
    expect(plan.costs[0]!.source).toBe('measured there: logs; taken for as many mailboxes as now')
    expect(plan.unknown.join()).toContain('measured.mailboxes')
    const listSeconds = { low: 2, likely: 2, high: 2 }
    const known = measured(2, { measured: { from: 'logs', mailboxes: 400_000, listSeconds } })
    expect(known.costs[0]!.source).not.toContain('taken for')
    expect(known.unknown.join()).not.toContain('measured.mailboxes')
  })

  it('does not stretch what the calibration has seen', () => {
    const plan = planOf({ mailboxes: 100_000, planned: {} })
    expect(plan.costs[0]!.source).toContain('within the 150,000')
    expect(plan.costs[0]!.ms!.high / plan.costs[0]!.ms!.low).toBeLessThan(1.05)
  })
})

describe('growth', () => {
  it('has the day on which it uses up a limit', () => {
    // 11 lists within 20 s: 1.818 s each, at 1 s per 100,000 mailboxes.
    const plan = measured(1, { mailboxes: 100_000, growthPerDay: 1000 })
    const limit = plan.limits.find(
      ({ axis, title }) => axis === 'mailboxes' && title.includes('the last one time out'),
    )!
    expect(limit).toMatchObject({ low: 181_818, reachedOn: '2010-10-01' })
    expect(plan.summary.join()).toContain('on 2010-10-01')
  })

  it('has none where nobody knows it, or it shrinks', () => {
    for (const growthPerDay of [null, 0, -5])
      expect(measured(1, { growthPerDay }).limits.every(({ reachedOn }) => reachedOn === null)).toBe(true)
  })
})

describe('recommendations', () => {
  it('raises the retry delay to what all lists but one last, with its price and lower bound', () => {
    const one = settingOf(measured(4), 'mupdate_retry_delay')
    expect(one).toMatchObject({ current: '20', value: '44', change: true })
    expect(one.lowerBound).toMatch(/^24: /)
    expect(one.price).toContain('noticed after up to 88 s, where it is 40 s now')
    expect(one.price).toContain('comes back 44 to 66 s after any loss')
  })

  it('leaves alone what suffices', () => {
    const plan = measured(0.5)
    for (const name of ['mupdate_retry_delay', 'mupdate_workers_max', 'mupdate_connections_max'])
      expect(settingOf(plan, name), name).toMatchObject({ change: false })
  })

  it('wants workers for slaves, and for creates that wait for a list', () => {
    const slaves = { frontends: 45, retryDelay: '20s' }
    expect(settingOf(measured(1, { slaves }), 'mupdate_workers_max')).toMatchObject({ value: '55', change: true })
    const operations = { createsPerSecond: 50 }
    expect(settingOf(measured(2, { slaves, operations }), 'mupdate_workers_max')).toMatchObject({ value: '990' })
    const kept = { createsPerSecond: 50, connection: 'kept' as const }
    expect(settingOf(measured(2, { slaves, operations: kept }), 'mupdate_workers_max')).toMatchObject({ value: '55' })
  })

  it('bounds the create rate by free workers, the lock, and a disk', () => {
    const rateOf = (changed: Partial<SiteDocument>, seconds = 2) =>
      settingOf(measured(seconds, changed), 'safe create rate').value
    expect(rateOf({})).toBe('18/s')
    const kept = { operations: { connection: 'kept' as const } }
    expect(rateOf(kept)).toBe('207/s')
    expect(Number(rateOf({ ...kept, master: { place: 'tmpfs' } }).replace(/\D/g, ''))).toBeGreaterThan(1000)
  })

  it('keeps the database’s type, and says what tmpfs costs', () => {
    const of = (master: SiteDocument['master'], createsPerSecond: number) =>
      settingOf(measured(1, { master, operations: { createsPerSecond } }), 'mboxlist_db and where it lies')
    const moved = of({ database: 'skiplist', place: 'disk' }, 400)
    expect(moved).toMatchObject({ value: 'skiplist on tmpfs, or on a disk with a fast fsync', change: true })
    expect(moved.price).toMatch(/stop them all before.*dump.*on a disk.*deletes mailboxes/)
    expect(of({}, 400).value).toMatch(/^the type that it has on tmpfs/)
    for (const rate of [1, 400]) {
      const kept = of({ database: 'twom', place: 'tmpfs' }, rate)
      expect(kept).toMatchObject({ value: 'twom on tmpfs', change: false, price: moved.price })
    }
    expect(of({}, 1)).toMatchObject({ value: 'as it is', change: false })
  })

  it('says where one master cannot hold them, and what is left for lists that are not read', () => {
    const of = (frontends: number, name: string) =>
      settingOf(measured(0.01, { slaves: { frontends, retryDelay: '20s' } }), name)
    expect(of(988, 'mupdate_workers_max').lowerBound).toMatch(/^990: /)
    for (const name of ['mupdate_workers_max', 'mupdate_connections_max'])
      expect(of(1100, name).lowerBound).toMatch(/^none suffices: one master cannot hold 1,100 slaves/)
    expect(of(600, 'mupdate_connections_max')).toMatchObject({
      value: '1000',
      price: expect.stringMatching(/10 lists at once/),
    })
    expect(of(12, 'mupdate_connections_max').price).toMatch(/^none up to there/)
  })

  it('never recommends a retry delay of 0 or 1, nor connections above 1,000', () => {
    const site = fc.record({
      mailboxes: fc.integer({ min: 1, max: 20_000_000 }),
      frontends: fc.integer({ min: 1, max: 1500 }),
      retryDelay: fc.integer({ min: 2, max: 600 }),
      connectionsMax: fc.integer({ min: 1, max: 5000 }),
      createsPerSecond: fc.option(fc.integer({ min: 0, max: 100_000 })),
    })
    fc.assert(
      fc.property(site, ({ mailboxes, frontends, retryDelay, connectionsMax, createsPerSecond }) => {
        const plan = planOf({
          mailboxes,
          slaves: { frontends, retryDelay },
          master: { settings: { mupdate_connections_max: connectionsMax } },
          operations: { createsPerSecond },
        })
        sitePlanSchema.parse(JSON.parse(JSON.stringify(plan)))
        return (
          Number(settingOf(plan, 'mupdate_retry_delay').value) >= 2 &&
          Number(settingOf(plan, 'mupdate_connections_max').value) <= 1000 &&
          Number(settingOf(plan, 'mupdate_workers_max').value) < 1000 &&
          plan.recommendations.every(({ value, lowerBound }) => {
            const [least] = /^\d+(?=:|$)/.exec(lowerBound ?? '') ?? []
            return least === undefined || Number(value) >= Number(least)
          })
        )
      }),
    )
  })
})

describe('cliffs', () => {
  it.each([
    { frontends: 40, timeOuts: 'cannot' },
    { frontends: 41, timeOuts: 'can' },
    { frontends: 50, timeOuts: 'can' },
    { frontends: 51, timeOuts: 'must' },
  ])('$frontends frontends on 50 workers: $timeOuts', ({ frontends, timeOuts }) => {
    const plan = measured(0.01, { slaves: { frontends, retryDelay: '20s' } })
    expect(eventOf(plan, 'today', { kind: 'workerCliff' })).toMatchObject({ timeOuts, thrash: timeOuts })
  })

  it('counts backends of a unified murder', () => {
    const plan = measured(0.01, { slaves: { frontends: 30, unifiedBackends: 25, retryDelay: '20s' } })
    expect(plan.site.states[0]!.slaves).toBe(55)
    expect(plan.breaksFirst).toBe('the master has no worker left')
  })

  it('knows that connections_max above 1,000 lets a master die', () => {
    const settings = { mupdate_connections_max: 2048, mupdate_workers_max: 1200 }
    const plan = measured(0.01, { master: { settings } })
    expect(eventOf(plan, 'today', { kind: 'descriptors' }).timeOuts).toBe('can')
    expect(settingOf(plan, 'mupdate_connections_max')).toMatchObject({ value: '1000', change: true })
  })

  it('knows that maxfds can be the smaller one', () => {
    const limit = measured(1, { master: { maxfds: 100 } }).limits.find(({ arithmetic }) =>
      arithmetic.includes('maxfds=100'),
    )
    expect(limit).toMatchObject({ axis: 'slaves', cause: 'descriptors', high: 100 })
  })

  it('says what mass creation takes of the lock, and of the workers', () => {
    const at = (createsPerSecond: number) =>
      eventOf(measured(2, { operations: { createsPerSecond } }), 'today', { kind: 'massCreation' })
    expect(at(10)).toMatchObject({ timeOuts: 'cannot' })
    expect(at(10).arithmetic).toContain('of 37 that are free')
    expect(at(50)).toMatchObject({ timeOuts: 'can', thrash: 'cannot' })
    expect(at(50).margin).toBeLessThan(0)
    expect(at(50).arithmetic).toContain('nobody else is greeted')
    expect(at(100).arithmetic).toContain('turns the rest away')
    expect(at(10_000)).toMatchObject({ timeOuts: 'can' })
  })
})

describe('changes that wait for a list', () => {
  const busy = (operations: SiteDocument['operations']) => measured(2, { operations })

  it('are of all kinds, each with a connection; kept ones need no worker', () => {
    const of = (operations: SiteDocument['operations']) =>
      eventOf(busy(operations), 'today', { kind: 'massCreation' }).timeOuts
    expect(of({ createsPerSecond: 18 })).toBe('cannot')
    expect(of({ createsPerSecond: 2, otherChangesPerSecond: 25 })).toBe('can')
    expect(of({ createsPerSecond: 50, connection: 'kept' })).toBe('cannot')
  })

  it('break the master at more lists than one, before the lock does', () => {
    const plan = busy({ createsPerSecond: 10 })
    // 37 workers are free: 2 lists of 2 s let 40 wait.
    const restartOf = (restarted: number) => eventOf(plan, 'today', { kind: 'restart', restarted })
    expect([1, 2].map(count => restartOf(count).timeOuts)).toEqual(['cannot', 'can'])
    expect(plan.recommendations.find(({ setting }) => setting === 'restarts of frontends')!.lowerBound).toContain(
      'or 1 at once',
    )
    expect(eventOf(plan, 'today', { kind: 'restart', restarted: 1 }).margin).toBeCloseTo(0.9)
    expect(eventOf(plan, 'today', { kind: 'restart', restarted: 12 }).timeOuts).toBe('cannot')
    const ten = eventOf(plan, 'today', { kind: 'restart', restarted: 10 })
    expect(ten).toMatchObject({ timeOuts: 'can', thrash: 'cannot' })
    expect(ten.arithmetic).toMatch(/200 changes wait, each with a connection, and 116 are free/)
    expect(eventOf(plan, 'today', { kind: 'workerCliff' }).arithmetic).toContain('wait for 2 lists')
    expect(eventOf(busy({ createsPerSecond: 100 }), 'today', { kind: 'connections' })).toMatchObject({
      timeOuts: 'can',
    })
  })

  it('have workers and connections enough, where the master can have so many', () => {
    const plan = busy({ createsPerSecond: 10 })
    // 11 lists of 2 s: 220 wait beside 12 slaves and the one that listens.
    const workers = settingOf(plan, 'mupdate_workers_max')
    expect(workers).toMatchObject({ value: '233', change: true })
    const settings = {
      mupdate_workers_max: workers.value,
      mupdate_connections_max: settingOf(plan, 'mupdate_connections_max').value,
    }
    const cured = measured(2, { operations: { createsPerSecond: 10 }, master: { settings } })
    for (const event of cured.events.filter(({ timeOuts }) => timeOuts !== 'cannot'))
      expect(event.arithmetic, event.title).not.toMatch(/nobody else is greeted|turns the rest away/)
    expect(settingOf(busy({ createsPerSecond: 1000 }), 'mupdate_workers_max').arithmetic).toContain(
      'fewer lists at once',
    )
  })

  it('are counted with creates, and as connections each once', () => {
    const limits = busy({ createsPerSecond: 2, otherChangesPerSecond: 26 }).limits
    const nowOf = (cause: string) => limits.find(limit => limit.axis === 'creates' && limit.cause === cause)!
    expect([nowOf('thread pegged').now, nowOf('mailboxes lock').now]).toEqual([28, 41])
    expect(nowOf('mailboxes lock').title).toContain('other changes counted with them')
  })

  it('find nobody to greet them where no worker is left', () => {
    const slaves = { frontends: 49, retryDelay: '20s' }
    const plan = measured(1, { slaves, operations: { createsPerSecond: 0.5 } })
    expect(eventOf(plan, 'today', { kind: 'massCreation' })).toMatchObject({ timeOuts: 'can', margin: -1 })
    expect(eventOf(plan, 'today', { kind: 'restart', restarted: 1 }).timeOuts).toBe('can')
  })

  it('that are not creates count where nothing is known of creates, and are named where they are unknown', () => {
    const others = busy({ createsPerSecond: null, otherChangesPerSecond: 25 })
    expect(eventOf(others, 'today', { kind: 'massCreation' })).toMatchObject({ timeOuts: 'can' })
    expect(busy({ createsPerSecond: 1 }).unknown.join()).toContain('otherChangesPerSecond')
    expect(others.unknown.join()).not.toContain('operations.otherChangesPerSecond')
    const odd = busy({ createsPerSecond: 0, otherChangesPerSecond: 0.2 })
    expect(odd.limits.map(({ arithmetic }) => arithmetic).join()).not.toMatch(/\d\.\d{6}/)
  })

  it('have connections too: the rate that is safe for creates', () => {
    const settings = { mupdate_workers_max: 400, mupdate_connections_max: 40 }
    const rate = (createsPerSecond: number, master = {}) =>
      settingOf(measured(2, { operations: { createsPerSecond }, master: { settings: master } }), 'safe create rate')
    expect(rate(10, settings)).toMatchObject({ value: '14/s' })
    expect(rate(0.4, { mupdate_workers_max: 14 })).toMatchObject({ value: '0.5/s', change: false })
  })

  it('take off what is safe for creates', () => {
    const rate = (otherChangesPerSecond: number) =>
      settingOf(busy({ createsPerSecond: 1, otherChangesPerSecond }), 'safe create rate').value
    expect([rate(0), rate(8)]).toEqual(['18/s', '10/s'])
  })
})

it('asks for descriptors where they may not suffice', () => {
  const settings = { mupdate_connections_max: 500 }
  const of = (maxfds: number | null) => settingOf(measured(1, { master: { settings, maxfds } }), 'maxfds')
  expect(of(null)).toMatchObject({ current: null, value: '516', change: true })
  expect(of(null).arithmetic).toContain('default is 256')
  expect(of(1024)).toMatchObject({ value: '1024', change: false })
  expect(measured(1).recommendations.some(({ setting }) => setting === 'maxfds')).toBe(false)
})

it('says that costs are of another database than the site’s', () => {
  expect(planOf({ master: { database: 'skiplist' } }).unknown.join()).toContain(
    'with skiplist: the calibration is of twoskip',
  )
  expect(planOf({ master: { database: 'twoskip' } }).unknown.join()).not.toContain('the calibration is of twoskip on')
})

it('has no plan of two states where nothing is planned', () => {
  expect(planOf({ planned: {} }).site.states.map(({ name }) => name)).toEqual(['today'])
  expect(planOf({ ...SEED, planned: { frontends: 30 } }).site.states[1]).toMatchObject({
    mailboxes: 500_000,
    slaves: 30,
  })
})
