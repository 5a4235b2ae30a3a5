import { existsSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)

/** Debian's, since playwright's own is another hundred megabytes. As root it runs without its sandbox, as it must. */
export function launch(): Promise<Browser> {
  if (CHROMIUM === undefined) throw new Error('no Chromium: apt install chromium')
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return chromium.launch({ executablePath: CHROMIUM, args })
}

/** A page that was opened from the disk, and what it said and asked for meanwhile. */
export interface Opened {
  readonly page: Page
  /** Errors and warnings of the console, and exceptions. */
  readonly complaints: readonly string[]
  /** All but the file itself. */
  readonly requests: readonly string[]
  close(): Promise<void>
}

export async function openFile(browser: Browser, path: string, options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options })
  const page = await context.newPage()
  const complaints: string[] = []
  const requests: string[] = []
  const url = pathToFileURL(path).href
  page.on('console', message => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', error => complaints.push(String(error.stack)))
  page.on('request', request => {
    if (request.url() !== url) requests.push(request.url())
  })
  await page.goto(url)
  await page.waitForSelector('#charts[data-drawn]')
  return { page, complaints, requests, close: () => context.close() }
}

/** Pixels that were drawn on a chart's canvas: 0 is an empty one. */
export function drawnPixels(page: Page, chart: string): Promise<number> {
  return page.locator(`#${chart} canvas`).evaluate((canvas: Canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
    let drawn = 0
    for (let i = 3; i < data.length; i += 4) if (data[i] > 0) drawn++
    return drawn
  })
}

/** Pixels of a chart in just this colour: those within a line of it. */
export function coloured(
  page: Page,
  chart: string,
  [red, green, blue]: readonly [number, number, number],
): Promise<number> {
  return page.locator(`#${chart} canvas`).evaluate(
    (canvas: Canvas, wanted) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
      let found = 0
      for (let i = 0; i < data.length; i += 4)
        if (data[i + 3] === 255 && wanted.every((value, channel) => data[i + channel] === value)) found++
      return found
    },
    [red, green, blue],
  )
}

/** What is needed of the browser's type: tests are compiled without a DOM. */
interface Canvas {
  readonly width: number
  readonly height: number
  getContext(kind: '2d'): { getImageData(x: number, y: number, w: number, h: number): { data: ArrayLike<number> } }
}

/** What the legend of a chart says beside each name; '' where the cursor is nowhere. */
export async function legendOf(page: Page, chart: string): Promise<Record<string, string>> {
  const items = await page.locator(`section.panel:has(#${chart}) .legend li`).all()
  const entries = await Promise.all(
    items.map(async item => {
      const value = await item.locator('.value').innerText()
      const all = await item.innerText()
      return [all.slice(0, all.length - value.length).trim(), value] as const
    }),
  )
  return Object.fromEntries(entries)
}
