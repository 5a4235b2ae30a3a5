import { join } from 'node:path'
import type { RunResult } from '../metrics/run-result.js'
import { REPORT_FILE } from '../report/write-report.js'
import { summaryText } from '../report/summary.js'
import type { Progress } from './progress.js'
import { tryRunReport } from './try-run-report.js'

/**
 * The summary on stdout; with `--json` that is for `run.json`, and the summary goes to stderr, unless `--quiet`. Then the
 * report: who is tired of waiting for it has been told all by then.
 */
export async function printResult(
  result: RunResult,
  folder: string | undefined,
  { json, quiet }: { readonly json?: true; readonly quiet?: true },
  progress: Progress,
): Promise<void> {
  const say = (text: string) => {
    if (json !== true) process.stdout.write(text)
    else if (quiet !== true) process.stderr.write(text)
  }
  if (json === true) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
  say(`${summaryText(result)}\n\nresults: ${folder}\n`)
  if (folder === undefined) return
  progress.note('writing report.html')
  const isWritten = await tryRunReport(folder, result, text => progress.warn(text))
  progress.clear()
  if (isWritten) say(`report: ${join(folder, REPORT_FILE)}\n`)
}
