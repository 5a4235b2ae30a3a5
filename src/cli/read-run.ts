import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { HarnessError } from '../core/errors.js'
import { type RunResult, runResultSchema } from '../metrics/run-result.js'

/**
 * A run's `run.json`.
 *
 * @throws {HarnessError} `RESULTS` when there is none, or it is none of ours
 */
export function readRun(directory: string): RunResult {
  const path = join(directory, 'run.json')
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const hint = 'give the folder of a run: results/<profile>/<time>-<id>'
    throw new HarnessError('RESULTS', `no run in ${directory}: ${(error as Error).message}`, hint)
  }
  const parsed = runResultSchema.safeParse(parseJson(text, path))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new HarnessError(
    'RESULTS',
    `${path}: ${issue.path.join('.')}: ${issue.message}`,
    'it was written by another version, or changed',
  )
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new HarnessError('RESULTS', `${path}: ${(error as Error).message}`, 'the file is damaged')
  }
}
