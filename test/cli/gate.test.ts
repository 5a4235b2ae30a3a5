import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type GateResult, gateResultSchema } from '../../src/metrics/gate-result.js'
import { until, Workbench } from './bench.js'
import { SomebodysMaster } from './somebodys-master.js'

/** A run of a second: what is tested is what a gate makes of it. */
const QUICK = `\
site: { mailboxes: 200, backends: 2 }
slaves: { count: 2, retryDelay: 20s, staggerOver: 100ms }
backends:
  connection: kept
  mix: { create: 1 }
phases:
  - { name: preload, run: [preload], until: preloaded, limit: 20s }
  - { name: lists, run: [slaves], until: streaming, limit: 20s }
  - { name: creates, run: [backends], duration: 400ms, arrivals: { kind: closed, concurrency: 2 } }
converge: false
`

const it = test.extend<{ workbench: Workbench }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads what a fixture needs from this pattern
  workbench: async ({}, use) => {
    const workbench = new Workbench()
    writeFileSync(workbench.profile, QUICK)
    await use(workbench)
    workbench.remove()
  },
})

function gateArguments(workbench: Workbench, args: readonly string[]): string[] {
  return ['gate', workbench.profile, '--a', 'embedded', '--out', workbench.out, ...args]
}

function gateFolder({ out }: Workbench): string {
  const name = readdirSync(join(out, 'small')).find(entry => entry.endsWith('.gate'))
  if (name === undefined) throw new Error('no gate')
  return join(out, 'small', name)
}

/** Runs in which this machine was not the limit. */
function soundRuns({ out }: Workbench): string[] {
  if (!existsSync(join(out, 'small'))) return []
  return readdirSync(join(out, 'small'))
    .map(run => join(out, 'small', run))
    .filter(folder => JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')).verdict.result !== 'invalid')
}

/** So many times as many creates. */
function changeCreates(path: string, factor: number): void {
  const run = JSON.parse(readFileSync(path, 'utf8'))
  for (const { operations } of run.phases)
    if (operations.create) operations.create.count = Math.round(operations.create.count * factor)
  writeFileSync(path, JSON.stringify(run))
}

function parsed(stdout: string): GateResult {
  return gateResultSchema.parse(JSON.parse(stdout))
}

const QUICKLY = ['--pairs', '6', '--gating', 'cpuPerCreates']
/** What a busy machine leaves alone: how often the master writes. */
const STEADILY = ['--pairs', '6', '--gating', 'writeCallsPerCreate', '--effect', 'writeCallsPerCreate=95%']

describe('mupdate-bench gate', { timeout: 300_000 }, () => {
  it('passes the same (0), and leaves its result, its page, and how much noise there is', async ({ workbench }) => {
    const args = gateArguments(workbench, ['--aa', ...STEADILY, '--json'])
    const { status, stdout, stderr } = await workbench.bench(args)
    expect(stderr).toMatch(/PASS {2}gate small, seed 1, 6 pairs, ABBA, both the same/)
    const gate = parsed(stdout)
    expect(gate).toMatchObject({ result: 'pass', pairs: 6, paired: true, aa: true, pinned: {} })
    expect(gate.a.runs).toHaveLength(6)
    expect(gate.metrics.find(({ name }) => name === 'writeCallsPerCreate')).toMatchObject({
      gating: true,
      result: 'pass',
    })
    expect(gate.metrics.find(({ name }) => name === 'cpuPerCreates')).toMatchObject({ gating: false, pAdjusted: null })
    const folder = gateFolder(workbench)
    expect(gateResultSchema.parse(JSON.parse(readFileSync(join(folder, 'gate.json'), 'utf8')))).toEqual(gate)
    expect(readFileSync(join(folder, 'gate.html'), 'utf8')).toContain('How much worse B is')
    expect(readFileSync(join(workbench.out, 'noise/small.json'), 'utf8')).toContain('"writeCallsPerCreate"')
    for (const run of [...gate.a.runs, ...gate.b.runs]) expect(readdirSync(join(folder, run))).toContain('run.json')
    expect(status).toBe(0)

    const again = await workbench.bench(['report', folder, '--format', 'junit'])
    expect(again.stdout).toContain('<testcase name="writeCallsPerCreate"')
    const stored = await workbench.bench(['baseline', 'save', 'kept', join(folder, 'a')])
    expect(stored).toMatchObject({ status: 0, stdout: '6 runs in kept\n' })
    const compared = await workbench.bench(['compare', join(folder, 'a'), '--', 'kept', '--json', ...STEADILY.slice(2)])
    expect(parsed(compared.stdout)).toMatchObject({ command: 'compare', result: 'pass', paired: false })
    const trend = await workbench.bench(['trend', join(folder, 'a'), '--json'])
    expect(JSON.parse(trend.stdout)).toMatchObject({ histories: [{ profile: 'small', masterKind: 'embedded' }] })
    expect(trend.status).toBe(0)

    const twice = await workbench.bench(['compare', 'kept', 'kept', '--', join(folder, 'b'), '--json'])
    expect(parsed(twice.stdout).a.runs, 'each run once').toHaveLength(6)
    const itself = await workbench.bench(['compare', 'kept', '--', 'kept'])
    expect(itself).toMatchObject({ status: 2, stderr: expect.stringContaining('is in both sets') })
    const few = await workbench.bench(['compare', join(folder, gate.a.runs[0]!), '--', 'kept', ...STEADILY.slice(2)])
    expect(few).toMatchObject({ status: 6, stdout: expect.stringMatching(/1 and 6 runs/) })

    const stays = ['gate', workbench.profile, '--out', workbench.out, '--baseline', 'kept', '--b', 'embedded']
    const noChange = await workbench.bench([...stays, ...STEADILY])
    expect(noChange).toMatchObject({ status: 2, stderr: expect.stringContaining('B is what the baseline is of') })
    const sameAgain = await workbench.bench([...stays, ...STEADILY, '--aa', '--json'])
    expect(parsed(sameAgain.stdout)).toMatchObject({ aa: true, paired: false, result: 'pass' })
    const elsewhere = await workbench.bench([...stays, ...STEADILY, '--set', 'master.settings.slowedBy=1%', '--json'])
    expect(elsewhere.status, 'nobody said that B should be slowed').toBe(6)
    expect(parsed(elsewhere.stdout).reasons.join()).toContain('the baseline was made with slowedBy unset')

    const slower = [
      '--baseline',
      'kept',
      '--b',
      'embedded',
      '--b-set',
      'slowedBy=400%',
      ...QUICKLY,
      '--format',
      'github',
    ]
    const unpaired = await workbench.bench(['gate', workbench.profile, '--out', workbench.out, ...slower])
    expect(unpaired.stdout).toMatch(/^::error title=FAIL%3A gate small%2C.*not paired::CPU, 10k creates: /)
    expect(unpaired.status).toBe(4)
  })

  it('finds a master that takes five times the CPU (4)', async ({ workbench }) => {
    const { status, stdout } = await workbench.bench(gateArguments(workbench, ['--b-set', 'slowedBy=400%', ...QUICKLY]))
    expect(stdout).toMatch(/^FAIL {2}gate small/)
    expect(stdout).toMatch(/CPU, 10k creates: \d+ % worse/)
    expect(stdout).toContain('B: embedded, slowedBy=400%')
    expect(status).toBe(4)
  })

  it('is not sure where runs lie far apart (6)', async ({ workbench }) => {
    while (soundRuns(workbench).length < 5) await workbench.run()
    for (const side of ['a', 'b']) await workbench.bench(['baseline', 'save', side, ...soundRuns(workbench)])
    for (const [i, run] of readdirSync(join(workbench.directory, 'b')).entries())
      changeCreates(join(workbench.directory, 'b', run, 'run.json'), i % 2 === 0 ? 0.1 : 10)
    const { status, stdout } = await workbench.bench(['compare', 'a', '--', 'b', '--gating', 'createRate'])
    expect(stdout).toMatch(/^INCONCLUSIVE/)
    expect(stdout).toMatch(/not\s+surely\s+less\s+than\s+10\s+%\s+worse/)
    expect(status).toBe(6)
  })

  it('is invalid where the harness is the limit in pair after pair (5)', async ({ workbench }) => {
    const flood = 'phases.2.arrivals={ kind: constant, rate: 2000000 }'
    const args = ['--aa', '--pairs', '6', '--gating', 'cpuPerCreates', '--set', flood]
    const { status, stdout } = await workbench.bench(gateArguments(workbench, args))
    expect(stdout).toMatch(/^INVALID/)
    expect(stdout).toMatch(/the harness was the limit: [\d,]+\s+arrivals\s+were\s+never\s+sent/)
    expect(status).toBe(5)
  })

  it('reports what there is on Ctrl-C (130)', async ({ workbench }) => {
    const gate = workbench.start(gateArguments(workbench, ['--aa', ...QUICKLY, '--json', '--quiet']))
    await until('a run of the gate', () => readdirSync(join(gateFolder(workbench), 'b')).length > 0, 60_000)
    process.kill(gate.pid, 'SIGINT')
    const { status, stdout } = await gate.ended
    expect(parsed(stdout)).toMatchObject({ state: 'interrupted', result: 'inconclusive' })
    expect(status).toBe(130)
  })

  it.for([
    { args: [], status: 2, says: 'both sides are the same: embedded' },
    { args: ['--aa', '--b-set', 'slowedBy=10%'], status: 2, says: '--aa, and the two sides differ' },
    { args: ['--aa', '--pairs', '6'], status: 2, says: '6 pairs and 4 deciding measures cannot reach significance' },
    { args: ['--aa', '--pairs', 'ten'], status: 2, says: '--pairs ten: not a number of pairs' },
    { args: ['--aa', '--gating', 'speed'], status: 2, says: '--gating: there is no measure "speed"' },
    { args: ['--aa', '--effect', 'cpuPerDump=3'], status: 2, says: '--effect cpuPerDump=3: not an effect' },
    { args: ['--b-set', 'slaves.count=3'], status: 2, says: 'slaves.count=3 is no setting of a master' },
    { args: ['--b-set', 'slowedBy=fast'], status: 2, says: 'slowedBy: fast is no share of the CPU' },
    { args: ['--aa', ...QUICKLY.slice(0, 2), '--gating', 'noopPlainP50'], status: 2, says: 'give no noopPlainP50' },
    {
      args: ['--b', 'mupdate://x@127.0.0.1:1', '--b-set', 'mupdate_workers_max=20'],
      status: 2,
      says: 'mupdate_workers_max=20 cannot be set on mupdate://x@127.0.0.1:1',
    },
    { args: ['--b', 'mupdate://x@127.0.0.1:1'], status: 3, says: '127.0.0.1:1' },
    { args: ['--a', 'mupdate://x@127.0.0.1:1', '--b', 'embedded'], status: 3, says: '127.0.0.1:1' },
    { args: ['--a', 'cyrus:nowhere', '--b', 'embedded'], status: 3, says: 'no Cyrus to run under' },
    { args: ['--a', 'cyrus:nowhere', '--b-set', 'a=b'], status: 3, says: 'no Cyrus to run under' },
    { args: ['--a', 'foo'], status: 2, says: '--a foo: no such master' },
    { args: ['--b', 'mupdate://127.0.0.1:1'], status: 2, says: '--b mupdate://127.0.0.1:1: user or host is missing' },
    { args: ['--b', 'mupdate://x:y@127.0.0.1:1'], status: 2, says: 'or a file (--b-password-file)' },
    {
      args: ['--b', 'mupdate://x@127.0.0.1:1', '--b-password-file', 'none'],
      status: 2,
      says: '--b-password-file none: ENOENT',
    },
  ])('$args: $status, $says', async ({ args, status, says }, { workbench }) => {
    const ended = await workbench.bench(gateArguments(workbench, args), { MUPDATE_BENCH_PASSWORD: 'x' })
    expect(ended.stderr).toContain(says)
    expect(ended.stderr).not.toMatch(/\n {4}at /)
    expect(ended.status).toBe(status)
  })

  it.for([
    { args: ['--a', 'mupdate://x@127.0.0.1:1', '--b', 'embedded'], says: 'or give --a-password-file FILE' },
    { args: ['--b', 'mupdate://x@127.0.0.1:1'], says: 'or give --b-password-file FILE' },
  ])('$args, and no password: 2, $says', async ({ args, says }, { workbench }) => {
    const ended = await workbench.bench(gateArguments(workbench, args))
    expect(ended).toMatchObject({ status: 2, stderr: expect.stringContaining(says) })
  })

  it('says where there is no baseline (7), and where it is of other work (2)', async ({ workbench }) => {
    const from = (folder: string) => ['gate', workbench.profile, '--baseline', folder, '--b', 'embedded', ...QUICKLY]
    const none = await workbench.bench(from('nowhere'))
    expect(none).toMatchObject({ status: 7, stderr: expect.stringContaining('there is no baseline in nowhere') })
    while (soundRuns(workbench).length < 4) await workbench.run(['--set', 'site.mailboxes=150'])
    await workbench.bench(['baseline', 'save', 'kept', ...soundRuns(workbench)])
    const other = await workbench.bench(from('kept'))
    expect(other).toMatchObject({ status: 2, stderr: expect.stringContaining('is of other work than small') })
  })
})

describe('mupdate-bench gate of a master of others', { timeout: 120_000 }, () => {
  const somebody = new SomebodysMaster()

  it('refuses the same one in another spelling (2)', async ({ workbench }) => {
    const other = somebody.url.replace('127.0.0.1', 'localhost')
    const args = gateArguments(workbench, ['--a', somebody.url, '--b', other, ...QUICKLY])
    const { status, stderr } = await workbench.bench(args, somebody.env)
    expect(stderr).toContain(`both sides are the same: ${somebody.url} and ${other} are one master`)
    expect(status).toBe(2)
  })

  it('asks after the first pair for what B gives, too: no CPU (2)', async ({ workbench }) => {
    const args = gateArguments(workbench, ['--b', somebody.url, ...QUICKLY])
    const { status, stderr } = await workbench.bench(args, somebody.env)
    expect(stderr).toMatch(/give no cpuPerCreates, which should decide: see .*\.gate\/b\/small\//)
    expect(stderr).not.toContain('pair 2 of 6')
    expect(status).toBe(2)
    expect(readdirSync(join(gateFolder(workbench), 'b/small'))).toHaveLength(1)
  })

  it('ends where A is not there any more (3), and can be told later', async ({ workbench }) => {
    const args = ['--a', somebody.url, '--b', 'embedded', '--pairs', '6', '--gating', 'createRate', '--json', '--quiet']
    const gate = workbench.start(gateArguments(workbench, args), somebody.env)
    await until('a pair of the gate', () => existsSync(join(gateFolder(workbench), 'gate.json')), 60_000)
    await somebody.stop()
    const { status, stdout } = await gate.ended
    const ended = parsed(stdout)
    expect(ended.reasons).toEqual([expect.stringMatching(/^A: no run: nobody listens on 127\.0\.0\.1:/)])
    expect(ended.result).toBe('inconclusive')
    expect(status).toBe(3)
    const again = await workbench.bench(['report', gateFolder(workbench), '--format', 'json'])
    expect(parsed(again.stdout)).toEqual(ended)
  })
})

describe('mupdate-bench compare and trend', () => {
  it.for([
    { args: ['compare', 'a'], says: 'two sets of runs are needed' },
    { args: ['compare', '--', 'b'], says: 'two sets of runs are needed' },
    { args: ['compare', 'a', '--', 'b', '--', 'c'], says: 'there is more than one --' },
    { args: ['compare', 'nowhere', '--', 'nowhere'], says: 'cannot read nowhere' },
    { args: ['trend', 'nowhere'], says: 'cannot read nowhere' },
    { args: ['trend', '.'], says: 'no two runs of the same work' },
    { args: ['trend', '--window', '3'], says: '--window 3: not possible' },
    { args: ['baseline', 'save', 'kept', '.'], says: 'no run in .' },
  ])('$args: 2, $says', async ({ args, says }, { workbench }) => {
    const ended = await workbench.bench(args)
    expect(ended).toMatchObject({ status: 2, stderr: expect.stringContaining(says) })
  })
})
