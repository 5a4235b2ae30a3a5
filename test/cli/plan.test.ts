import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { sitePlanSchema } from '../../src/metrics/site-plan-result.js'
import { MAIN, until, Workbench } from './bench.js'

let workbench: Workbench
beforeEach(() => {
  workbench = new Workbench()
})
afterEach(() => workbench.remove())

function put(name: string, content: string | Buffer): string {
  const path = join(workbench.directory, name)
  writeFileSync(path, content)
  return path
}

const site = () => parse(readFileSync(join(workbench.directory, 'site.yaml'), 'utf8'))
const dump = (mailboxes: number) =>
  Array.from({ length: mailboxes }, (_, i) => `user.u${i}\t1 be${i % 3}!default u${i}\tlrs\t\n`).join('')
const ENOUGH = ['--master', 'defaults', '--frontend', 'defaults', '--frontends', '12', '--mailboxes', '500k']

describe('plan init', () => {
  it('lists what is missing, and the flags that give it', async () => {
    const { status, stderr } = await workbench.bench(['plan', 'init', '--frontends', '12'])
    expect(status).toBe(2)
    expect(stderr).toMatch(/not known:\n.*How many mailboxes.*--dump FILE, or --mailboxes N/)
    expect(stderr).not.toMatch(/How many frontends/)
    expect(existsSync(join(workbench.directory, 'site.yaml'))).toBe(false)
  })

  it('reads what a site has', async () => {
    put('master.conf', 'mupdate_workers_max: 70\nmboxlist_db: twoskip\n')
    put('cyrus.conf', 'SERVICES {\n  mupdate cmd="mupdate -m" listen="3905" maxfds=1024\n}\n')
    put('fe.conf', 'mupdate_retry_delay: 30\nmupdate_server: mu\n')
    put('be.conf', 'mupdate_config: unified\nmupdate_retry_delay: 30\n')
    put('old.txt', dump(1000))
    put('new.gz', gzipSync(dump(3000)))
    const [older, newer] = [
      put('a.prom', 'cyrus_imap_create_total 100\n'),
      put('b.prom', 'cyrus_imap_create_total 300\n'),
    ]
    utimesSync(older, 1000, 1000)
    utimesSync(newer, 1100, 1100)
    const { status, stdout, stderr } = await workbench.bench([
      ...['plan', 'init', '--master', 'master.conf', '--master', 'cyrus.conf', '--frontend', 'fe.conf'],
      ...['--frontends', '12', '--backend', 'be.conf', '--counters', 'a.prom,b.prom', '--planned-mailboxes', '5000'],
      ...['--dump', '2026-11-11=new.gz', '--dump', '2026-11-01=old.txt'],
    ])
    expect(stderr).toMatch(/^--counters of 1 of 3 backends: .*\n$/)
    expect([status, stdout]).toEqual([0, 'site.yaml\n'])
    expect(site()).toMatchObject({
      asOf: '2026-11-11',
      mailboxes: 3000,
      growthPerDay: 200,
      slaves: { frontends: 12, unifiedBackends: 3, retryDelay: '30s' },
      backends: 3,
      master: {
        settings: { mupdate_workers_max: 70, mupdate_connections_max: 128 },
        maxfds: 1024,
        database: 'twoskip',
      },
      operations: { createsPerSecond: 6 },
      planned: { mailboxes: 5000 },
    })
  })

  it('takes a murder whose backends are all slaves, and has no other frontend', async () => {
    put('be.conf', 'mupdate_config: replicated\nmupdate_retry_delay: 9\n')
    const { status, stderr } = await workbench.bench([
      ...['plan', 'init', '--master', 'defaults', '--backend', 'be.conf', '--backends', '4'],
      ...['--frontends', '0', '--mailboxes', '500k'],
    ])
    expect(status, stderr).toBe(0)
    expect(site().slaves).toEqual({ frontends: 0, unifiedBackends: 4, retryDelay: '9s' })
    expect((await workbench.bench(['plan', 'site.yaml'])).stdout).toContain('4 slaves')
  })

  it('reads what one file includes from another that was given, or that lies beside it', async () => {
    put('imapd.conf', 'servername: m\n@include: /etc/nowhere/workers.conf\n@include: /etc/nowhere/more.conf\n')
    put('workers.conf', 'mupdate_workers_max: 77\n')
    put('more.conf', 'mupdate_connections_max: 200\n')
    const frontend = ['--frontend', 'defaults', '--frontends', '12', '--mailboxes', '500k', '--force']
    for (const master of [
      ['--master', 'imapd.conf'],
      ['--master', 'imapd.conf', '--master', 'workers.conf'],
      ['--master', 'workers.conf', '--master', 'imapd.conf', '--master', 'more.conf'],
    ]) {
      const { status, stderr } = await workbench.bench(['plan', 'init', ...master, ...frontend])
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
      expect(site().master.settings).toMatchObject({ mupdate_workers_max: 77, mupdate_connections_max: 200 })
    }
  })

  it('mixes no hosts’ includes', async () => {
    for (const host of ['fe1', 'fe2']) mkdirSync(join(workbench.directory, host))
    for (const host of ['fe1', 'fe2']) put(`${host}/imapd.conf`, 'servername: x\n@include: /etc/nowhere/local.conf\n')
    put('fe1/local.conf', 'mupdate_retry_delay: 60\n')
    const args = ['plan', 'init', '--master', 'defaults', '--mailboxes', '500k', '--force']
    const files = ['--frontend', 'fe1/imapd.conf', '--frontend', 'fe1/local.conf', '--frontend', './fe2/imapd.conf']
    const without = await workbench.bench([...args, ...files, '--retry-delay', '7s'])
    expect(without.stderr).toContain('fe2/imapd.conf includes /etc/nowhere/local.conf, not there')
    put('fe2/local.conf', 'mupdate_retry_delay: 5\n')
    expect((await workbench.bench([...args, ...files])).status).toBe(0)
    expect(site().slaves).toMatchObject({ frontends: 2, retryDelay: '5s' })
  })

  it('takes one file for all that include it, and no part of a host for another host', async () => {
    for (const folder of ['a', 'b', 'c', 't1/etc/conf.d', 't2/etc/conf.d'])
      mkdirSync(join(workbench.directory, folder), { recursive: true })
    put('c/shared.conf', 'mupdate_retry_delay: 8\n')
    for (const host of ['a', 'b']) put(`${host}/imapd.conf`, 'servername: x\n@include: /etc/nowhere/shared.conf\n')
    for (const host of ['t1', 't2']) {
      put(`${host}/etc/imapd.conf`, 'servername: x\n@include: /etc/nowhere/conf.d/local.conf\n')
      put(`${host}/etc/conf.d/local.conf`, `mupdate_retry_delay: ${host === 't1' ? 30 : 6}\n`)
    }
    const of = async (...files: string[]) => {
      const args = [
        '--master',
        'defaults',
        '--mailboxes',
        '500k',
        '--force',
        ...files.flatMap(file => ['--frontend', file]),
      ]
      const { status, stderr } = await workbench.bench(['plan', 'init', ...args])
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
      return site().slaves
    }
    expect(await of('a/imapd.conf', 'b/imapd.conf', 'c/shared.conf')).toMatchObject({ frontends: 2, retryDelay: '8s' })
    const trees = ['t1', 't2'].flatMap(host => [`${host}/etc/imapd.conf`, `${host}/etc/conf.d/local.conf`])
    expect(await of(...trees)).toMatchObject({ frontends: 2, retryDelay: '6s' })
  })

  it('says where two sources contradict each other', async () => {
    const seen = { low: 40, likely: 42, high: 44, source: 'retries' }
    const diagnosis = {
      ...{ schema: 'mupdate-bench/diagnosis/1', from: '2026-11-28T00:00:00Z', to: '2026-11-28T01:00:00Z', errorMs: 0 },
      ...{ listHoldMs: null, retryDelayS: seen, frontends: [], timeouts: [] },
    }
    put('diagnosis.json', JSON.stringify(diagnosis))
    const contradicted = await workbench.bench(['plan', 'init', ...ENOUGH, '--diagnosis', 'diagnosis.json'])
    expect(contradicted.stderr).toMatch(
      /slaves\.retryDelay: 40s \(diagnosis.*40 to 44 s\), and 20s \(Cyrus’s default\)/,
    )
    const decided = [...ENOUGH, '--diagnosis', 'diagnosis.json', '--retry-delay', '42s', '--force']
    expect((await workbench.bench(['plan', 'init', ...decided])).stderr).toBe('')
    put('diagnosis.json', JSON.stringify({ ...diagnosis, retryDelayS: { ...seen, low: 19 } }))
    const within = await workbench.bench(['plan', 'init', ...ENOUGH, '--diagnosis', 'diagnosis.json', '--force'])
    expect(within).toMatchObject({ status: 0, stderr: '' })
  })

  it('replaces no file that is there, unless told to', async () => {
    put('site.yaml', 'mine')
    const { status, stderr } = await workbench.bench(['plan', 'init', ...ENOUGH])
    expect(status).toBe(2)
    expect(stderr).toContain('site.yaml is there already')
    expect(readFileSync(join(workbench.directory, 'site.yaml'), 'utf8')).toBe('mine')
    expect((await workbench.bench(['plan', 'init', ...ENOUGH, '--force'])).status).toBe(0)
    expect(site().mailboxes).toBe(500_000)
  })

  it.each([
    { args: ['--dump', 'nowhere'], says: 'cannot read nowhere' },
    { args: ['--master', 'small.yaml'], says: 'small\\.yaml: neither imapd\\.conf' },
    { args: ['--dump', 'small.yaml'], says: 'no line of it is a mailbox' },
    { args: ['--dump', '2026-13-45=small.yaml'], says: '2026-13-45 is no day' },
    { args: ['--counters', 'small.yaml'], says: '--counters small\\.yaml: since when they count is not known' },
    {
      args: ['--counters', 'small.yaml', '--uptime', '30d'],
      says: 'small\\.yaml: no counters of a Cyrus backend',
    },
    { args: ['--growth', 'fast'], says: '--growth: "fast" is not a number' },
    { args: ['--diagnosis', 'small.yaml'], says: 'mupdate-bench diagnose' },
  ])('says what is wrong with $args', async ({ args, says }) => {
    const { status, stderr } = await workbench.bench(['plan', 'init', '--frontends', '3', ...args])
    expect(status).toBe(2)
    expect(stderr).toMatch(new RegExp(says))
    expect(stderr).not.toMatch(/internal error|\bat .*\.js/)
  })

  it('asks on a terminal, for what is missing alone', async () => {
    const child = spawn(
      'script',
      ['-qec', `node ${MAIN} plan init --frontends 12 --master defaults --growth 3 --creates 1`, '/dev/null'],
      { cwd: workbench.directory, env: { PATH: process.env.PATH, HOME: process.env.HOME, TERM: 'xterm' } },
    )
    let seen = ''
    child.stdout.setEncoding('utf8').on('data', chunk => (seen += chunk))
    const ended = new Promise<number | null>(resolve => child.once('close', resolve))
    const answer = async (question: string, text: string) => {
      await until(question, () => seen.includes(question))
      child.stdin.write(`${text}\r`)
    }
    await answer('How many mailboxes has the murder?', 'lots')
    await until('the mistake', () => seen.includes('"lots" is not a whole number'))
    child.stdin.write('500k\r')
    await answer('mupdate_retry_delay', '30')
    await answer('How many mailboxes is it to have?', '600k')
    await answer('How many frontends is it to have?', '')
    await answer('are to be created a second then?', '')
    expect(await ended).toBe(0)
    expect(seen).not.toContain('How many frontends has it')
    expect(site()).toMatchObject({ mailboxes: 500_000, slaves: { retryDelay: '30s' }, planned: { mailboxes: 600_000 } })
  })
})

describe('plan', () => {
  it('goes from plan init to a page in words, Markdown, HTML and JSON', async () => {
    await workbench.bench(['plan', 'init', ...ENOUGH, '--planned-mailboxes', '600k', '-o', 'ours.yaml'])
    const text = await workbench.bench(['plan', 'ours.yaml'])
    expect([text.status, text.stderr]).toEqual([0, ''])
    expect(text.stdout).toMatch(/^500,000 mailboxes, 12 slaves, mupdate_retry_delay 20\.0 s/)
    const json = await workbench.bench(['plan', 'ours.yaml', '--json'])
    expect(sitePlanSchema.parse(JSON.parse(json.stdout)).site.states).toHaveLength(2)
    const markdown = await workbench.bench(['plan', 'ours.yaml', '--format', 'markdown', '--out', 'plan.md'])
    expect(markdown.stdout).toBe('')
    expect(readFileSync(join(workbench.directory, 'plan.md'), 'utf8')).toMatch(/^## 500,000/)
    expect((await workbench.bench(['plan', 'ours.yaml', '-f', 'html'])).stdout).toBe('plan.html\n')
    expect(readFileSync(join(workbench.directory, 'plan.html'), 'utf8')).toMatch(/^<!doctype html>/)
  })

  it('takes another calibration', async () => {
    await workbench.bench(['plan', 'init', ...ENOUGH])
    const shipped = JSON.parse(readFileSync(join(import.meta.dirname, '../../calibrations/cyrus-3.6.1.json'), 'utf8'))
    const slow = { p10: 50, p50: 50, p90: 50, low: 50, high: 50, samples: 3 }
    put('slow.json', JSON.stringify({ ...shipped, costs: { ...shipped.costs, dumpPerMailbox: slow } }))
    const { stdout } = await workbench.bench(['plan', 'site.yaml', '--calibration', 'slow.json', '--json'])
    const plan = sitePlanSchema.parse(JSON.parse(stdout))
    expect(plan.costs[0]!.ms!.likely).toBeCloseTo(25_000, -2)
    expect(plan.events.some(({ thrash }) => thrash === 'must')).toBe(true)
  })

  it('says what is wrong, and where', async () => {
    put('site.yaml', 'schema: mupdate-bench/site/1\nmailboxes: many\n')
    const { status, stderr } = await workbench.bench(['plan', 'site.yaml'])
    expect(status).toBe(2)
    expect(stderr).toMatch(/site\.yaml:2:12: mailboxes: /)
    expect((await workbench.bench(['plan', 'nowhere.yaml'])).stderr).toContain('cannot read nowhere.yaml')
  })
})
