import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { RunResult } from '../metrics/run-result.js'
import { REPORT_FILE } from '../report/write-report.js'
import { summaryText } from '../report/summary.js'

/** The summary on stdout; with `--json` that is for `run.json`, and the summary goes to stderr, unless `--quiet`. */
export function printResult(
  result: RunResult,
  folder: string | undefined,
  { json, quiet }: { readonly json?: true; readonly quiet?: true },
): void {
  const summary = `${summaryText(result)}\n\nresults: ${folder}\n${reportLine(folder)}`
  if (json !== true) {
    process.stdout.write(summary)
    return
  }
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
  if (quiet !== true) process.stderr.write(summary)
}

function reportLine(folder: string | undefined): string {
  const path = folder === undefined ? undefined : join(folder, REPORT_FILE)
  return path !== undefined && existsSync(path) ? `report: ${path}\n` : ''
}
