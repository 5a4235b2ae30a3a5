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
