import { HarnessError } from '../core/errors.js'
import { formatCount } from '../core/units.js'
import type { MailboxRecord } from '../core/mailbox.js'
import { dumpStream } from '../drivers/dump-stream.js'
import { readDump } from '../dumps/read-dump.js'
import { recordOf } from '../dumps/record-of.js'
import { ListedUsers } from '../generators/listed-users.js'
import type { SiteSpec } from '../generators/spec.js'

/**
 * A site with the mailboxes of its dump, if it has one: the first `site.mailboxes` of them.
 *
 * @throws {HarnessError} `USAGE` where it has fewer
 */
export async function listedSite(site: SiteSpec): Promise<SiteSpec> {
  if (site.dump === undefined) return site
  const all = await recordsOf(site.dump, site.mailboxes)
  if (all.length < site.mailboxes) throw fewer(site.dump, all.length, site.mailboxes)
  const listed = new ListedUsers(all)
  return { ...site, listed, userPrefix: site.userPrefix || listed.newPrefix }
}

async function recordsOf(path: string, most: number): Promise<MailboxRecord[]> {
  const records: MailboxRecord[] = []
  // Most of a list share these: one string each, in place of half a million.
  const shared = new Map<string, string>()
  const once = (text: string) => {
    const known = shared.get(text)
    if (known === undefined) shared.set(text, text)
    return known ?? text
  }
  const entries = readDump(dumpStream(path), path, ({ line, column, reason }) => {
    throw new HarnessError(
      'USAGE',
      `${path}:${line}:${column}: ${reason}`,
      'mupdate-bench dump convert leaves such lines out',
    )
  })
  for await (const batch of entries) {
    for (const entry of batch) {
      if (entry.state === 'deleted') continue
      if (records.length === most) return records
      const { name, location, acl, state } = recordOf(entry, path)
      records.push({ name, location: once(location), acl: once(acl), state })
    }
  }
  return records
}

export function fewer(path: string, there: number, wanted: number): HarnessError {
  return new HarnessError(
    'USAGE',
    `${path} holds ${formatCount(there)} mailboxes, not ${formatCount(wanted)}`,
    'ask for fewer with site.mailboxes, or for all without it',
  )
}
