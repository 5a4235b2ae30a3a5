import type { Master } from '../masters/master.js'

/** What removes the mailboxes that are noted in `what`: a run's folder, or a calibration's journal. */
export function cleanupLine(what: string, { credentials, address }: Pick<Master, 'credentials' | 'address'>): string {
  return `mupdate-bench cleanup ${what} --master mupdate://${credentials.user}@${address.host}:${address.port}`
}
