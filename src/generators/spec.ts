import type { ListedUsers } from './listed-users.js'

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
  /** Path of a dump whose mailboxes these are; all else is then about those that come in the course of a run. */
  readonly dump?: string | undefined
  readonly dumpSha256?: string | undefined
  /** What is in it, once it was read: in each thread that needs it. */
  readonly listed?: ListedUsers
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

/** Of which users' mailboxes, in the order of users; all of them where nothing is said. */
export interface Selection {
  /** Server on which they lie. */
  readonly from?: string | undefined
  readonly partition?: string | undefined
  /** Of the user's name. */
  readonly prefix?: string | undefined
  /** At most so many. */
  readonly users?: number | undefined
  /** These users, by their names as ACLs have them. */
  readonly named?: readonly string[] | undefined
  readonly mailboxes?: number | undefined
  /** By how many of their mailboxes the step is about; in the order of users when absent. */
  readonly order?: 'heaviest' | 'lightest' | undefined
}

/** Of mail, by which users are moved: between what the backend that they leave says, and what the other one says. */
export interface Copying {
  /** For each user. */
  readonly copyNs: number
  /** So many users at the same time. */
  readonly parallel: number
}

/** Something that an administrator has planned, and its name in profiles. */
export type StepSpec =
  /** `named`: by their names as ACLs have them. */
  | {
      readonly kind: 'create'
      readonly users: number
      readonly named?: readonly string[]
      readonly on?: string | undefined
    }
  /** `abort`: share of the users whose move is broken off midway. */
  | {
      readonly kind: 'move'
      readonly selection: Selection
      readonly to: string
      readonly abort: number
      readonly copying?: Copying
    }
  /** All that XFER moves from a server, mailboxes of nobody too. */
  | { readonly kind: 'replace'; readonly from: string; readonly to: string; readonly copying?: Copying }
  /** Users of a virtual domain. */
  | { readonly kind: 'renameDomain'; readonly from: string; readonly to: string }
  | { readonly kind: 'delete'; readonly selection: Selection }
  /** One identifier's rights, replaced; none take it out. */
  | { readonly kind: 'setAcl'; readonly selection: Selection; readonly identifier: string; readonly rights: string }
  /** `ctl_mboxlist -m` on each of these, so many at the same time; one after the other where nothing is said. */
  | { readonly kind: 'push'; readonly servers: readonly string[]; readonly parallel?: number }
  /** What the steps before it have done, the last first; what happened to those mailboxes by chance stays. */
  | { readonly kind: 'undo' }
