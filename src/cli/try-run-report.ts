import { messageOf } from '../core/errors.js'
import type { RunResult } from '../metrics/run-result.js'
import { writeRunReport } from '../report/write-report.js'

/** The pictures of a run whose results are safe: that they cannot be made must not lose it. @returns whether they were */
export async function tryRunReport(folder: string, result: RunResult, warn: (text: string) => void): Promise<boolean> {
  try {
    await writeRunReport(folder, result)
    return true
  } catch (error) {
    warn(`no report.html: ${messageOf(error)}; try: mupdate-bench report ${folder}`)
    return false
  }
}
