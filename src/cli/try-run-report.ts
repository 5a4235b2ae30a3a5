import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../core/errors.js'
import type { RunResult } from '../metrics/run-result.js'
import { REPORT_FILE, writeRunReport } from '../report/write-report.js'

/**
 * The pictures of a run whose results are safe: that they cannot be made must not lose it. A report that is there
 * afterwards is of now.
 *
 * @returns whether they were made
 */
export async function tryRunReport(folder: string, result: RunResult, warn: (text: string) => void): Promise<boolean> {
  try {
    rmSync(join(folder, REPORT_FILE), { force: true })
    await writeRunReport(folder, result)
    return true
  } catch (error) {
    warn(`no report.html: ${messageOf(error)}; try: mupdate-bench report ${folder}`)
    return false
  }
}
