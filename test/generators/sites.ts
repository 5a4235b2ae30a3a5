import type { MailboxRecord } from '../../src/core/mailbox.js'
import { ListedUsers } from '../../src/generators/listed-users.js'
import { mailboxes } from '../../src/generators/mailboxes.js'
import type { MixSpec, SiteSpec } from '../../src/generators/spec.js'

/** A site of the kind asked for; what is not said is as sites are. */
export function makeSite(changes: Partial<SiteSpec> = {}): SiteSpec {
  return {
    mailboxes: 20_000,
    backends: [
      {
        server: 'be1.example.com',
        weight: 3,
        partitions: [
          { name: 'default', weight: 3 },
          { name: 'slow', weight: 1 },
        ],
      },
      { server: 'be2.example.com', weight: 1, partitions: [{ name: 'default', weight: 1 }] },
    ],
    names: 'realistic',
    domains: [],
    foldersPerUser: { mean: 5, max: 200 },
    aclEntries: { mean: 2, max: 12 },
    userPrefix: '',
    ...changes,
  }
}

/** What a site's list has beside its users' mailboxes, and names as operations would make them. */
export const ODD_RECORDS: readonly MailboxRecord[] = [
  { name: 'user.zoe.new', location: 'be1.example.com!default', acl: '', state: 'reserved' },
  ...[
    'shared.news',
    'DELETED.user.u0000001.Sent.65B7B6BC',
    'user.u0000002.Sent-r7',
    'user.new-anna',
    'example.com!user.joe',
    'example.com!user.joe.Sent',
    'example.com!DELETED.user.joe.65B7B6BF',
  ].map(name => ({ name, location: 'be2.example.com!default', acl: 'anyone\tp\t', state: 'active' as const })),
]

/** A site whose mailboxes come from a list: as generated, and those that no generator makes. */
export function makeListedSite(changes: Partial<SiteSpec> = {}): SiteSpec {
  const site = makeSite({ names: 'plain', mailboxes: 3000, ...changes })
  const all = [...mailboxes(site, 1), ...ODD_RECORDS]
  const listed = new ListedUsers(all)
  return { ...site, mailboxes: all.length, listed, userPrefix: listed.newPrefix }
}

export function makeMix(changes: Partial<MixSpec> = {}): MixSpec {
  return {
    create: 1,
    setacl: 1,
    rename: 1,
    delete: 1,
    find: 1,
    renameStyle: '3.x',
    deleteStyle: 'delayed',
    ...changes,
  }
}
