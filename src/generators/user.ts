import type { MailboxRecord } from '../core/mailbox.js'
import { entityRandom, entitySeed } from '../core/random.js'
import { drawAcl } from './acl.js'
import { plainFolders, realisticFolders } from './folders.js'
import { MAX_NAME_BYTES, type SitePlan, sitePlan } from './site-plan.js'
import type { SiteSpec } from './spec.js'
import { inboxName, nameOfId, type UserName, userId, userNameAt } from './user-name.js'

export interface User extends UserName {
  readonly index: number
  /** As ACLs have it; `user@domain` with virtual domains. */
  readonly id: string
  /** INBOX first, then folders, each after the one it lies in. */
  readonly mailboxes: readonly MailboxRecord[]
}

/** Share of folders whose ACL is their own; the others have inherited the INBOX's, as new folders do in Cyrus. */
const OWN_ACL = 0.15

/** A user of the site, a function of seed and index alone: any thread can make any user. */
export function userAt(site: SiteSpec, seed: number, index: number): User {
  return site.listed?.userAt(index) ?? madeUser(site, seed, index)
}

/** The same mailboxes, of somebody whom ACLs call so; on a site that is made with the marker of a run, if it has one. */
export function called({ index, mailboxes, ...made }: User, id: string, { listed, userPrefix }: SiteSpec): User {
  const { name, domain } = nameOfId(id)
  const named = { name: listed === undefined ? userPrefix + name : name, domain }
  const newId = userId(named)
  const [before, after] = [inboxName(made), inboxName(named)]
  const renamed = mailboxes.map(record => ({
    ...record,
    name: after + record.name.slice(before.length),
    // The owner comes first.
    acl: newId + record.acl.slice(made.id.length),
  }))
  return { ...named, index, id: newId, mailboxes: renamed.filter(record => record.name.length <= MAX_NAME_BYTES) }
}

function madeUser(site: SiteSpec, seed: number, index: number): User {
  const plan = sitePlan(site)
  const random = entityRandom(seed, 'user', index)
  const backend = plan.backend(random())
  const partition = plan.partition[backend]!(random())
  const location = plan.locations[backend]![partition]!
  const { name, domain } = userNameAt(site, seed, index)
  const id = userId({ name, domain })
  const tree = site.names === 'plain' ? plainFolders : realisticFolders
  const names = tree(inboxName({ name, domain }), folderCount(plan, seed, index), random)
  const inherited = drawAcl(plan, seed, index, id, random)
  const mailboxes: MailboxRecord[] = []
  for (const [i, mailbox] of names.entries()) {
    const acl = i > 0 && random() < OWN_ACL ? drawAcl(plan, seed, index, id, random) : inherited
    mailboxes.push({ name: mailbox, location, acl, state: 'active' })
  }
  return { index, name, domain, id, mailboxes }
}

/** How many mailboxes a user has, without making them: users are counted by the million. */
export function folderCount(plan: SitePlan, seed: number, index: number): number {
  return plan.folders((entitySeed(seed, 'folders', index) >>> 0) / 0x1_0000_0000)
}
