import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { HarnessError, messageOf } from '../core/errors.js'

/** @throws {HarnessError} `RESULTS` when the file cannot be read */
export async function* linesOf(path: string): AsyncGenerator<string> {
  try {
    yield* createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Infinity })
  } catch (error) {
    throw new HarnessError('RESULTS', `cannot read ${path}: ${messageOf(error)}`, 'give the folder of a run')
  }
}

/**
 * What is written in a file of NDJSON, one line at a time: a day of it is some hundred megabytes. A last line that was
 * cut off, by a crash or because it is being written, is left out.
 *
 * @param parse undefined, or an error, for what is no such line
 * @param onDamaged told of any such line but the last, by its number
 * @throws {HarnessError} `RESULTS` when the file cannot be read
 */
export async function* parsedLines<T>(
  path: string,
  parse: (value: unknown) => T | undefined,
  onDamaged: (number: number) => void,
): AsyncGenerator<T> {
  let number = 0
  let isDamaged = false
  for await (const line of linesOf(path)) {
    if (isDamaged) onDamaged(number)
    number++
    const parsed = parsedOrUndefined(line, parse)
    isDamaged = parsed === undefined
    if (parsed !== undefined) yield parsed
  }
}

function parsedOrUndefined<T>(line: string, parse: (value: unknown) => T | undefined): T | undefined {
  try {
    return parse(JSON.parse(line))
  } catch {
    return undefined
  }
}
