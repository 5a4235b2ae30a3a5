import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { HarnessError, messageOf } from '../core/errors.js'
import { type GateResult, gateResultSchema } from '../metrics/gate-result.js'

/** The result's file in a gate's folder. */
export const GATE_FILE = 'gate.json'
/** Its page. */
export const GATE_PAGE = 'gate.html'
/** Where in it runs of pairs that were measured again are. */
export const DISCARDED = 'discarded'

export function isGate(directory: string): boolean {
  return existsSync(join(directory, GATE_FILE))
}

/** @throws {HarnessError} `RESULTS` where it is none of ours */
export function readGate(directory: string): GateResult {
  const path = join(directory, GATE_FILE)
  try {
    return gateResultSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (error) {
    throw new HarnessError('RESULTS', `${path}: ${messageOf(error)}`, 'it was written by another version, or changed')
  }
}
