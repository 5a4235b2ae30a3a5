import { HarnessError } from '../core/errors.js'
import type { MailboxRecord } from '../core/mailbox.js'
import type { DumpEntry } from './dump-entry.js'

/**
 * What a master's list has of it; what was moving is active.
 *
 * @param entry no tombstone, of which nobody is told
 * @param path of its dump
 * @param remedy where it is not said where it lies
 * @throws {HarnessError} `USAGE` where it is not said where it lies
 */
export function recordOf(
  { name, server, partition, acl, state }: DumpEntry,
  path: string,
  remedy = 'name that backend, with --server',
): MailboxRecord {
  if (server === '')
    throw new HarnessError('USAGE', `${path}: it does not say where ${name} lies: it is a backend’s own`, remedy)
  return { name, location: `${server}!${partition}`, acl, state: state === 'reserved' ? 'reserved' : 'active' }
}
