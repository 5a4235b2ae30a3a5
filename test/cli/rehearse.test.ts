import { existsSync, readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { written } from '../../src/generators/dump.js'
import { mailboxes } from '../../src/generators/mailboxes.js'
import { embeddedMaster } from '../../src/masters/embedded/embedded-master.js'
import { makeSite, ODD_RECORDS } from '../generators/sites.js'
import { NIGHT, Workbench } from './bench.js'

const workbench = new Workbench()
afterAll(() => workbench.remove())

const records = [...mailboxes(makeSite({ mailboxes: 600 }), 3), ...ODD_RECORDS]
const dump = workbench.file('site.json', Buffer.concat([...written('json', records)]))
const night = workbench.file('night.yaml', NIGHT)
/** Once more where this busy machine, not the master, was the limit. */
async function rehearseOn(master: string, ...args: string[]) {
  for (let attempt = 1; ; attempt++) {
    const ended = await workbench.bench(['rehearse', night, '--master', master, '--out', workbench.out, ...args])
    if (ended.status !== 5 || attempt === 4) return ended
  }
}

const rehearse = (...args: string[]) => rehearseOn('embedded', ...args)

describe('a rehearsal', { timeout: 120_000 }, () => {
  it('is a go where all went well, to a backend that is new, with the way back and pages', async () => {
    const { status, stdout, stderr } = await rehearse('--dump', dump, '--undo')
    expect(status, stderr).toBe(0)
    expect(stdout).toMatch(/^GO: night on embedded /)
    expect(stderr).toMatch(/be3\.example\.com has no mailbox in \S*site\.json: taken for a new backend/)
    expect(stdout).toMatch(/move: move 20 users from be1\.example\.com to be3\.example\.com\n/)
    // As long as 20 users take at 50 a second, on no Cyrus; no list meanwhile, no NOOP.
    expect(stdout).toMatch(/^1 move +\+0 s +[\d.]+ s, stand-in +50\/s +not searched +A–D$/m)
    expect(stdout).toMatch(/^1 move +[45]\d\/s +[≥\d. mµ]+s +0 +–$/m)
    const { phases, slaves, master } = workbench.result('night')
    expect(phases.map(({ name }) => name)).toEqual(['preload', 'settle', 'move', 'undo', 'compare'])
    expect(phases[3]!.operations.moveIn!.count).toBe(phases[2]!.operations.moveIn!.count)
    expect(slaves).toMatchObject({ differenceCount: 0 })
    // Back where it was.
    const on = (server: string) => records.filter(({ location }) => location.startsWith(`${server}!`)).length
    const servers = ['be1.example.com', 'be2.example.com']
    expect(master.serversListed).toEqual(Object.fromEntries(servers.map(server => [server, on(server)])))
    for (const server of servers) expect(stdout).toMatch(new RegExp(`^${server} +${on(server)} +${on(server)} *$`, 'm'))
    expect(stdout).toContain('the way back takes')
    const folder = workbench.folder('night')
    expect(readFileSync(join(folder, 'rehearsal.md'), 'utf8')).toMatch(/^## GO: night/)
    expect(readFileSync(join(folder, 'rehearsal.html'), 'utf8')).toContain('<h1>GO: night')
    expect(existsSync(join(folder, 'report.html'))).toBe(true)
  })

  it('is none where the master does not take all of the dump, and says of which', async () => {
    const odd = workbench.file(
      'odd.txt',
      Buffer.concat([...written('text', [...records, { ...records[0]!, name: 'user.a\0b' }])]),
    )
    const { status, stdout } = await rehearse('--dump', odd)
    expect(status).toBe(4)
    expect(stdout.replace(/\s+/g, ' ')).toMatch(
      /NO-GO: .* the master refused 1 mailboxes that it was to hold, such as user\.a/,
    )
  })

  it('without the way back says that it was not rehearsed', async () => {
    const { status, stdout } = await rehearse('--dump', dump, '--format', 'markdown')
    expect(status).toBe(0)
    expect(stdout).toContain('the way back was not rehearsed')
    expect(stdout).toMatch(/^\| be3\.example\.com \| 0 \| [1-9]\d* \|$/m)
  })

  it('ends itself, and is no go (4), when a frontend is given a list that has shrunk; no later step is begun', async () => {
    const events = '[{ at: 500ms, do: emptyMaster }]'
    const sets = ['phases.2.step.rate=20', `phases.2.events=${events}`, 'slaves.retryDelay=1s']
    const { status, stdout, stderr } = await rehearse('--dump', dump, '--undo', ...sets.flatMap(set => ['--set', set]))
    expect(stdout, stderr).toMatch(/^NO-GO: night/)
    expect(stdout).toMatch(/stopped: slave \d was given a list of \d+ mailboxes, after one of 60\d/)
    expect(workbench.result('night').phases.map(({ name }) => name)).not.toContain('undo')
    expect(status).toBe(4)
  })

  /** Frontends whose imapds wait for them stand still; each has a NOOP under way then. */
  const frozen = (retryDelay: string, forTime: string, rate: number) =>
    [
      ...['phases.2.run=[slaves, kicks]', 'kicks.rate=100', `slaves.retryDelay=${retryDelay}`],
      ...[`phases.2.step.rate=${rate}`, `phases.2.events=[{ at: 300ms, do: freeze, for: ${forTime} }]`],
    ].flatMap(set => ['--set', set])

  it('ends itself while a frontend’s NOOP still waits, not when it is answered', async () => {
    const { status, stdout, stderr } = await rehearse('--dump', dump, ...frozen('4s', '30s', 2))
    expect(stdout, stderr).toMatch(/^NO-GO: night/)
    expect(stdout).toMatch(/stopped: a frontend’s NOOP waited 2\.\d+ s, more than 2\.00 s/)
    expect(workbench.result('night').phases[2]!.durationMs).toBeLessThan(10_000)
    expect(status).toBe(4)
  })

  it.each([
    { noop: 1, is: 'bears that the profile freezes frontends', verdict: 'GO', ends: 0 },
    { noop: 0.99, is: 'does not', verdict: 'NO-GO', ends: 4 },
  ])('with stopLoss: { noop: $noop } $is', async ({ noop, verdict, ends }) => {
    const sets = [...frozen('1s', '2500ms', 20), '--set', `stopLoss={ noop: ${noop} }`]
    const { status, stdout, stderr } = await rehearse('--dump', dump, ...sets)
    expect(stdout, stderr).toMatch(new RegExp(`^${verdict}: night`))
    expect(status).toBe(ends)
  })

  it('finds the highest rate at which it is a go, and shows that one', async () => {
    // As if more than 30 a second were too much for the master.
    const thresholds = JSON.stringify(['move: moveIn.ratePerSecond < 30'])
    const own = ['phases.2.step.rate=16', 'phases.2.step.move.users=8', `thresholds=${thresholds}`]
    const sets = [...own, 'phases.2.events=[{ at: 500ms, do: restart, slaves: 1 }]'].flatMap(set => ['--set', set])
    const { status, stdout, stderr } = await rehearse('--dump', dump, '--find-rate', '--budget', '2m', ...sets)
    expect(status, `${stdout}${stderr}`).toBe(0)
    const [, low, high] = /• (\d+) mailboxes a second is a go; (\d+) is none/.exec(stdout)!
    expect(Number(low)).toBeLessThan(33)
    expect(Number(high)).toBeGreaterThan(28)
    expect(Number(high)).toBeLessThanOrEqual(64)
    expect(stdout).toMatch(/• 16\/s: go$/m)
    expect(stdout).toMatch(/• \d+\/s: no go: .*moveIn\.ratePerSecond/m)
    expect(stdout).toMatch(new RegExp(`^1 move .* ${low}/s +${low}/s +A–D$`, 'm'))
    // The last one was no go, and faster than 16 a second; what befalls in it came as much sooner.
    const events = workbench.events('night')
    const [begun, befell] = [/^phase$/, /^timeline$/].map(kind =>
      events.findLast(event => kind.test(event.kind) && /move|restart/.test(event.detail)),
    )
    expect(befell!.atMs - begun!.atMs).toBeLessThan(450)
  }, 180_000)

  it('is none where its only rate was too high for the steps to be done at, whatever else is well', async () => {
    // A modelled Cyrus takes some milliseconds for a move.
    const sets = ['phases.2.step.rate=50000', 'phases.2.step.move.users=200'].flatMap(set => ['--set', set])
    const args = ['--dump', dump, '--find-rate', '--budget', '1s', '--json', ...sets]
    const { status, stdout, stderr } = await rehearseOn('embedded:cyrus', ...args)
    const { verdict, rates } = JSON.parse(stdout)
    expect(verdict.result, stderr).toBe('fail')
    expect(verdict.reasons).toEqual([expect.stringMatching(/^move: [\d,]+ mailboxes a second were done, not 50,000$/)])
    expect(rates).toMatchObject({ low: null, high: 50_000, tried: [{ mailboxesPerSecond: 50_000, outcome: 'failed' }] })
    expect(status).toBe(4)
    expect(readFileSync(join(workbench.folder('night'), 'rehearsal.md'), 'utf8')).toMatch(/^## NO-GO: night/)
  })

  it('on a master that was there, and was empty, counts what it holds in the end', async () => {
    const master = embeddedMaster()
    await master.start()
    try {
      const { user, password } = master.credentials
      const url = `mupdate://${user}@127.0.0.1:${master.address.port}`
      const args = ['rehearse', night, '--dump', dump, '--out', workbench.out]
      const { stdout, stderr } = await workbench.bench([...args, '--master', url], { MUPDATE_BENCH_PASSWORD: password })
      expect(stdout, stderr).toMatch(/^(GO|UNKNOWN): night on remote/)
      const on = (server: string) => records.filter(({ location }) => location.startsWith(`${server}!`)).length
      expect(stdout).toMatch(
        new RegExp(`^be2\\.example\\.com +${on('be2.example.com')} +${on('be2.example.com')} *$`, 'm'),
      )
      expect(stdout).toMatch(/^be3\.example\.com +0 +[1-9]\d* *$/m)
    } finally {
      await master.stop()
    }
  })

  it('hears Ctrl-C between two rehearsals of a search, and shows what it knows (130)', async () => {
    const sets = ['phases.2.step.rate=16', 'phases.2.step.move.users=8'].flatMap(set => ['--set', set])
    const args = [
      'rehearse',
      night,
      '--dump',
      dump,
      '--master',
      'embedded',
      '--out',
      workbench.out,
      '--find-rate',
      ...sets,
    ]
    const { child, ended } = workbench.start(args)
    let told = ''
    let isSent = false
    child.stderr!.on('data', text => {
      told += text
      // The second one has not begun to listen then.
      if (!isSent && told.split('all steps at').length === 3) isSent = child.kill('SIGINT')
    })
    const { status, stdout, stderr } = await ended
    expect(status, stderr).toBe(130)
    expect(stderr).toContain('the search ends here: interrupted')
    expect(stdout).toMatch(/• 16\/s: (go|the harness was the limit)/)
    expect(stdout).toContain('it is not known to a tenth: interrupted')
  })

  it('of nothing, or of what is not there, is none', async () => {
    const nothing = await rehearse('--dump', dump, '--set', 'phases.2.step.move.prefix=nobody')
    expect(nothing.stdout).toMatch(/^NO-GO: [\s\S]*move: there was no mailbox to move/)
    expect(nothing.status).toBe(4)
    const domain = 'phases.2.step={ renameDomain: { from: a.org, to: b.org } }'
    const nowhere = await rehearse('--dump', dump, '--set', domain)
    expect(nowhere.stderr).toMatch(/move: no user is in domain a\.org\n {2}→ there is example\.com\n/)
    expect(nowhere.status).toBe(2)
    const copying = await rehearse('--dump', dump, '--find-rate', '--set', 'phases.2.step.move.copy=1s')
    expect(copying.stderr).toMatch(/the copying of mail sets the pace of move, not its rate/)
    expect(copying.status).toBe(2)
    const stepless = await workbench.bench(['rehearse', workbench.profile, '--master', 'embedded'])
    expect(stepless.stderr).toMatch(/there is no step in it/)
    expect(stepless.status).toBe(2)
  })

  it('is not made on a master of this host that somebody else uses', async () => {
    const server = createServer()
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const client = connect(port, '127.0.0.1')
    await new Promise(resolve => client.once('connect', resolve))
    const args = ['rehearse', night, '--master', `mupdate://murder@127.0.0.1:${port}`]
    const { status, stderr } = await workbench.bench(args, { MUPDATE_BENCH_PASSWORD: 'secret' })
    expect(stderr).toMatch(/127\.0\.0\.1:\d+ has 1 connection already: somebody uses it\n {2}→/)
    expect(status).toBe(2)
    client.destroy()
    server.close()
  })

  it('is not made on the master that people depend on', async () => {
    const conf = workbench.file('imapd.conf', 'servername: fe1\nmupdate_server: mupdate.example.org\n')
    const { status, stderr } = await workbench.bench([
      'rehearse',
      night,
      '--master',
      'mupdate://murder@MUPDATE.example.org',
      '--not-of',
      conf,
    ])
    expect(stderr).toMatch(/MUPDATE\.example\.org is the mupdate_server of .*imapd\.conf/)
    expect(status).toBe(2)
  })
})
