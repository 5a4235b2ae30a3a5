import { HarnessError, messageOf } from '../core/errors.js'

/** A folder that cannot be made, a file that cannot be opened. */
export function cannotWriteResults(
  folder: string,
  error: unknown,
  hint = 'choose another folder with --out',
): HarnessError {
  return new HarnessError('RESULTS', `cannot write results to ${folder}: ${messageOf(error)}`, hint)
}
