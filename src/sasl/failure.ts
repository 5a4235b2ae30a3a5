import { timingSafeEqual } from 'node:crypto'
import { HarnessError } from '../core/errors.js'
import type { Mechanism } from './mechanism.js'

/** What came is none of this mechanism's messages. */
export function garbled(mechanism: Mechanism, what: string): HarnessError {
  return new HarnessError(
    'AUTH_FAILED',
    `${mechanism}: ${what}`,
    'the master is broken, or is none; try another mechanism',
  )
}

/** Who answers does not have the password: it is not the master that it says it is, or has another password. */
export function unproven(mechanism: Mechanism): HarnessError {
  return new HarnessError(
    'AUTH_FAILED',
    `${mechanism}: the master did not prove that it knows the password`,
    'something else may answer in its place; check the address, and the way to it',
  )
}

/** Takes as long whatever differs. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
