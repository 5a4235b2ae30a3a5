// Usage: node scripts/pictures.mjs [MASTER]
// Makes docs/pictures/*.png from one run of resync-storm, on a real Cyrus unless told otherwise: its terminal and its
// dashboard in the midst of the storm, then its report, light and dark.
// Needs Chromium and script(1) (apt install chromium bsdutils) and what `npm run build` made.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const pictures = join(root, 'docs/pictures')
const profile = 'resync-storm'
const WIDTH = 1120
const COLUMNS = 88
/** From the restart of the frontends until the pictures are taken. */
const INTO_THE_STORM_MS = 20_000
const ESCAPES = /\x1b\[[\d;]*[A-Za-z]/g
const STYLES = { 1: 'font-weight:bold', 2: 'opacity:.6', 31: 'color:#ff7b72', 32: 'color:#56d39b', 33: 'color:#e3b341' }
const MORE_STYLES = { 34: 'color:#6cb6ff', 35: 'color:#dc8add', 36: 'color:#56d4dd' }
const [master = 'cyrus'] = process.argv.slice(2)

const scratch = mkdtempSync(join(tmpdir(), 'mupdate-bench-pictures-'))
mkdirSync(pictures, { recursive: true })
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
})
try {
  await pictureRun()
  await pictureReport(join(scratch, profile, readdirSync(join(scratch, profile))[0]))
} finally {
  await browser.close()
  rmSync(scratch, { recursive: true, force: true })
}

/** The run has a terminal of its own, which script(1) writes down. */
async function pictureRun() {
  const typescript = join(scratch, 'typescript')
  const main = join(root, 'dist/cli/main.js')
  const command = `stty cols ${COLUMNS} rows 24; exec node ${main} run ${profile} --master ${master} --live --out ${scratch}`
  const run = spawn('script', ['-qfec', command, typescript], { stdio: ['ignore', 'ignore', 'inherit'] })
  const ended = new Promise(resolve => run.once('exit', resolve))
  const url = await seen(typescript, /live: (http\S+)/)
  const page = await browser.newPage({ viewport: { width: WIDTH, height: 900 } })
  await page.goto(url)
  await seen(typescript, /4\/5 storm/)
  await sleep(INTO_THE_STORM_MS)
  const view = lastView(readFileSync(typescript, 'utf8'))
  await page.waitForSelector('#noop-slave canvas')
  await shoot(page, 'dashboard', { clip: await downTo(page, '#noop-slave') })
  await page.close()
  await pictureTerminal(view)
  await ended
}

async function seen(path, pattern) {
  for (let i = 0; i < 600; i++, await sleep(200)) {
    try {
      const found = pattern.exec(readFileSync(path, 'utf8').replaceAll(ESCAPES, ''))
      if (found !== null) return found[1] ?? found[0]
    } catch {
      // Not there yet.
    }
  }
  throw new Error(`${pattern} was not seen`)
}

/** What stands there when the view was last drawn as a whole; what comes after it may be half a view. */
function lastView(output) {
  const views = output.split(/\r\x1b\[\d+A\x1b\[J/)
  return views.at(-2).replaceAll('\r', '').trimEnd()
}

async function pictureTerminal(text) {
  const page = await browser.newPage({ viewport: { width: 820, height: 400 } })
  const style =
    'margin:0;padding:14px 18px;background:#15181d;color:#d9dde3;font:14px/1.35 "DejaVu Sans Mono",monospace'
  await page.setContent(`<body style="margin:0"><pre style='${style}'>${coloured(text)}</pre></body>`)
  const { width, height } = await page.locator('pre').boundingBox()
  await shoot(page, 'terminal', { clip: { x: 0, y: 0, width, height } })
  await page.close()
}

/** Escape sequences of colours as elements; none is open across another. */
function coloured(text) {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  const [first, ...rest] = escaped.split('\x1b[')
  const on = new Set()
  const spans = rest.map(piece => {
    const [, code, words] = /^(\d*)m([\s\S]*)$/.exec(piece) ?? [undefined, '', piece.replace(/^[\d;?]*[A-Za-z]/, '')]
    if (code === '22') for (const weight of ['1', '2']) on.delete(weight)
    else if (code === '39' || code === '0') on.clear()
    else on.add(code)
    return `<span style="${[...on].map(one => ({ ...STYLES, ...MORE_STYLES })[one] ?? '').join(';')}">${words}</span>`
  })
  return first + spans.join('')
}

async function pictureReport(folder) {
  for (const colorScheme of ['light', 'dark']) {
    const page = await browser.newPage({ viewport: { width: WIDTH, height: 900 }, colorScheme })
    await page.goto(pathToFileURL(join(folder, 'report.html')).href)
    await page.waitForSelector('#charts[data-drawn]')
    await shoot(page, `report-${colorScheme}`, { clip: await downTo(page, '#noop-slave') })
    await page.close()
  }
}

/** The top of a page; all that is above the frontends' NOOPs belongs to the storm. */
async function downTo(page, id) {
  const box = await page.locator(`section.panel:has(${id})`).boundingBox()
  return { x: 0, y: 0, width: WIDTH, height: Math.ceil(box.y + box.height) }
}

async function shoot(page, name, options) {
  const path = join(pictures, `${name}.png`)
  await page.screenshot({ path, fullPage: true, ...options })
  console.log(path)
}
