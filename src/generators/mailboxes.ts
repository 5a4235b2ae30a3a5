import type { MailboxRecord } from '../core/mailbox.js'
import { sitePlan } from './site-plan.js'
import type { SiteSpec } from './spec.js'
import { folderCount, userAt } from './user.js'

/** The site's mailboxes before the first operation, user by user or as listed: exactly `site.mailboxes` of them. */
export function* mailboxes(site: SiteSpec, seed: number): Generator<MailboxRecord, void, undefined> {
  if (site.listed !== undefined) {
    yield* site.listed.all
    return
  }
  let left = site.mailboxes
  for (let index = 0; left > 0; index++) {
    const records = userAt(site, seed, index).mailboxes
    const count = Math.min(left, records.length)
    for (let i = 0; i < count; i++) yield records[i]!
    left -= count
  }
}

/** How many users the site's mailboxes belong to; the last one may have only some of theirs. */
export function userCount(site: SiteSpec, seed: number): number {
  return lastUser(site, seed).users
}

/** @returns `users` as {@link userCount}; `rest`: how many mailboxes of the last user there are */
export function lastUser(site: SiteSpec, seed: number): { readonly users: number; readonly rest: number } {
  const { listed } = site
  if (listed !== undefined) return { users: listed.count, rest: listed.userAt(listed.count - 1)?.mailboxes.length ?? 0 }
  const plan = sitePlan(site)
  let left = site.mailboxes
  for (let users = 1; left > 0; users++) {
    const count = folderCount(plan, seed, users - 1)
    if (count >= left) return { users, rest: left }
    left -= count
  }
  return { users: 0, rest: 0 }
}
