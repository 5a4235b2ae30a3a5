import { renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { HarnessError, messageOf } from '../core/errors.js'
import { loadHistograms } from '../metrics/latency.js'
import type { RunResult } from '../metrics/run-result.js'
import { runPage } from './html/run-page.js'
import { type RunFiles, readRunFiles } from './run-files.js'
import { timedPhases } from './run-page-data.js'

/** The report's file in a run's folder. */
export const REPORT_FILE = 'report.html'

export async function readFilesOf(directory: string, run: RunResult): Promise<RunFiles> {
  await loadHistograms()
  return readRunFiles(directory, timedPhases(run))
}

/**
 * Writes `report.html` of a run beside its other results.
 *
 * @returns its path
 * @throws {HarnessError} `RESULTS` when it cannot be written
 */
export async function writeRunReport(directory: string, run: RunResult): Promise<string> {
  const path = join(directory, REPORT_FILE)
  writeReportFile(path, runPage(run, await readFilesOf(directory, run)))
  return path
}

/**
 * At once, or not at all: half a report would be taken for one.
 *
 * @throws {HarnessError} `RESULTS`
 */
export function writeReportFile(path: string, text: string): void {
  try {
    // A device, such as /dev/stdout, is nothing to put a file in place of.
    const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() ?? true
    if (isFile) replaceFile(path, text)
    else writeFileSync(path, text)
  } catch (error) {
    throw new HarnessError('RESULTS', `cannot write ${path}: ${messageOf(error)}`, 'choose another file with --out')
  }
}

function replaceFile(path: string, text: string): void {
  const part = `${path}.part`
  try {
    writeFileSync(part, text)
    renameSync(part, path)
  } catch (error) {
    rmSync(part, { force: true })
    throw error
  }
}
