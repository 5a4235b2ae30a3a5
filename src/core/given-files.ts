import { readFileSync, type Stats, statSync } from 'node:fs'
import { HarnessError, messageOf } from './errors.js'

/** @throws {HarnessError} `USAGE` */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw unreadable(path, error)
  }
}

/** @throws {HarnessError} `USAGE` */
export function statOf(path: string): Stats {
  try {
    return statSync(path)
  } catch (error) {
    throw unreadable(path, error)
  }
}

export function unreadable(path: string, error: unknown): HarnessError {
  if (error instanceof HarnessError) return error
  return new HarnessError('USAGE', `cannot read ${path}: ${messageOf(error)}`, 'give a file that can be read')
}
