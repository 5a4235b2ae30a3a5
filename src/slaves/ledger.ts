import type { MailboxRecord } from '../core/mailbox.js'
import type { Command } from '../core/operation.js'
import type { Catalogue, VersionId } from './catalogue.js'
import type { Follower } from './follower.js'
import type { HeldUpdates } from './held-updates.js'
import { type Difference, differences, Holding } from './holding.js'
import { Pending } from './pending.js'
import type { PropagationShare } from './propagation-parts.js'
import { type RealLoss, RealMerges } from './real-merge.js'

/** A change of one mailbox, from its sending until every slave has it. */
export interface Mutation {
  readonly name: number
  readonly version: VersionId
  readonly order: number
  /** The thread that sent it, and its order there. */
  readonly sender: number
  readonly sentOrder: number
  /** When the writer had its OK. */
  okNs: number | undefined
  /** Slaves that have to get it, and those that have. */
  needs: number
  seen: number
}

/** Which of the slaves got a change: the first, the one in the middle, the last, or any of them. */
export type Reached = 'first' | 'median' | 'last' | 'all'

export interface PropagationObserver {
  reached(which: Reached, okNs: number, atNs: number): void
}

/** What the other threads have to hear of what one sends, to keep account of slaves of their own. */
export type LedgerNews =
  | {
      readonly kind: 'sent'
      readonly order: number
      readonly atNs: number
      readonly command: Command
      readonly isMutation: boolean
    }
  | { readonly kind: 'succeeded'; readonly order: number; readonly okNs: number }
  | { readonly kind: 'failed'; readonly order: number }

/** What another thread says of a mutation that it sends. */
export interface SentElsewhere {
  readonly sender: number
  readonly order: number
  readonly atNs: number
  /** A list may have told of it here already. */
  readonly isMutation: boolean
}

/** Where slaves are in several threads. */
export interface LedgerSharing {
  /** Number of this thread. */
  readonly thread: number
  nowNs(): number
  /** Tells the others; absent where this one has no backends. */
  readonly onNews?: (news: LedgerNews) => void
  /** Where others have some: what came before it is known who made it. */
  readonly held?: HeldUpdates
  readonly share: PropagationShare
}

/** What all should hold, and who has got what of it when. */
export class Ledger {
  readonly expected: Holding
  readonly followers = new Set<Follower>()
  readonly merges: RealMerges
  lastOrder = 0
  /** Mutations up to this one were sent before the last follower came. */
  private lastJoined = 0
  /** Where others send: when slaves came. */
  private readonly joinedNs = new WeakMap<Follower, number>()
  private lastJoinedNs = -Infinity
  private readonly pending = new Pending()
  /** Mailboxes whose last mutation failed or was never answered. */
  private readonly doubtful = new Set<number>()
  /** Mailboxes that were changed here, and when the last change had its OK. */
  private readonly mutated = new Map<number, number>()
  private siteKnown = false
  /** Commands sent for each mailbox that change it, or say again what it is: each makes one update. */
  private readonly sent = new Map<number, number>()

  constructor(
    readonly catalogue: Catalogue,
    private readonly observer: PropagationObserver,
    private readonly sharing?: LedgerSharing,
  ) {
    this.expected = new Holding(catalogue)
    this.merges = new RealMerges(catalogue)
  }

  private get thread(): number {
    return this.sharing?.thread ?? 0
  }

  get held(): HeldUpdates | undefined {
    return this.sharing?.held
  }

  /** @returns undefined for what changes nothing */
  sending(command: Command, elsewhere?: SentElsewhere): Mutation | undefined {
    const order = this.lastOrder + 1
    const state = stateAfter(command)
    if (state === undefined) return undefined
    const { version, name } = this.catalogue.mutate(state.name, state.record, order, elsewhere?.isMutation)
    const { sharing } = this
    if (elsewhere === undefined && sharing?.onNews !== undefined)
      sharing.onNews({ kind: 'sent', order, atNs: sharing.nowNs(), command, isMutation: version !== undefined })
    this.sent.set(name, (this.sent.get(name) ?? 0) + 1)
    if (version === undefined) return undefined
    this.lastOrder = order
    if (elsewhere !== undefined && elsewhere.atNs <= this.lastJoinedNs) this.oweNothing(order, elsewhere.atNs)
    const sender = elsewhere?.sender ?? this.thread
    const sentOrder = elsewhere?.order ?? order
    const mutation: Mutation = { name, version, order, sender, sentOrder, okNs: undefined, needs: Infinity, seen: 0 }
    this.mutated.set(name, this.mutated.get(name) ?? 0)
    this.pending.add(mutation)
    return mutation
  }

  succeeded(mutation: Mutation, okNs: number): void {
    if (mutation.sender === this.thread) this.sharing?.onNews?.({ kind: 'succeeded', order: mutation.order, okNs })
    this.expected.set(mutation.version)
    this.mutated.set(mutation.name, okNs)
    const early = mutation.seen
    mutation.okNs = okNs
    mutation.needs = this.waitingFor(mutation)
    mutation.seen = 0
    // A slave can be told before the writer is: then nobody waited. It may have left since.
    for (let i = Math.min(early, mutation.needs); i > 0; i--) this.count(mutation, okNs)
    if (mutation.needs === 0) this.end(mutation)
  }

  follow(follower: Follower): void {
    this.followers.add(follower)
    if (this.sharing !== undefined) {
      this.lastJoinedNs = this.sharing.nowNs()
      this.joinedNs.set(follower, this.lastJoinedNs)
    }
    this.lastJoined = Math.max(this.lastJoined, follower.since)
  }

  /** To those who have come since another thread sent it, which is heard only now. */
  private oweNothing(order: number, sentNs: number): void {
    for (const follower of this.followers) if (this.joinedNs.get(follower)! >= sentNs) follower.since = order
    this.lastJoined = Math.max(this.lastJoined, order)
  }

  /** Those who came while it was under way are owed nothing: their list has it, or they are told it, unasked. */
  private waitingFor({ order }: Mutation): number {
    if (order > this.lastJoined) return this.followers.size
    let waiting = 0
    for (const { since } of this.followers) if (since < order) waiting++
    return waiting
  }

  /** Refused, or never answered: what the mailbox is now is anybody's guess. */
  failed(mutation: Mutation): void {
    if (mutation.sender === this.thread) this.sharing?.onNews?.({ kind: 'failed', order: mutation.order })
    this.doubtful.add(mutation.name)
    this.pending.remove(mutation)
  }

  /** A slave that held one version of a mailbox now holds another. */
  reached(follower: Follower, name: number, before: VersionId, after: VersionId, atNs: number): void {
    const mutations = this.pending.of(name)
    if (mutations === undefined) return
    const from = Math.max(follower.since, before < 0 ? 0 : this.catalogue.versionOrder[before])
    const to = this.catalogue.versionOrder[after]
    // What came in between was never sent to it: an update carries the state, not its history.
    for (const mutation of mutations) if (mutation.order > from && mutation.order <= to) this.count(mutation, atNs)
  }

  /** A slave has a whole new list. */
  caughtUp(follower: Follower, before: Holding, atNs: number): void {
    for (const name of [...this.pending.names]) {
      const now = follower.holding.at(name)
      // Not in the list: it is gone, by the latest mutation that says so.
      const after = now >= 0 ? this.madeBy(now) : this.goneBy(name)
      if (after < 0) continue
      if (now >= 0) follower.holding.set(after)
      this.reached(follower, name, before.at(name), after, atNs)
    }
  }

  /** The slave is not one any more: nobody waits for it. */
  unfollow(follower: Follower): void {
    this.held?.releaseOf(follower)
    if (!this.followers.delete(follower)) return
    for (const mutation of this.pending.all()) {
      const held = follower.holding.at(mutation.name)
      const has = held >= 0 && this.catalogue.versionOrder[held] >= mutation.order
      if (mutation.okNs === undefined || has || mutation.order <= follower.since) continue
      mutation.needs--
      if (mutation.seen >= mutation.needs) this.end(mutation, 1)
    }
  }

  /** The run is over: what is still owed never comes. */
  endPropagation(): void {
    for (const mutation of this.pending.all()) this.end(mutation, mutation.needs - mutation.seen)
  }

  /** The mailboxes that were there before the first mutation. */
  expectSite(records: Iterable<MailboxRecord>): void {
    for (const record of records) {
      const version = this.catalogue.known(record)
      const name = this.catalogue.versionName[version]
      if (!this.mutated.has(name)) this.expected.set(version)
    }
    this.siteKnown = true
  }

  /** To be asked when the run is over. What is not ours may have been deleted by others. */
  realLosses(): RealLoss[] {
    return this.merges.losses(name => this.expected.isThere(name))
  }

  /** Deliveries that are still owed. */
  get missing(): number {
    let sum = 0
    for (const { okNs, needs, seen } of this.pending.all()) if (okNs !== undefined) sum += needs - seen
    return sum
  }

  /** Mailboxes of which it is not known what they are. */
  open(barrierNs: number): number {
    return this.openNames(barrierNs).size
  }

  /** @param barrierNs since when nothing should have changed; what did all the same is left out */
  compare(found: Holding, most: number, barrierNs: number): { readonly count: number; readonly first: Difference[] } {
    const { catalogue, expected, siteKnown, mutated } = this
    const open = this.openNames(barrierNs)
    if (siteKnown && open.size === 0 && found.equals(expected)) return { count: 0, first: [] }
    const isOpen = (name: number) => open.has(name) || !(siteKnown || mutated.has(name))
    return differences(catalogue, expected, found, isOpen, most)
  }

  /** Mailboxes of which a slave was told more often than they were changed. Those never changed here are left out. */
  repeated(follower: Follower, most: number): { readonly count: number; readonly first: Difference[] } {
    const first: Difference[] = []
    let count = 0
    for (const [name, sent] of this.sent) {
      if (follower.updatesOf(name) <= sent) continue
      count++
      if (first.length < most) first.push({ kind: 'repeated', name: this.catalogue.nameOf(name) })
    }
    return { count, first }
  }

  /** What failed, what is not answered yet, and what was answered too late to be in what is compared. */
  private openNames(barrierNs: number): Set<number> {
    const names = new Set(this.doubtful)
    for (const [name, okNs] of this.mutated) if (okNs > barrierNs) names.add(name)
    for (const { name, okNs } of this.pending.all()) if (okNs === undefined) names.add(name)
    return names
  }

  /** Where it is heard late of mutations, what was read may have been made by one. */
  private madeBy(version: VersionId): VersionId {
    return this.held === undefined ? version : this.catalogue.latestLike(version)
  }

  private goneBy(name: number): VersionId {
    const last = this.pending.of(name)?.at(-1)
    return last !== undefined && !this.catalogue.isThere(last.version) ? last.version : -1
  }

  private count(mutation: Mutation, atNs: number): void {
    mutation.seen++
    const { okNs, seen, needs } = mutation
    if (okNs === undefined) return
    const whenNs = Math.max(okNs, atNs)
    this.observer.reached('all', okNs, whenNs)
    if (this.sharing !== undefined) this.sharing.share.delivered(mutation, whenNs - okNs)
    else {
      if (seen === 1) this.observer.reached('first', okNs, whenNs)
      if (seen === Math.ceil(needs / 2)) this.observer.reached('median', okNs, whenNs)
      if (seen === needs) this.observer.reached('last', okNs, whenNs)
    }
    if (seen >= needs) this.end(mutation)
  }

  private end(mutation: Mutation, owed = 0): void {
    if (this.pending.remove(mutation)) this.sharing?.share.ended(mutation, owed)
  }
}

/** What a command makes of a mailbox; `record` is absent where it goes. */
function stateAfter(command: Command): { readonly name: string; readonly record?: MailboxRecord } | undefined {
  switch (command.kind) {
    case 'ACTIVATE': {
      const { name, location, acl } = command
      return { name, record: { name, location, acl, state: 'active' } }
    }
    case 'RESERVE':
    case 'DEACTIVATE': {
      const { name, location } = command
      return { name, record: { name, location, acl: '', state: 'reserved' } }
    }
    case 'DELETE':
      return { name: command.name }
    default:
      return undefined
  }
}
