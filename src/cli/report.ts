import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import { HarnessError } from '../core/errors.js'
import type { RunResult } from '../metrics/run-result.js'
import { comparisonPage } from '../report/html/comparison-page.js'
import { runPage } from '../report/html/run-page.js'
import { FORMATS, type FormatName } from '../report/formats.js'
import { GATE_FORMATS, type GateFormatName } from '../report/gate/formats.js'
import { gateHtml } from '../report/gate/html.js'
import type { RunFiles } from '../report/run-files.js'
import { REPORT_FILE, readFilesOf } from '../report/write-report.js'
import { putPage, putText } from './put.js'
import { GATE_PAGE, isGate, readGate } from './read-gate.js'
import { readRun } from './read-run.js'
import { reportAsText } from './report-text.js'

interface ReportFlags {
  readonly format: 'html' | FormatName | GateFormatName
  readonly out?: string
  readonly open?: true
}

interface ReadRun {
  readonly run: RunResult
  readonly files: RunFiles
}

const COMPARISON_FILE = 'comparison.html'

export function reportCommand(): Command {
  return new Command('report')
    .description('write the report of a run, also of one that was cut off, or of a gate; of several runs, a comparison')
    .argument('<dir...>', 'folders of runs, results/<profile>/<time>-<id>; ratios are to the first')
    .addOption(
      new Option('-f, --format <name>', 'html, a page with charts; all others go to standard output')
        .choices(['html', ...new Set([...Object.keys(FORMATS), ...Object.keys(GATE_FORMATS)])])
        .default('html'),
    )
    .option('-o, --out <file>', 'where it goes, in place of report.html in the run’s folder, or ./comparison.html')
    .option('--open', 'show it in a browser; html only')
    .addHelpText(
      'after',
      `
Examples:
  mupdate-bench report results/smoke/20261124T101500Z-1a2b3c --open
  mupdate-bench report results/resync-storm/* -o storms.html
  mupdate-bench report results/smoke/20261124T101500Z-1a2b3c --format junit -o junit.xml`,
    )
    .action(async (directories: string[], flags: ReportFlags) => {
      if (flags.format !== 'html' && flags.open === true)
        throw new HarnessError('USAGE', `--open shows a page, and ${flags.format} is none`, 'leave out one of the two')
      if (directories.length === 1 && isGate(directories[0])) return reportGate(directories[0], flags)
      if (flags.format !== 'html') return reportAsText(formatOf(FORMATS, flags.format, 'a run'), directories, flags.out)
      const path = flags.out ?? (directories.length === 1 ? join(directories[0], REPORT_FILE) : COMPARISON_FILE)
      putPage(await pageOf(directories), path)
      if (flags.open === true) await show(path)
    })
}

async function reportGate(directory: string, { format, out, open }: ReportFlags): Promise<void> {
  const gate = readGate(directory)
  if (format !== 'html') {
    putText(GATE_FORMATS[formatOf(GATE_FORMATS, format, 'a gate')](gate), out)
    return
  }
  const path = out ?? join(directory, GATE_PAGE)
  putPage(gateHtml(gate), path)
  if (open === true) await show(path)
}

/** @throws {HarnessError} `USAGE` for a format that the other one has */
function formatOf<T extends object>(formats: T, name: string, what: string): keyof T {
  if (name in formats) return name as keyof T
  throw new HarnessError('USAGE', `--format ${name}: not of ${what}`, `give of ${Object.keys(formats).join(', ')}`)
}

/** All `run.json` first: a wrong folder is found before histograms are read. */
async function pageOf(directories: readonly string[]): Promise<string> {
  const runs = directories.map(directory => ({ directory, run: readRun(directory) }))
  const read: ReadRun[] = []
  for (const { directory, run } of runs) read.push({ run, files: await readFilesOf(directory, run) })
  return read.length === 1 ? runPage(read[0].run, read[0].files) : comparisonPage(read)
}

const OPENERS: Readonly<Record<string, string>> = { darwin: 'open', win32: 'explorer' }

/** Hands it to what the desktop opens files with. @throws {HarnessError} `USAGE` where there is none */
function show(path: string): Promise<void> {
  const opener = OPENERS[process.platform] ?? 'xdg-open'
  return new Promise((resolve, reject) => {
    const child = spawn(opener, [path], { detached: true, stdio: 'ignore' })
    child.on('error', () =>
      reject(
        new HarnessError('USAGE', `cannot open ${path}: there is no ${opener}`, 'open the file in a browser yourself'),
      ),
    )
    child.on('spawn', () => {
      child.unref()
      resolve()
    })
  })
}
