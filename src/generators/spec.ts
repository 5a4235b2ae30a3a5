/** What a site looks like and what is done to it: the input of every generator. Profiles are validated into these. */

export interface PartitionSpec {
  readonly name: string
  readonly weight: number
}

export interface BackendSpec {
  readonly server: string
  readonly weight: number
  readonly partitions: readonly PartitionSpec[]
}

export interface SiteSpec {
  /** How many mailboxes exist before the first operation. */
  readonly mailboxes: number
  readonly backends: readonly BackendSpec[]
  /** `plain`: user.u0000042.Sent; `realistic`: spaces, `-`, `'`, `^`, modified UTF-7, lengths up to 490 bytes. */
  readonly names: 'plain' | 'realistic'
  /** Virtual domains users are spread over; none means names without a domain. */
  readonly domains: readonly string[]
  /** Mailboxes of a user, INBOX included: mean of the distribution and its end. */
  readonly foldersPerUser: { readonly mean: number; readonly max: number }
  /** Entries of an ACL, the owner's included. */
  readonly aclEntries: { readonly mean: number; readonly max: number }
  /** Put before each user's name (a run's marker on a remote master); empty otherwise. */
  readonly userPrefix: string
}

/** When operations arrive. Open models plan arrivals ahead; the closed one starts the next when the last has ended. */
export type ArrivalSpec =
  | { readonly kind: 'constant'; readonly ratePerSecond: number }
  | { readonly kind: 'poisson'; readonly ratePerSecond: number }
  | { readonly kind: 'ramp'; readonly fromPerSecond: number; readonly toPerSecond: number; readonly durationNs: number }
  | { readonly kind: 'burst'; readonly size: number; readonly everyNs: number }
  | { readonly kind: 'closed'; readonly thinkTimeNs: number; readonly concurrency: number }

/** Weights of the operations; the missing ones are not done. `style` is how a rename is sent (Cyrus 2.3 creates first). */
export interface MixSpec {
  readonly create: number
  readonly setacl: number
  readonly rename: number
  readonly delete: number
  readonly find: number
  readonly renameStyle: '3.x' | '2.3'
  readonly deleteStyle: 'delayed' | 'final'
}
