import type { Master } from '../masters/master.js'
import { reachWords } from './reach-options.js'

/**
 * What removes the mailboxes that are noted in `what`: a run's folder, or a calibration's journal.
 *
 * @param isOfDump their names do not say whose they are
 */
export function cleanupLine(
  what: string,
  { credentials, address }: Pick<Master, 'credentials' | 'address'>,
  isOfDump = false,
): string {
  const line = `mupdate-bench cleanup ${what} --master ${reachWords(credentials, address)}`
  return isOfDump ? `${line} --without-marker` : line
}
