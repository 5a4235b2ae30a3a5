import { HELD_SHARE } from '../src/masters/model/connection.js'
import { FRESH, FRESH_NS, SETTLED } from '../src/masters/model/lock.js'
import type { Row } from './against-mupref.js'
import { median } from './pairs.js'
import { type SpiedEvent, spiedStorm } from './spied.js'

/** As bench/reference/lock-spy.c writes them. */
const ASKS = 0
const SLEEPS = 1
const FINDS_IT_TAKEN = 2
const HAS = 3
const RELEASES = 4
const WAKES = 5
const IS_WOKEN = 6
const SLEPT_NOT = 7

/** Longer than a hand-over to a CPU that sleeps. */
const LATE_NS = 150e3
const LOOK_UP_NS = 20e3
const LIST_NS = 50e6
const SOON_NS = 20e6

interface Event extends SpiedEvent {
  /** Of the same thread. */
  readonly before: Event | undefined
  after: Event | undefined
}

interface Wake {
  readonly isFresh: boolean
  readonly isLate: boolean
  readonly isAtOnce: boolean
}

/** What the model's lock has as constants, on a real Cyrus whose streams and backends queue behind lists. */
export async function benchLock(count: number): Promise<Row[]> {
  const wakes: Wake[] = []
  const heldShares: number[] = []
  for (let run = 0; run < count; run++) {
    const events = linked(await spiedStorm('lock-spy.c', run + 1))
    const fromNs = events.find(event => isHeld(event, LIST_NS))?.ns ?? Infinity
    const storm = events.filter(({ ns }) => ns >= fromNs)
    wakes.push(...wakesOf(storm))
    heldShares.push(...lookUpsOf(storm))
  }
  const [fresh, settled] = [true, false].map(isFresh => wakes.filter(wake => wake.isFresh === isFresh))
  const share = (of: readonly Wake[], is: (wake: Wake) => boolean) => of.filter(is).length / of.length
  const row = (work: string, modelled: number, measured: number, from: number, within: number): Row => ({
    work,
    target: `${modelled.toFixed(2)} ± ${within.toFixed(2)}, as modelled`,
    measured: `${measured.toFixed(2)} (of ${from})`,
    holds: Math.abs(measured - modelled) <= within,
  })
  const isLate = (wake: Wake) => wake.isLate
  const isAtOnce = (wake: Wake) => wake.isAtOnce
  const early = `in the waker’s first ${FRESH_NS / 1e3} µs`
  return [
    row(`woken ${early}: late`, FRESH.late, share(fresh, isLate), fresh.length, 0.15),
    row(`woken ${early}: in the waker’s place`, FRESH.atOnce, share(fresh, isAtOnce), fresh.length, 0.15),
    row('woken afterwards: late', SETTLED.late, share(settled, isLate), settled.length, 0.1),
    row('woken afterwards: in the waker’s place', SETTLED.atOnce, share(settled, isAtOnce), settled.length, 0.1),
    row('of a burst of look-ups, with the lock', HELD_SHARE, median(heldShares), heldShares.length, 0.05),
  ]
}

function linked(events: readonly SpiedEvent[]): Event[] {
  const last = new Map<number, Event>()
  return events.map(event => {
    const before = last.get(event.thread)
    const linked: Event = { ...event, before, after: undefined }
    if (before !== undefined) before.after = linked
    last.set(event.thread, linked)
    return linked
  })
}

/** Those whose waker asks again. Who sleeps longest is woken (futex(2)). */
function wakesOf(events: readonly Event[]): Wake[] {
  const sleepers = new Map<number, Event>()
  const turnsNs = new Map<number, number>()
  const wakes: Wake[] = []
  for (const event of events) {
    const { kind, thread, ns, before, after } = event
    if (kind === HAS && (before?.kind === IS_WOKEN || before?.kind === FINDS_IT_TAKEN)) turnsNs.set(thread, ns)
    else if (kind === SLEEPS) sleepers.set(thread, event)
    else if (kind === SLEPT_NOT) sleepers.delete(thread)
    if (kind !== WAKES) continue
    const [first] = sleepers.values()
    if (first === undefined) continue
    sleepers.delete(first.thread)
    const woken = first.after
    if (woken?.kind !== IS_WOKEN || after?.kind !== ASKS || after.ns - ns > SOON_NS || isHeld(event, LIST_NS)) continue
    const tried = woken.after
    wakes.push({
      isFresh: ns - (turnsNs.get(thread) ?? -Infinity) < FRESH_NS,
      isLate: woken.ns - ns > LATE_NS,
      isAtOnce: tried?.kind === HAS && tried.ns < after.ns,
    })
  }
  return wakes
}

/** @returns of each look-up that the next one follows, the share of the time from one to the next */
function lookUpsOf(events: readonly Event[]): number[] {
  return events.flatMap(event => {
    const { kind, ns, before, after } = event
    if (kind !== RELEASES || before?.kind !== HAS || after?.kind !== ASKS || !(after.ns - before.ns < LOOK_UP_NS))
      return []
    return (ns - before.ns) / (after.ns - before.ns)
  })
}

function isHeld({ kind, ns, before }: Event, longerNs: number): boolean {
  return (kind === RELEASES || kind === WAKES) && before?.kind === HAS && ns - before.ns > longerNs
}
