import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import { HarnessError } from '../core/errors.js'
import type { RunResult } from '../metrics/run-result.js'
import { comparisonPage } from '../report/html/comparison-page.js'
import { runPage } from '../report/html/run-page.js'
import { FORMATS, type FormatName } from '../report/formats.js'
import type { RunFiles } from '../report/run-files.js'
import { REPORT_FILE, readFilesOf, writeReportFile } from '../report/write-report.js'
import { readRun } from './read-run.js'
import { reportAsText } from './report-text.js'

interface ReportFlags {
  readonly format: 'html' | FormatName
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
    .description('write the report of a run, also of one that was cut off; of several, a comparison')
    .argument('<dir...>', 'folders of runs, results/<profile>/<time>-<id>; ratios are to the first')
    .addOption(
      new Option('-f, --format <name>', 'html, a page with charts; all others go to standard output')
        .choices(['html', ...Object.keys(FORMATS)])
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
      if (flags.format !== 'html') return reportAsText(flags.format, directories, flags.out)
      const path = flags.out ?? (directories.length === 1 ? join(directories[0], REPORT_FILE) : COMPARISON_FILE)
      writeReportFile(path, await pageOf(directories))
      process.stdout.write(`${path}\n`)
      if (flags.open === true) await show(path)
    })
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
