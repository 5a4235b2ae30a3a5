import type { ListHold } from './list-hold.js'
import type { FrontendState } from './history.js'
import type { RetryDelay } from './retry-delay.js'
import { simultaneousResyncs } from '../limits/resyncs.js'
import type { WayOut } from '../metrics/diagnosis-result.js'

export interface Standing {
  readonly name: string
  readonly state: FrontendState
  /** Since the last thrash began. */
  readonly timeouts: number
  /** When it asked for the list that is on its way. */
  readonly sinceMs: number | undefined
}

/** The master is to have as much time for everybody else. */
const SHARE = 2
/** One that has the list already asks nothing of the master by staying. */
const SETTLED: readonly FrontendState[] = ['streaming', 'listed', 'merging', 'unknown']

/** What ends a thrash, from how long a list keeps the master: which frontends to stop, and when to let each back. */
export function wayOutOf(
  standings: readonly Standing[],
  thrashing: boolean,
  hold: ListHold | undefined,
  delay: RetryDelay,
): WayOut {
  const atOnce = hold === undefined ? undefined : mayListAtOnce(hold, delay)
  const { keep, stop, spare } = thrashing ? sorted(standings, atOnce ?? 0) : { keep: [], stop: [], spare: [] }
  const intervalS = hold === undefined ? undefined : Math.max(1, Math.ceil((SHARE * hold.high) / 1000))
  const stopped = thrashing ? stop.length : Math.max(0, standings.length - (atOnce ?? 0))
  const backInS = intervalS === undefined ? undefined : stopped * intervalS
  const raise = atOnce === 0 ? Math.ceil((SHARE * hold!.high) / 1000) : undefined
  const plan = { keep, stop, spare, intervalS, backInS, raise, atOnce, stopped }
  return {
    thrashing,
    atOnce: atOnce ?? null,
    keep,
    stop,
    spare,
    intervalS: intervalS ?? null,
    backInS: backInS ?? null,
    raiseRetryDelayToS: raise ?? null,
    arithmetic: hold === undefined ? [] : arithmetic(plan, hold, delay),
    steps: steps(plan, thrashing, delay),
  }
}

function mayListAtOnce(hold: ListHold, delay: RetryDelay): number {
  return simultaneousResyncs(delay.low * 1000, Math.max(1, hold.high)).safe
}

/** First those that time out most; of those without a list, the ones with the fewest time-outs are let go on. */
function sorted(standings: readonly Standing[], atOnce: number) {
  const worst = [...standings].sort((a, b) => b.timeouts - a.timeouts || a.name.localeCompare(b.name, 'en'))
  const without = worst.filter(({ state }) => !SETTLED.includes(state))
  // A master serves one list after the other: that of the first who asked is most likely being sent.
  const listing = without
    .filter(({ state }) => state === 'listing')
    .reverse()
    .sort((a, b) => (a.sinceMs ?? Infinity) - (b.sinceMs ?? Infinity))
  const others = without.filter(({ state }) => state !== 'listing').reverse()
  const keep = [...listing, ...others].slice(0, Math.max(1, atOnce))
  const names = (of: readonly Standing[]) => of.map(({ name }) => name)
  return {
    keep: names(keep),
    stop: names(without.filter(standing => !keep.includes(standing))),
    spare: names(worst.filter(standing => SETTLED.includes(standing.state))),
  }
}

interface Plan {
  readonly keep: readonly string[]
  readonly stop: readonly string[]
  readonly spare: readonly string[]
  readonly atOnce: number | undefined
  readonly intervalS: number | undefined
  readonly backInS: number | undefined
  readonly raise: number | undefined
  readonly stopped: number
}

function arithmetic({ atOnce, intervalS, backInS, stopped }: Plan, hold: ListHold, delay: RetryDelay): string[] {
  const high = seconds(hold.high)
  const back = `${stopped} frontends × ${intervalS} s = ${backInS} s`
  return [
    `a list keeps the master ${seconds(hold.likely)} s (${seconds(hold.low)}–${high} s, from ${hold.lists} whole lists); the upper figure counts`,
    `an established frontend bears a stall of one retry delay${delay.low < delay.high ? ', at least' : ''}: ${delay.low} s ÷ ${high} s a list = ${atOnce} at once`,
    `${SHARE} × ${high} s a list, so that the master is free half the time: one each ${intervalS} s`,
    ...(stopped > 0 ? [back] : []),
  ]
}

function steps(plan: Plan, thrashing: boolean, delay: RetryDelay): string[] {
  const { keep, stop, spare, intervalS, raise, atOnce } = plan
  const quietS = 2 * delay.high
  const raising =
    raise === undefined
      ? []
      : [
          `One list alone may last longer than a frontend waits, so those that have theirs time out too: all frontends need mupdate_retry_delay ${raise} or more, and a running one takes it only with a restart, which costs a list. Take all but one out of service; set it on each before it returns, and on the remaining one last. Its price: each notices a dead master ${2 * raise} s late, and connects again as late.`,
        ]
  const each = intervalS === undefined ? 'one list’s time (unknown: no whole list was seen)' : `${intervalS} s`
  const back = `Let the stopped ones back, one each ${each}; wait longer where one has not yet logged “mailbox list synchronization complete”.`
  if (!thrashing)
    return [
      atOnce === undefined
        ? 'If it thrashes: leave running only frontends that have their list, and stop mupdate on the others.'
        : `If it thrashes: stop mupdate on the frontends that have no list, but for ${Math.max(1, atOnce)} of them, the most often timed out first.`,
      ...raising,
      `Wait until those have logged “mailbox list synchronization complete” and nobody has timed out for ${quietS} s (two retry delays).`,
      back,
    ]
  return [
    stop.length === 0
      ? 'No frontend without a list has to be stopped.'
      : `Take out of service, and stop mupdate on, in this order: ${stop.join(', ')}.`,
    ...(keep.length === 0 ? [] : [`Let go on: ${keep.join(', ')}.`]),
    ...raising,
    `Wait until those that go on have logged “mailbox list synchronization complete” and nobody has timed out for ${quietS} s (two retry delays).`,
    ...(spare.length === 0
      ? []
      : [`Only if somebody still times out, stop these too, in this order: ${spare.join(', ')}.`]),
    ...(stop.length === 0 ? [] : [back]),
  ]
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(ms < 1000 ? 2 : ms < 10_000 ? 1 : 0)
}
