import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { HarnessError, messageOf } from '../../core/errors.js'
import { packageRoot } from '../../core/package-root.js'
import { type Calibration, calibrationSchema } from './calibration.js'

export type { Calibration } from './calibration.js'

/** The one that comes along: Cyrus 3.6.1 of Debian 12. */
const SHIPPED = join(packageRoot(), 'calibrations', 'cyrus-3.6.1.json')

/**
 * @param path the shipped one when absent
 * @throws {HarnessError} `USAGE` for what is no calibration
 */
export function loadCalibration(path = SHIPPED): Calibration {
  let json: unknown
  try {
    json = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new HarnessError(
      'USAGE',
      `calibration ${path}: ${messageOf(error)}`,
      'make one: mupdate-bench calibrate cyrus',
    )
  }
  const outcome = calibrationSchema.safeParse(json)
  if (outcome.success) return outcome.data
  const [{ path: where, message }] = outcome.error.issues
  throw new HarnessError(
    'USAGE',
    `calibration ${path}: ${where.join('.')}: ${message}`,
    'make one: mupdate-bench calibrate cyrus',
  )
}
