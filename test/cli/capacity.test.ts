import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { embeddedMaster } from '../../src/masters/embedded/embedded-master.js'
import { type CapacityResult, capacityResultSchema } from '../../src/metrics/capacity-result.js'
import { runResultSchema } from '../../src/metrics/run-result.js'
import { SMALL, until, Workbench } from './bench.js'

let workbench: Workbench

beforeEach(() => {
  workbench = new Workbench()
  writeFileSync(workbench.profile, SMALL)
})

afterEach(() => workbench.remove())

const search = (...args: string[]) => ['capacity', 'capacity', '--simulate', '--out', workbench.out, ...args]
const workers = (most: number) => ['--set', `master.settings.mupdate_workers_max=${most}`]

function resultOf(stdout: string): CapacityResult {
  return capacityResultSchema.parse(JSON.parse(stdout))
}

/** The only search there is. */
function folderOf(profile = 'capacity'): string {
  const parent = join(workbench.out, profile)
  const names = readdirSync(parent).filter(name => name.endsWith('.capacity'))
  expect(names).toHaveLength(1)
  return join(parent, names[0]!)
}

describe('mupdate-bench capacity refuses, with exit 2 and before anything has run,', () => {
  it.each([
    { what: 'no profile', args: ['--vary', 'slaves'], says: /no profile/ },
    { what: 'no axis', args: ['capacity'], says: /--vary is missing/ },
    { what: 'an unknown axis', args: ['capacity', '--vary', 'frontends'], says: /--vary frontends: not one axis/ },
    { what: 'one axis twice', args: ['capacity', '--vary', 'slaves,slaves'], says: /not one axis, nor two/ },
    { what: 'three of them', args: ['capacity', '--vary', 'slaves,kicks,creates'], says: /not one axis, nor two/ },
    { what: 'half a slave', args: ['capacity', '--vary', 'slaves', '--from', '1.5'], says: /--from 1\.5: not a load/ },
    {
      what: 'a range without loads',
      args: ['capacity', '--vary', 'slaves', '--from', '9', '--to', '5'],
      says: /it cannot begin with 9 slaves: there are 1 to 5/,
    },
    {
      what: 'a budget for no trial',
      args: ['capacity', '--vary', 'slaves', '--budget', '20s'],
      says: /--budget 20 s: a short trial takes about/,
    },
    {
      what: 'a threshold that is none',
      args: ['capacity', '--vary', 'slaves', '--objective', 'timeouts'],
      says: /"timeouts" is not a threshold/,
    },
    {
      what: 'a profile that cannot be varied so',
      args: ['bulk-500k', '--vary', 'creates'],
      says: /bulk-500k has no phase with a duration that runs backends[\s\S]*→ .*capacity/,
    },
    {
      what: 'more resyncs than there are slaves',
      args: ['capacity', '--vary', 'resyncs', '--set', 'slaves.count=1'],
      says: /no slave is left to be disturbed/,
    },
    {
      what: 'agents of a simulation',
      args: ['capacity', '--vary', 'slaves', '--agents', '2', '--nats', 'nats://127.0.0.1:1'],
      says: /--agents with --simulate: nobody takes part in it\n {2}→ leave it out/,
    },
    {
      what: 'another search in the place of the one that goes on',
      args: ['capacity', '--resume', '/nowhere', '--vary', 'kicks', '--objective', 'slaves.timeouts == 0'],
      says: /leave out the profile, --vary, --objective, --simulate, --out; only --budget may be another/,
    },
  ])('$what', async ({ args, says }) => {
    const { status, stderr, stdout } = await workbench.bench([
      'capacity',
      ...args,
      '--simulate',
      '--out',
      workbench.out,
    ])
    expect(stderr).toMatch(says)
    expect(stderr).not.toMatch(/^ +at /m)
    expect(stdout).toBe('')
    expect(status).toBe(2)
    expect(existsSync(workbench.out)).toBe(false)
  })
})

/** One worker is for everybody else; and mupdate makes one or two more than it may at times. */
function expectAbout({ limit, low, high, beyond, doubtful }: CapacityResult, workersMax: number): void {
  expect([workersMax - 1, workersMax, workersMax + 1]).toContain(low)
  // What held now and then lies between them.
  expect({ limit, beyond }).toEqual({ limit: low, beyond: 'failed' })
  expect(high! - low! - 1).toBe(doubtful.length)
  expect(doubtful.length).toBeLessThanOrEqual(1)
}

describe('slaves, simulated:', () => {
  it.each([50, 33, 17])('with %i workers about as many are for streams, and workers are the cause', async most => {
    const { status, stdout } = await workbench.bench(search('--vary', 'slaves', '--json', ...workers(most)))
    const result = resultOf(stdout)
    expect(result.axis).toBe('slaves')
    expectAbout(result, most)
    expect(result.cause).toMatchObject({ resource: 'workers' })
    expect(result.confirmed).toEqual({ low: true, high: true })
    expect(result.predictions[0]).toMatchObject({ cause: 'workers', agrees: true })
    expect(status).toBe(0)
  })

  it('probes of the harness’s own that stream, and seldom send a NOOP, keep a worker each, and are told of', async () => {
    const own = ['--set', 'probes.streaming=3', '--set', 'probes.rate=0.05', ...workers(17)]
    const { stdout } = await workbench.bench(search('--vary', 'slaves', '--json', ...own))
    const result = resultOf(stdout)
    expectAbout(result, 17 - 3)
    expect(result.ownStreams).toBe(3)
    expect(result.cause!.because).toContain(`${result.high} slaves and 3 of the harness’s own probes`)
    expect(result.predictions[0]).toMatchObject({ cause: 'workers', low: 13, high: 14, agrees: true })
  })

  it('with its limits raised the master dies of its descriptors', async () => {
    const raised = [...workers(1200), '--set', 'master.settings.mupdate_connections_max=2048']
    const args = ['--vary', 'slaves', '--from', '700', '--set', 'site.mailboxes=500', '--set', 'phases.2.duration=10s']
    const { stdout } = await workbench.bench(search(...args, '--json', ...raised))
    const { low, high, cause } = resultOf(stdout)
    expect(cause).toMatchObject({ resource: 'descriptors' })
    expect(low).toBeGreaterThan(985)
    expect(high).toBeLessThan(1020)
  })
})

it('resyncs, simulated: 3 or 4 at 100,000 mailboxes and 2 s, and the lock is the cause', async () => {
  const args = ['--vary', 'resyncs', '--objective', 'slaves.timeouts == 0', '--json']
  const site = ['--set', 'site.mailboxes=100000']
  const run = ['capacity', 'resync-storm', '--simulate', '--out', workbench.out, ...args, ...site]
  const { stdout } = await workbench.bench(run)
  const { low, high, cause, predictions } = resultOf(stdout)
  expect([low, high]).toEqual([3, 4])
  expect(cause).toMatchObject({ resource: 'mailboxes lock' })
  expect(predictions).toMatchObject([{ cause: 'mailboxes lock', low: 3, high: 7, agrees: true }])
})

describe('what it leaves behind', () => {
  it('is a run for each trial, a result, a page, and a text that says it', async () => {
    const { stdout } = await workbench.bench(search('--vary', 'slaves', ...workers(9)))
    const folder = folderOf()
    const result = resultOf(readFileSync(join(folder, 'capacity.json'), 'utf8'))
    expectAbout(result, 9)
    const found = `${result.low} slaves held, ${result.high} failed`
    expect(stdout.split('\n')).toContain(found)
    expect(stdout).toContain(`cause: workers: with ${result.high} slaves`)
    for (const { run, value } of result.trials) {
      const made = runResultSchema.parse(JSON.parse(readFileSync(join(folder, run!, 'run.json'), 'utf8')))
      expect(made.slaves.count).toBe(value)
    }
    expect(readFileSync(join(folder, 'capacity.html'), 'utf8')).toContain(found)
  })

  it('in Markdown is for a ticket', async () => {
    const { stdout } = await workbench.bench(search('--vary', 'slaves', '--format', 'markdown', ...workers(9)))
    const { low, high } = resultOf(readFileSync(join(folderOf(), 'capacity.json'), 'utf8'))
    expect(stdout.split('\n')).toContain(`## ${low} slaves held, ${high} failed`)
    expect(stdout).toContain(`\n| ${high} | full | failed: workers |`)
  })

  it('two axes give a frontier: fewer slaves leave room for more creates', async () => {
    const quick = ['--set', 'phases.2.duration=10s', '--budget', '1h', '--from', '100', '--to', '400', '--json']
    const many = [...workers(600), '--set', 'slaves.retryDelay=20s']
    const { stdout } = await workbench.bench(search('--vary', 'slaves,creates', ...quick, ...many))
    const { frontier, low } = resultOf(stdout)
    expect(low).toBe(400)
    expect(frontier!.axis).toBe('creates')
    expect(frontier!.points.map(({ at }) => at)).toEqual([100, 200, 300])
    const rates = frontier!.points.map(point => point.low!)
    expect(rates[0]).toBeGreaterThan(rates[1]!)
    expect(rates[1]).toBeGreaterThan(rates[2]!)
  }, 120_000)

  it('no more resyncs are tried at a point of it than there are slaves there', async () => {
    const few = ['--from', '4', '--to', '16', '--budget', '1h', '--json', '--objective', 'slaves.timeouts == 0']
    const run = ['capacity', 'resync-storm', '--simulate', '--out', workbench.out, '--vary', 'slaves,resyncs', ...few]
    const { stdout, stderr } = await workbench.bench([...run, '--set', 'slaves.retryDelay=20s'])
    expect(stderr).not.toMatch(/mupdate-bench: /)
    const tried = resultOf(stdout).trials.filter(({ at }) => at !== null)
    expect(new Set(tried.map(({ at }) => at)).size).toBe(3)
    for (const { at, value } of tried) expect(value).toBeLessThan(at!)
  }, 120_000)
})

it('--resume of a folder without a search is refused', async () => {
  const { status, stderr } = await workbench.bench(['capacity', '--resume', '/nowhere'])
  expect(stderr).toMatch(/no search in \/nowhere/)
  expect(status).toBe(2)
})

describe('the budget, simulated,', () => {
  it.each([60, 120, 480])('of %i s is overdrawn by a tenth at most', async seconds => {
    const { stdout, status } = await workbench.bench(search('--vary', 'slaves', '--budget', `${seconds}s`, '--json'))
    const { spentMs, beyond, isCutShort } = resultOf(stdout)
    expect(spentMs).toBeLessThanOrEqual(seconds * 1100)
    expect(isCutShort).toBe(seconds < 480)
    expect(status).toBe(beyond === 'budget' ? 6 : 0)
  })

  it('may be made larger, and the search goes on where its time was up', async () => {
    const brief = resultOf((await workbench.bench(search('--vary', 'slaves', '--budget', '100s', '--json'))).stdout)
    expect(brief.isCutShort).toBe(true)
    const more = ['capacity', '--resume', folderOf(), '--budget', '30m', '--json']
    const { stdout, status } = await workbench.bench(more)
    expect(status).toBe(0)
    const result = resultOf(stdout)
    expect(result.trials.slice(0, brief.trials.length)).toEqual(brief.trials)
    expect(result).toMatchObject({ isCutShort: false, budgetMs: 1_800_000 })
    expectAbout(result, 50)
  })
})

it('time that a trial took which was cut off counts for --resume too: it is not made, and cut off, again', async () => {
  await workbench.bench(search('--vary', 'slaves', '--budget', '100s', '--json'))
  const journal = join(folderOf(), 'journal.ndjson')
  const [head, ...lines] = readFileSync(journal, 'utf8').split('\n')
  writeFileSync(journal, [JSON.stringify({ ...JSON.parse(head!), lostMs: 100_000 }), ...lines].join('\n'))
  const { status, stderr } = await workbench.bench(['capacity', '--resume', folderOf()])
  expect(status).toBe(2)
  expect(stderr).toMatch(/its trials have taken \d+ min \d+ s of a budget of 1 min 40 s[\s\S]*give more --budget/)
})

describe('a search that was interrupted goes on', () => {
  /** What came out, without what differs from run to run. */
  const comparable = ({ id: _, startedAt: __, trials, ...rest }: CapacityResult) => ({
    ...rest,
    trials: trials.map(({ run: ___, ...trial }) => trial),
  })
  const asked = ['--vary', 'slaves', '--json', '--quiet', ...workers(40)]

  it('after kill -9, to the same limit, trial by trial', async () => {
    const whole = comparable(resultOf((await workbench.bench(search(...asked))).stdout))
    const other = new Workbench()
    try {
      const killed = other.start(['capacity', 'capacity', '--simulate', '--out', other.out, ...asked])
      const parent = join(other.out, 'capacity')
      const journal = () =>
        join(parent, readdirSync(parent).find(name => name.endsWith('.capacity'))!, 'journal.ndjson')
      await until('three trials', () => {
        return existsSync(parent) && readFileSync(journal(), 'utf8').split('\n').length > 4
      })
      killed.child.kill('SIGKILL')
      await killed.ended
      const before = readFileSync(journal(), 'utf8').split('\n').length - 2
      expect(before).toBeLessThan(whole.trials.length)
      // As a crash may leave it.
      appendFileSync(journal(), '{"trial":{"axis":"sla')
      const { stdout, status } = await other.bench(['capacity', '--resume', join(journal(), '..'), '--json', '--quiet'])
      expect(status).toBe(0)
      expect(comparable(resultOf(stdout))).toEqual(whole)
    } finally {
      other.remove()
    }
  }, 60_000)

  it('after Ctrl-C, which says how, and exits 130', async () => {
    const started = workbench.start(search('--vary', 'slaves', ...workers(40)))
    await until('a trial', () => {
      const parent = join(workbench.out, 'capacity')
      if (!existsSync(parent)) return false
      return readFileSync(join(folderOf(), 'journal.ndjson'), 'utf8').split('\n').length > 3
    })
    started.child.kill('SIGINT')
    const { status, stdout, stderr } = await started.ended
    expect(status).toBe(130)
    expect(stdout).toMatch(/go on with --resume/)
    expect(stderr).toMatch(/--resume .*\.capacity/)
    const folder = folderOf()
    expect(resultOf(readFileSync(join(folder, 'capacity.json'), 'utf8')).state).toBe('interrupted')
    const resumed = await workbench.bench(['capacity', '--resume', folder, '--json'])
    const result = resultOf(resumed.stdout)
    expect(result.state).toBe('ended')
    expectAbout(result, 40)
  }, 60_000)
})

it('a real run, on the embedded master: at least as much as was asked for', async () => {
  const args = ['--vary', 'slaves', '--from', '1', '--to', '2', '--budget', '2m', '--json', '--quiet']
  const { stdout, status } = await workbench.bench([
    'capacity',
    workbench.profile,
    '--master',
    'embedded',
    '--out',
    workbench.out,
    ...args,
  ])
  const result = resultOf(stdout)
  expect(result).toMatchObject({ axis: 'slaves', low: 2, high: null, beyond: 'range', simulated: false })
  expect(result.master).toMatchObject({ kind: 'embedded' })
  for (const { figures } of result.trials) expect(figures.masterCores).toBeGreaterThan(0)
  expect(status).toBe(0)
}, 120_000)

it('a search whose master goes away says what it has, and how to go on', async () => {
  const master = embeddedMaster()
  await master.start()
  const { user, password } = master.credentials
  try {
    const started = workbench.start(
      [
        ...['capacity', workbench.profile, '--vary', 'slaves', '--from', '1', '--out', workbench.out],
        ...['--master', `mupdate://${user}@127.0.0.1:${master.address.port}`],
        ...['--allow-load', '127.0.0.1', '--allow-mutations', '127.0.0.1'],
      ],
      { MUPDATE_BENCH_PASSWORD: password },
    )
    const journal = () => readFileSync(join(folderOf('small'), 'journal.ndjson'), 'utf8')
    // On a busy machine the first may be of no use, and is made again.
    const isHeld = () => existsSync(join(workbench.out, 'small')) && journal().includes('"outcome":"held"')
    await until('a trial', isHeld)
    await master.stop()
    const { status, stderr } = await started.ended
    expect(status).toBe(3)
    expect(stderr).toMatch(/what .* trials? found is in .*capacity\.json; go on with --resume .*\.capacity/)
    const found = resultOf(readFileSync(join(folderOf('small'), 'capacity.json'), 'utf8'))
    expect(found.state).toBe('interrupted')
    expect(found.trials).toContainEqual(expect.objectContaining({ value: 1, outcome: 'held' }))
  } finally {
    await master.stop()
  }
}, 120_000)
