import { createServer } from 'node:net'
import { existsSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Stream, type ToldEvent } from '../live/stream.js'
import { type Started, until, Workbench } from './bench.js'

let workbench: Workbench
beforeEach(() => {
  workbench = new Workbench()
})
afterEach(() => workbench.remove())

const LONG = ['--set', 'phases.2.duration=60s']

/** What it prints on stderr, as soon as it does. */
async function linkOf({ child }: Started): Promise<{ url: string; at: (path: string) => string }> {
  let said = ''
  child.stderr!.on('data', text => {
    said += text
  })
  await until('the link', () => /^live: \S+$/m.test(said))
  const url = /^live: (\S+)$/m.exec(said)![1]!
  return { url, at: path => url.replace('/?', `/${path}?`) }
}

/** Of the phase that is measured, with answers to its NOOPs; what each thread has met comes when it comes. */
function isProbedSecond({ kind, data }: ToldEvent): boolean {
  if (kind !== 'second' || data.phase !== 'steady') return false
  return 'NOOP.plain' in (data.commands as object) && (data.standings as { streaming: number }).streaming === 2
}

describe('run --live', () => {
  it('serves page, history and metrics while the run goes on, stops it when asked, and is gone with it', async () => {
    const run = workbench.startRun(['--live', '--quiet', ...LONG])
    const { url, at } = await linkOf(run)
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{32}$/)
    const early = await Stream.open(at('events'))
    await early.until(events => events.some(isProbedSecond))

    const page = await fetch(url)
    expect(page.status).toBe(200)
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(await page.text()).toContain('uPlot')
    expect((await fetch(url.replace(/token=.*/, 'token=wrong'))).status).toBe(403)
    const metrics = await (await fetch(at('metrics'))).text()
    expect(metrics).toMatch(/^mupdate_bench_noop_response_seconds_count\{phase="steady",kind="plain"\} [1-9]/m)
    expect(metrics).toMatch(/^mupdate_bench_slaves\{state="streaming"\} 2$/m)

    const late = await Stream.open(at('events'))
    await late.until(events => events.length >= early.events.length)
    expect(late.events.slice(0, 5)).toEqual(early.events.slice(0, 5))
    expect(late.events[0]).toMatchObject({
      kind: 'hello',
      data: { profile: { name: 'small', seed: 1 }, slaveCount: 2 },
    })
    expect(late.events.filter(({ kind }) => kind === 'phase').map(({ data }) => data.name)).toEqual([
      'preload',
      'settle',
      'steady',
    ])
    expect(late.events.flatMap(({ kind, data }) => (kind === 'moves' ? (data as unknown as object[]) : []))).toEqual(
      expect.arrayContaining([expect.objectContaining({ kind: 'ready', slave: 0 })]),
    )

    expect((await fetch(at('stop'), { method: 'POST' })).status).toBe(202)
    await late.ended
    expect(late.events.at(-1)).toMatchObject({ kind: 'end', data: { state: 'interrupted' } })
    expect((await run.ended).status).toBe(130)
    await expect(fetch(url)).rejects.toThrow()
    expect(workbench.result()).toMatchObject({ state: 'interrupted' })
  })

  it('ends as a run does without it', async () => {
    const run = workbench.startRun(['--live'])
    const { at } = await linkOf(run)
    const watcher = await Stream.open(at('events'))
    const { status, stdout } = await run.ended
    expect([0, 5]).toContain(status)
    expect(stdout).toContain('results: ')
    await watcher.ended
    expect(watcher.events.at(-1)).toMatchObject({ kind: 'end', data: { state: 'ended' } })
    const seconds = watcher.events.filter(({ kind }) => kind === 'second')
    expect(seconds.length).toBeGreaterThan(1)
  })

  it('says that a port is taken before anything is started', async () => {
    const server = createServer()
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const { status, stderr } = await workbench.startRun(['--live', String(port)]).ended
    server.close()
    expect(status).toBe(2)
    expect(stderr).toContain(`--live: cannot listen on 127.0.0.1:${port}: somebody listens there already`)
    expect(stderr).not.toContain('starting')
    expect(existsSync(workbench.out)).toBe(false)
  })

  it.each([
    [['--live', '0.0.0.0:0'], {}, 'add --live-allow-remote'],
    [['--live', 'nonsense'], {}, 'not an address'],
    [['--live-allow-remote'], {}, '--live-allow-remote without --live'],
    [['--live'], { MUPDATE_BENCH_LIVE_TOKEN: 'short' }, 'MUPDATE_BENCH_LIVE_TOKEN is not a token'],
  ])('refuses %j', async (args, env, says) => {
    const { status, stderr } = await workbench.startRun(args, env).ended
    expect(stderr).toContain(says)
    expect(status).toBe(2)
  })

  it('says when it took the profile for an address', async () => {
    const { status, stderr } = await workbench.bench(['run', '--live', 'smoke'])
    expect(stderr).toContain('run smoke --live')
    expect(status).toBe(2)
  })

  it('does not print a token that it was given', async () => {
    const token = 'a-token-that-was-given'
    const run = workbench.startRun(['--live', ...LONG], { MUPDATE_BENCH_LIVE_TOKEN: token })
    let said = ''
    run.child.stderr!.on('data', text => {
      said += text
    })
    await until('the link', () => said.includes('the token is the given one'))
    const url = /^live: (\S+)/m.exec(said)![1]!.replace('…', token)
    expect((await fetch(url.replace('/?', '/stop?'), { method: 'POST' })).status).toBe(202)
    const { status, stderr } = await run.ended
    expect(status).toBe(130)
    expect(stderr).not.toContain(token)
  })
})
