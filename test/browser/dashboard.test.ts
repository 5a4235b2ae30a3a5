import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Started, until, Workbench } from '../cli/bench.js'
import { coloured, launch, legendOf } from './browser.js'
import { Stream } from '../live/stream.js'
import { secondsOf } from './storm.js'

let browser: Browser
let workbench: Workbench
beforeAll(async () => {
  workbench = new Workbench()
  browser = await launch()
})
afterAll(async () => {
  await browser?.close()
  workbench.remove()
})

/** What stands between a browser and the run, and can break. */
class Line {
  private readonly sockets = new Set<Socket>()
  private isCut = false

  private constructor(
    private readonly server: Server,
    port: number,
  ) {
    server.on('connection', near => {
      if (this.isCut) {
        near.destroy()
        return
      }
      const far = connect(port, '127.0.0.1')
      near.pipe(far).pipe(near)
      for (const socket of [near, far]) {
        this.sockets.add(socket)
        socket.on('error', () => {}).on('close', () => [near, far].forEach(each => void each.destroy()))
      }
    })
  }

  /** @returns the same link, by way of the line */
  static async to(url: string): Promise<{ line: Line; link: string }> {
    const server = createServer()
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const far = new URL(url)
    const line = new Line(server, Number(far.port))
    return { line, link: `http://127.0.0.1:${port}/${far.search}` }
  }

  cut(): void {
    this.isCut = true
    for (const socket of this.sockets) socket.destroy()
    this.sockets.clear()
  }

  mend(): void {
    this.isCut = false
  }

  close(): void {
    this.cut()
    this.server.close()
  }
}

async function liveRun(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ run: Started; url: string }> {
  const run = workbench.startRun(['--live', '--quiet', ...args], env)
  let said = ''
  run.child.stderr!.on('data', text => {
    said += text
  })
  await until('the link', () => /^live: \S+.*\n/m.test(said), 30_000)
  const url = /^live: (\S+)/m.exec(said)![1]!
  return { run, url: url.replace('…', env.MUPDATE_BENCH_LIVE_TOKEN ?? '') }
}

async function open(link: string): Promise<{ page: Page; complaints: string[]; status: number }> {
  const page = await browser.newPage({ viewport: { width: 1200, height: 900 } })
  const complaints: string[] = []
  page.on('pageerror', error => complaints.push(String(error.stack)))
  page.on('console', message => {
    // What a lost connection is told as.
    if (message.type() === 'error' && !message.text().includes('ERR_')) complaints.push(message.text())
  })
  const response = await page.goto(link)
  return { page, complaints, status: response!.status() }
}

function seconds(page: Page): Promise<number> {
  return page
    .locator('#charts')
    .evaluate(charts => Number((charts as { dataset?: { seconds?: string } }).dataset!.seconds ?? 0))
}

async function untilState(page: Page, text: string): Promise<void> {
  await page.locator('#state', { hasText: text }).waitFor({ timeout: 30_000 })
}

/** Of the light theme, src/report/html/style.ts. */
const GREEN = [0, 128, 92] as const
const BLUE = [0, 100, 168] as const
const GREY = [123, 132, 145] as const
const LINES = { slaves: GREEN, 'noop-plain': BLUE, creates: GREEN, cpu: BLUE, 'own-cpu': GREY }

/** Lines in their colours, and values where the cursor is: axes alone are neither. */
async function expectDrawn(page: Page): Promise<void> {
  for (const [chart, colour] of Object.entries(LINES))
    expect(await coloured(page, chart, colour), chart).toBeGreaterThan(20)
  const frame = (await page.locator('#noop-plain .u-over').boundingBox())!
  await page.locator('#noop-plain').scrollIntoViewIfNeeded()
  await page.locator('#noop-plain .u-over').hover({ position: { x: frame.width * 0.8, y: frame.height / 2 } })
  expect((await legendOf(page, 'noop-plain'))['half within']).toMatch(/^\d.* (µs|ms|s)$/)
  expect(await legendOf(page, 'slaves')).toMatchObject({ streaming: '2', dumping: '0' })
}

describe('the live dashboard', () => {
  it('follows a whole run, through a lost connection, and keeps what it showed', async () => {
    const { run, url } = await liveRun(['--set', 'phases.2.duration=9s'])
    const { line, link } = await Line.to(url)
    const { page, complaints } = await open(link)
    await untilState(page, 'live')
    await page.locator('#tiles', { hasText: 'NOOP p99' }).waitFor()
    line.cut()
    await untilState(page, 'the connection is lost')
    line.mend()
    await untilState(page, 'live')

    // Who comes late has all of it too.
    const late = await open(url)
    await expect.poll(() => seconds(late.page), { timeout: 30_000 }).toBeGreaterThanOrEqual(3)
    await run.ended
    await untilState(page, 'the run has ended')
    await untilState(late.page, 'the run has ended')
    for (const each of [page, late.page]) {
      expect(await seconds(each)).toBe(secondsOf(workbench.folder()).length)
      await expectDrawn(each)
      expect(await each.locator('#verdict').textContent()).toMatch(/PASS|INVALID/)
      expect(await each.locator('#stop').isHidden()).toBe(true)
    }
    expect(complaints).toEqual([])
    expect(late.complaints).toEqual([])
    line.close()
  })

  it('stops the run, if that is confirmed', async () => {
    const { run, url } = await liveRun(['--set', 'phases.2.duration=120s'])
    const { page } = await open(url)
    await page.locator('#tiles', { hasText: 'steady' }).waitFor({ timeout: 30_000 })
    page.once('dialog', dialog => void dialog.dismiss())
    await page.locator('#stop').click()
    expect(await page.locator('#stop').textContent()).toBe('Stop the run')
    page.once('dialog', dialog => void dialog.accept())
    await page.locator('#stop').click()
    await untilState(page, 'the run was stopped')
    expect(await page.locator('#verdict').textContent()).toMatch(/INCONCLUSIVE|INVALID/)
    expect((await run.ended).status).toBe(130)
  })

  it('is for who has the token', async () => {
    const { run, url } = await liveRun(['--set', 'phases.2.duration=120s'])
    const wrong = await open(url.replace(/token=.*/, 'token=wrong'))
    expect(wrong.status).toBe(403)
    const bare = await open(url.replace(/\?.*/, ''))
    await untilState(bare.page, 'open it as it was printed')

    const { page } = await open(url)
    await untilState(page, 'live')
    expect(page.url()).toBe(url.replace(/\?.*/, ''))
    await page.reload()
    await untilState(page, 'live')
    await expect.poll(() => seconds(page), { timeout: 30_000 }).toBeGreaterThan(0)

    const events = url.replace('/?', '/events?')
    const crowd: Stream[] = []
    // Who comes when there is no room is refused.
    for (let hasRoom = true; hasRoom; )
      hasRoom = await Stream.open(events).then(
        watcher => crowd.push(watcher) < 300,
        () => false,
      )
    const late = await open(url)
    await untilState(late.page, 'as many watch as the server takes')
    for (const watcher of crowd) watcher.leave()
    run.child.kill('SIGINT')
    await run.ended
  })

  it('draws a crowd of slaves by its numbers', async () => {
    const { run, url } = await liveRun(['--set', 'slaves.count=210', '--set', 'phases.2.duration=120s'])
    const { page, complaints } = await open(url)
    await page.locator('#tiles', { hasText: 'steady' }).waitFor({ timeout: 30_000 })
    await expect.poll(() => coloured(page, 'slave-counts', GREEN), { timeout: 30_000 }).toBeGreaterThan(20)
    expect(await page.locator('#slaves').isVisible()).toBe(false)
    expect(complaints).toEqual([])
    run.child.kill('SIGINT')
    await run.ended
  })

  it('begins anew when another run has taken the place of one that was killed', async () => {
    const env = { MUPDATE_BENCH_LIVE_TOKEN: 'a-token-of-this-test' }
    const first = await liveRun(['--set', 'phases.2.duration=120s'], env)
    const { page } = await open(first.url)
    await expect.poll(() => seconds(page), { timeout: 30_000 }).toBeGreaterThan(2)
    const before = await page.evaluate('performance.timeOrigin')
    first.run.child.kill('SIGKILL')
    await first.run.ended
    await untilState(page, 'the connection is lost')
    const second = await liveRun(['--live', new URL(first.url).port, '--set', 'phases.2.duration=120s'], env)
    await untilState(page, 'live')
    await expect.poll(() => page.evaluate('performance.timeOrigin'), { timeout: 30_000 }).not.toBe(before)
    await untilState(page, 'live')
    second.run.child.kill('SIGINT')
    await second.run.ended
  })
})
