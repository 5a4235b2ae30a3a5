import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SecondLine } from '../../src/metrics/second-line.js'
import { formatValue, type Unit } from '../../src/report/browser/format.js'
import { runPage } from '../../src/report/html/run-page.js'
import { Workbench } from '../cli/bench.js'
import { fullSecond, noFiles, syntheticRun, thrashing } from '../report/synthetic-run.js'
import { coloured, drawnPixels, launch, legendOf, type Opened, openFile } from './browser.js'
import { secondsOf, stormFolder } from './storm.js'

let browser: Browser
let workbench: Workbench
let folder: string
let seconds: SecondLine[]

beforeAll(async () => {
  workbench = new Workbench()
  browser = await launch()
  folder = await stormFolder(workbench)
  seconds = secondsOf(folder)
})

afterAll(async () => {
  await browser?.close()
  workbench.remove()
})

async function withReport<T>(
  work: (opened: Opened) => Promise<T>,
  options = {},
  path = join(folder, 'report.html'),
): Promise<T> {
  const opened = await openFile(browser, path, options)
  try {
    return await work(opened)
  } finally {
    await opened.close()
  }
}

/** Colours of lines (src/report/html/style.ts); `--blue`, in which NOOPs of plain connections are drawn, of each theme. */
const GREEN = [0x00, 0x80, 0x5c] as const
const PURPLE = [0xa8, 0x43, 0x7f] as const
const GREY = [0x7b, 0x84, 0x91] as const
const LIGHT_BLUE = [0x00, 0x64, 0xa8] as const
const DARK_BLUE = [0x41, 0x96, 0xe0] as const

describe('the report of a storm', () => {
  it('opens without a complaint and asks for nothing', () =>
    withReport(async ({ complaints, requests, page }) => {
      expect(await page.title()).toContain('resync-storm')
      expect(complaints).toEqual([])
      expect(requests).toEqual([])
    }))

  it.each([
    ['slaves', GREEN],
    ['noop-slave', PURPLE],
    ['noop-plain', LIGHT_BLUE],
    ['creates', GREEN],
    ['lag', GREEN],
    ['own', GREY],
    ['own-cpu', GREY],
    ['curves', LIGHT_BLUE],
  ] as const)('draws %s: axes, and its lines in their colour', (chart, colour) =>
    withReport(async ({ page }) => {
      expect(await drawnPixels(page, chart)).toBeGreaterThan(2000)
      expect(await coloured(page, chart, colour)).toBeGreaterThan(20)
    }),
  )

  it('says in words what it was, and what was not measured', () =>
    withReport(async ({ page }) => {
      const text = await page.locator('main').innerText()
      expect(text).toMatch(/PASS|FAIL|INVALID|INCONCLUSIVE/)
      expect(await page.locator('section.panel.empty .missing').allInnerTexts()).not.toContain('')
      expect(await page.locator('#noop-stream').innerText()).toContain('no probes on streaming connections')
    }))

  type Shown = number | { readonly us: number; readonly atLeast: boolean } | undefined
  type Read = (second: SecondLine) => Shown
  const shown = (unit: Unit, value: Shown) =>
    typeof value === 'object' ? `${value.atLeast ? '≥ ' : ''}${formatValue(unit, value.us)}` : formatValue(unit, value)
  const noop =
    (kind: string, statistic: 'p50' | 'p99' | 'max'): Read =>
    ({ commands }) => {
      const time = commands[`NOOP.${kind}`]?.responseTimeUs
      return time && { us: time[statistic], atLeast: time.lowerBounds.includes(statistic) }
    }
  const done: Read = ({ operations: { create } }) =>
    create &&
    (create.ratePerSecond * (create.count - create.unfinished - create.failed)) /
      Math.max(1, create.count - create.unfinished)

  it.each<[string, Unit, Record<string, Read>]>([
    [
      'noop-plain',
      'us',
      { 'half within': noop('plain', 'p50'), '99 % within': noop('plain', 'p99'), slowest: noop('plain', 'max') },
    ],
    ['noop-slave', 'us', { 'half within': noop('slave', 'p50'), slowest: noop('slave', 'max') }],
    [
      'creates',
      'perSecond',
      {
        done,
        offered: ({ operations: { create }, offeredPerSecond }) =>
          offeredPerSecond.create ?? (create?.responseTimeUs && 0),
      },
    ],
    ['lag', 'us', { '99 % within': ({ propagationUs }) => propagationUs?.all?.p99 }],
    ['own-cpu', 'cores', { harness: ({ harness }) => harness?.cpuCores }],
  ])('%s shows at five times what series.ndjson holds', (chart, unit, lines) =>
    withReport(async ({ page }) => {
      const [first] = Object.values(lines)
      const measured = seconds.flatMap((second, i) => (first(second) === undefined ? [] : [i]))
      const times = [0, 0.25, 0.5, 0.75, 1].map(share => measured[Math.round(share * (measured.length - 1))])
      expect(new Set(times).size).toBe(5)
      await page.locator(`#${chart}`).focus()
      let at = -1
      for (const index of times) {
        for (; at < index; at++) await page.keyboard.press('ArrowRight')
        const legend = await legendOf(page, chart)
        for (const [label, read] of Object.entries(lines))
          expect(legend[label], `${label} of second ${index}`).toBe(shown(unit, read(seconds[index])))
      }
    }),
  )

  it('says of curves how many in them never ended', () =>
    withReport(async ({ page }) => {
      const caution = await page.locator('section.panel:has(#curves) .caution').innerText()
      expect(caution).toMatch(/^Unfinished ones are in it .*: .*NOOP\.slave, response time \([\d,]+ of [\d,]+\)/)
    }))

  it('moves the cursor of all charts with the mouse over one', () =>
    withReport(async ({ page }) => {
      const box = (await page.locator('#creates .u-over').boundingBox())!
      await page.locator('#creates').scrollIntoViewIfNeeded()
      await page.locator('#creates .u-over').hover({ position: { x: box.width * 0.6, y: 40 } })
      await expect
        .poll(async () => Object.values(await legendOf(page, 'slaves')).map(Number))
        .toContainEqual(expect.any(Number))
      const states = Object.values(await legendOf(page, 'slaves')).map(Number)
      expect(states.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0)
      expect(Object.values(await legendOf(page, 'own-cpu'))[0]).not.toBe('')
    }))

  it('zooms into all charts by dragging, and out again', () =>
    withReport(async ({ page }) => {
      const shown = page.locator('output.shown')
      const reset = page.getByRole('button', { name: 'Show all' })
      expect(await reset.isVisible()).toBe(false)
      const before = await page
        .locator('#own-cpu canvas')
        .evaluate((canvas: { toDataURL(): string }) => canvas.toDataURL())
      await page.locator('#creates').scrollIntoViewIfNeeded()
      const box = (await page.locator('#creates .u-over').boundingBox())!
      await page.mouse.move(box.x + box.width * 0.25, box.y + 50)
      await page.mouse.down()
      await page.mouse.move(box.x + box.width * 0.75, box.y + 60, { steps: 5 })
      await page.mouse.up()
      const [from, to] = (await shown.innerText()).split(' to ').map(secondsOfClock)
      const whole = seconds.at(-1)!.atMs / 1000
      expect(from / whole).toBeCloseTo(0.25, 1)
      expect(to / whole).toBeCloseTo(0.75, 1)
      const after = () =>
        page.locator('#own-cpu canvas').evaluate((canvas: { toDataURL(): string }) => canvas.toDataURL())
      await expect.poll(after).not.toBe(before)
      await reset.click()
      expect(await shown.innerText()).toBe('')
      expect(await reset.isVisible()).toBe(false)
    }))

  it('zooms with keys', () =>
    withReport(async ({ page }) => {
      await page.locator('#noop-plain').focus()
      await page.keyboard.press('+')
      expect(await page.locator('output.shown').innerText()).toContain(' to ')
      await page.keyboard.press('Escape')
      expect(await page.locator('output.shown').innerText()).toBe('')
    }))

  it('has a table and a description of each chart that is drawn', () =>
    withReport(async ({ page }) => {
      const panels = await page.locator('section.panel:not(.empty):not([hidden])').all()
      expect(panels.length).toBeGreaterThanOrEqual(8)
      for (const panel of panels) {
        expect(await panel.locator('.frame').getAttribute('aria-label')).toMatch(/\. .+/)
        await panel.locator('summary').click()
        // A browser tells of the opening in a task of its own, and the table is made then.
        await expect.poll(() => panel.locator('tbody tr').count()).toBeGreaterThan(2)
      }
      expect(await page.locator('section.panel:has(#creates) tbody tr').count()).toBe(seconds.length)
    }))

  it('is dark where the reader’s screen is, at once', () =>
    withReport(async ({ page }) => {
      expect(await coloured(page, 'noop-plain', LIGHT_BLUE)).toBeGreaterThan(20)
      expect(await coloured(page, 'noop-plain', DARK_BLUE)).toBe(0)
      await page.emulateMedia({ colorScheme: 'dark' })
      await expect.poll(() => coloured(page, 'noop-plain', DARK_BLUE)).toBeGreaterThan(20)
      expect(await coloured(page, 'noop-plain', LIGHT_BLUE)).toBe(0)
      expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(20, 23, 27)')
    }))

  it('needs no scrolling sideways on a telephone', () =>
    withReport(
      async ({ page }) => {
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360)
        expect(await drawnPixels(page, 'slaves')).toBeGreaterThan(1000)
      },
      { viewport: { width: 360, height: 740 } },
    ))

  it('is printed on white from a dark screen too', () =>
    withReport(
      async ({ page }) => {
        await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
        await expect.poll(() => coloured(page, 'noop-plain', LIGHT_BLUE)).toBeGreaterThan(20)
        expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)')
        expect(await page.locator('.toolbar').isVisible()).toBe(false)
        expect((await page.pdf({ format: 'A4' })).subarray(0, 5).toString()).toBe('%PDF-')
      },
      { colorScheme: 'dark' },
    ))
})

describe('a comparison', () => {
  it('lays the runs over each other', async () => {
    const out = join(workbench.directory, 'simulated')
    const { stdout } = await workbench.bench(['simulate', 'resync-storm', '--out', out, '-q'])
    const simulated = /^results: (.*)$/m.exec(stdout)![1]
    const path = join(workbench.directory, 'both.html')
    const { status, stderr } = await workbench.bench(['report', folder, simulated, '-o', path])
    expect([status, stderr]).toEqual([0, ''])
    await withReport(
      async ({ page, complaints, requests }) => {
        expect([...complaints, ...requests]).toEqual([])
        expect(await page.locator('main').innerText()).toContain('SIMULATED')
        for (const chart of ['slaves', 'noop-slave', 'noop-plain', 'creates', 'curve-noop-plain'])
          expect(await drawnPixels(page, chart), chart).toBeGreaterThan(2000)
        expect(Object.keys(await legendOf(page, 'noop-plain'))).toHaveLength(2)
        expect(await page.locator('td', { hasText: '×' }).count()).toBeGreaterThan(3)
      },
      {},
      path,
    )
  })
})

describe('an hour with 60 slaves', () => {
  it('is drawn soon after it was opened', async () => {
    const path = join(workbench.directory, 'hour.html')
    const files = noFiles({
      seconds: Array.from({ length: 3600 }, (_, i) => fullSecond(i)),
      slaveMoves: thrashing(60, 3600),
    })
    writeFileSync(path, runPage(syntheticRun({ durationMs: 3_601_440 }), files))
    await withReport(
      async ({ page, complaints }) => {
        expect(complaints).toEqual([])
        for (const chart of ['slaves', 'noop-stream', 'cpu', 'memory'])
          expect(await drawnPixels(page, chart), chart).toBeGreaterThan(5000)
        const drawnMs = Number(await page.locator('#charts').getAttribute('data-drawn'))
        console.log(`an hour with 60 slaves: ${readFileSync(path).length} bytes, drawn after ${drawnMs} ms`)
        // A second or less on a quiet machine; this one may be busy with other tests.
        expect(drawnMs).toBeLessThan(5000)
      },
      {},
      path,
    )
  })
})

it('counts slaves by state where they are too many for a row each', async () => {
  const path = join(workbench.directory, 'many.html')
  const seconds = Array.from({ length: 40 }, (_, i) => fullSecond(i))
  writeFileSync(
    path,
    runPage(syntheticRun({ durationMs: 40_000 }), noFiles({ seconds, slaveMoves: thrashing(300, 40) })),
  )
  await withReport(
    async ({ page, complaints }) => {
      expect(complaints).toEqual([])
      expect(await page.locator('section.panel:has(#slaves)').isVisible()).toBe(false)
      expect(await drawnPixels(page, 'slave-counts')).toBeGreaterThan(2000)
      await page.locator('#slave-counts').focus()
      for (let i = 0; i < 20; i++) await page.keyboard.press('ArrowRight')
      const counts = Object.values(await legendOf(page, 'slave-counts')).map(Number)
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(300)
    },
    {},
    path,
  )
})

it('names that are markup stay text', async () => {
  const evil = `</script><script>document.title='pwned'</script><img src=x onerror="document.title='pwned'">`
  const path = join(workbench.directory, 'evil.html')
  const run = syntheticRun({ profile: { name: evil, seed: 1 } })
  const events = [{ atMs: 500, kind: 'timeline', detail: evil }]
  const slaveMoves = thrashing(2, 5)
  writeFileSync(
    path,
    runPage(run, noFiles({ seconds: [fullSecond(0), fullSecond(1)], events, slaveMoves, profileYaml: evil })),
  )
  await withReport(
    async ({ page, complaints }) => {
      expect(complaints).toEqual([])
      expect(await page.title()).toContain('</script>')
      expect(await page.locator('.events li').innerText()).toContain(evil)
      expect(await page.locator('img').count()).toBe(0)
    },
    {},
    path,
  )
})

function secondsOfClock(clock: string): number {
  return clock.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)
}
