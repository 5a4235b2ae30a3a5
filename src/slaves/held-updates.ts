import { RecordSpan } from '../wire/record-scanner.js'
import type { Follower } from './follower.js'
import type { Holding } from './holding.js'

/** An update, or the end of a list. */
interface Held {
  follower: Follower
  atNs: number
  list: Holding | undefined
  readonly record: RecordSpan
}

/** Room for a record; few are longer. */
const RECORD_BYTES = 512
/** After a burst, the others are left to the garbage collector. */
const MOST_SPARE = 16_384
/** Who waits for news does not wait for ever: the thread that has them may be gone. */
const NEWS_LIMIT_MS = 10_000

/**
 * Updates and whole lists that came to slaves of this thread, and wait until it has heard what all others had
 * sent by then: which mutations they tell of is not known before. Their times are those at which they came.
 */
export class HeldUpdates {
  private waiting: Held[] = []
  /** For the next ones: at a million a second, new objects would be most of the garbage. */
  private readonly spare: Held[] = []
  private knownUntilNs = -Infinity
  private awaited: { readonly ns: number; readonly resolve: (isKnown: boolean) => void }[] = []

  /** @returns whether it waits; false: all is known that it can be of */
  hold(follower: Follower, record: RecordSpan, atNs: number): boolean {
    const held = this.wait(follower, atNs)
    if (held === undefined) return false
    copyRecord(record, held.record)
    return true
  }

  /** @returns likewise */
  holdList(follower: Follower, list: Holding, atNs: number): boolean {
    const held = this.wait(follower, atNs)
    if (held === undefined) return false
    held.list = list
    return true
  }

  private wait(follower: Follower, atNs: number): Held | undefined {
    if (atNs <= this.knownUntilNs && this.waiting.length === 0) return undefined
    const held = this.spare.pop() ?? { follower, atNs, list: undefined, record: new RecordSpan() }
    held.follower = follower
    held.atNs = atNs
    held.list = undefined
    this.waiting.push(held)
    return held
  }

  /** All mutations up to a moment are in the ledger now. */
  release(untilNs: number): void {
    this.knownUntilNs = untilNs
    let ready = 0
    while (ready < this.waiting.length && this.waiting[ready]!.atNs <= untilNs) ready++
    if (ready > 0) this.hand(this.waiting.splice(0, ready))
    const { awaited } = this
    this.awaited = awaited.filter(({ ns }) => ns > untilNs)
    for (const { ns, resolve } of awaited) if (ns <= untilNs) resolve(true)
  }

  /** Until what came by then waits no more, or no longer than is said. @returns whether it does not: false where nothing was heard for too long */
  known(ns: number, limitMs = NEWS_LIMIT_MS): Promise<boolean> {
    if (ns <= this.knownUntilNs) return Promise.resolve(true)
    return new Promise(resolve => {
      const limit = setTimeout(() => resolve(false), limitMs)
      this.awaited.push({
        ns,
        resolve: isKnown => {
          clearTimeout(limit)
          resolve(isKnown)
        },
      })
    })
  }

  /** All slaves leave. */
  releaseAll(): void {
    this.hand(this.waiting.splice(0))
  }

  /** Those of one slave that leaves. */
  releaseOf(follower: Follower): void {
    const own = this.waiting.filter(held => held.follower === follower)
    if (own.length === 0) return
    this.waiting = this.waiting.filter(held => held.follower !== follower)
    this.hand(own)
  }

  private hand(ready: readonly Held[]): void {
    for (const held of ready) {
      const { follower, list, record, atNs } = held
      if (list === undefined) follower.update(record, atNs)
      else follower.replace(list, atNs)
      held.list = undefined
      if (this.spare.length < MOST_SPARE) this.spare.push(held)
    }
  }
}

/** The bytes too: they are lent. */
function copyRecord(from: RecordSpan, to: RecordSpan): void {
  const { start, byteCount } = from
  if (to.bytes.length < byteCount) to.bytes = new Uint8Array(Math.max(RECORD_BYTES, byteCount))
  to.bytes.set(from.bytes.subarray(start, start + byteCount))
  const moved = (at: number) => (at === 0 ? 0 : at - start)
  to.kind = from.kind
  to.start = 0
  to.byteCount = byteCount
  to.nameStart = from.nameStart - start
  to.nameEnd = from.nameEnd - start
  to.locationStart = moved(from.locationStart)
  to.locationEnd = moved(from.locationEnd)
  to.aclStart = moved(from.aclStart)
  to.aclEnd = moved(from.aclEnd)
}
