// Usage: node scripts/pictures.mjs RUN-FOLDER
// Makes docs/pictures/report-light.png and report-dark.png: the top of that run's report, down to its slaves and NOOPs.
// Needs Chromium (apt install chromium) and what `npm run build` made.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const pictures = join(root, 'docs/pictures')
const [folder] = process.argv.slice(2)

if (folder === undefined) {
  console.error('usage: node scripts/pictures.mjs RUN-FOLDER')
  process.exitCode = 2
} else {
  const scratch = mkdtempSync(join(tmpdir(), 'mupdate-bench-pictures-'))
  try {
    await takePictures(report(folder, join(scratch, 'report.html')))
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** Of the code as it is now, not of that which made the run. */
function report(run, path) {
  const main = join(root, 'dist/cli/main.js')
  const { status } = spawnSync(process.execPath, [main, 'report', run, '-o', path], { stdio: ['ignore', 'ignore', 2] })
  if (status !== 0) throw new Error(`no report of ${run}`)
  return path
}

async function takePictures(path) {
  mkdirSync(pictures, { recursive: true })
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args })
  try {
    for (const colorScheme of ['light', 'dark']) {
      const page = await browser.newPage({ viewport: { width: 1120, height: 900 }, deviceScaleFactor: 1, colorScheme })
      await page.goto(pathToFileURL(path).href)
      await page.waitForSelector('#charts[data-drawn]')
      const file = join(pictures, `report-${colorScheme}.png`)
      await page.screenshot({ path: file, fullPage: true, clip: await topOf(page) })
      console.log(file)
      await page.close()
    }
  } finally {
    await browser.close()
  }
}

/** Down to the end of the chart of the frontends' NOOPs; all that is above it belongs to the storm. */
async function topOf(page) {
  const box = await page.locator('section.panel:has(#noop-slave)').boundingBox()
  return { x: 0, y: 0, width: 1120, height: Math.ceil(box.y + box.height) }
}
