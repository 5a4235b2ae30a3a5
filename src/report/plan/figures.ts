import { formatCount, formatDurationUs } from '../../core/units.js'
import type {
  PlanCost,
  PlanEvent,
  PlanLimit,
  PlanState,
  Recommendation,
  SitePlan,
} from '../../metrics/site-plan-result.js'

export const STATE_WORDS = { today: 'today', planned: 'as planned' } as const
/** Verdicts of events, as signs and in words. */
export const SIGNS = { cannot: '✓', can: '?', must: '✗' } as const
const THRASH_WORDS = { cannot: 'no thrash', can: 'can begin a thrash', must: 'begins a thrash' } as const
const TIMEOUT_WORDS = { cannot: 'no time-outs', can: 'time-outs possible', must: 'time-outs' } as const

export function headlineOf({ site }: SitePlan): string {
  const [today] = site.states
  return `${formatCount(today.mailboxes)} mailboxes, ${today.slaves} slaves, mupdate_retry_delay ${durationText(site.retryDelayMs)}, as of ${site.asOf}`
}

export function bearsText({ site: { bearsMs, retryDelayMs } }: SitePlan): string {
  const { surely, streaming, atMost } = bearsMs
  const more = streaming > surely ? `, ${durationText(streaming)} while changes reach it all the time` : ''
  return `A slave that has its list and updates pending bears a stall of ${durationText(surely)} for certain${more}, ${durationText(atMost)} at most (mupdate_retry_delay ${durationText(retryDelayMs)}: one to send a NOOP, one to wait for its answer).`
}

export function stateText({ mailboxes, slaves, frontends, createsPerSecond }: PlanState): string {
  const backends = slaves - frontends
  const unified = backends === 0 ? '' : ` (${frontends} frontends, ${backends} backends of a unified murder)`
  const creates = createsPerSecond === null ? 'creates unknown' : `${number(createsPerSecond)} creates/s`
  return `${formatCount(mailboxes)} mailboxes, ${slaves} slaves${unified}, ${creates}`
}

export function verdictWords({ timeOuts, thrash }: PlanEvent): string {
  return timeOuts === 'cannot' ? 'cannot begin a thrash' : `${TIMEOUT_WORDS[timeOuts]}, ${THRASH_WORDS[thrash]}`
}

/** `9 % to spare`, `up to 32 % too much`, and where there is no doubt `at least 5 % too much`. */
export function marginText({ margin, timeOuts }: PlanEvent): string {
  if (margin === null) return '–'
  const share = Math.abs(100 * margin)
  const text = share < 1 ? share.toFixed(1) : share.toFixed(0)
  return margin >= 0 ? `${text} % to spare` : `${timeOuts === 'must' ? 'at least' : 'up to'} ${text} % too much`
}

export const EVENT_HEAD = ['', 'event', 'verdict', 'margin']

export function eventRow(event: PlanEvent): string[] {
  return [SIGNS[worseOf(event)], event.title, verdictWords(event), marginText(event)]
}

/** What an event is marked with: red only where it surely makes frontends time out. */
export function worseOf({ timeOuts }: PlanEvent): keyof typeof SIGNS {
  return timeOuts
}

export const LIMIT_HEAD = ['limit', 'has', 'well up to', 'not beyond', 'head-room', 'used up']

/** @param asOf the day of the site: what is used up on it was so before */
export function limitRow({ title, now, low, high, headroom, reachedOn }: PlanLimit, asOf: string): string[] {
  return [
    title,
    now === null ? 'unknown' : number(now),
    number(low),
    number(high),
    headroomText(headroom),
    reachedOn === asOf ? 'already' : (reachedOn ?? '–'),
  ]
}

function headroomText(headroom: number | null): string {
  if (headroom === null) return '–'
  return headroom >= 10 ? `${headroom.toFixed(0)} ×` : `${headroom.toFixed(2)} ×`
}

/** What is a hundred times as much as the site has needs no line of its own where room is short. */
const PLENTY = 100

export function isPlenty({ headroom }: PlanLimit): boolean {
  return headroom !== null && headroom >= PLENTY
}

/** Where costs come from, each said once. */
export function costSentences({ costs, site }: SitePlan): string[] {
  const sources = [...new Set(costs.map(({ source }) => source))]
  return sources.flatMap(source => [
    ...costs
      .filter(cost => cost.source === source)
      .map(cost => `${site.states.length > 1 ? `${STATE_WORDS[cost.state]}, ` : ''}${costText(cost)}`),
    `→ ${source}`,
  ])
}

export function costText({ title, ms, used }: PlanCost): string {
  const value =
    ms === null ? 'unknown' : `${durationText(ms.likely)} (${durationText(ms.low)} to ${durationText(ms.high)})`
  return `${title}: ${value}${used ? '' : ', not used'}`
}

export function recommendationTitle({ setting, current, value, change }: Recommendation): string {
  if (current === null) return `${setting}: ${value}`
  if (!change)
    return `${setting}: ${current === value ? `leave at ${value}` : value} ${current === value ? '' : `(now ${current})`}`.trim()
  return `${setting}: ${value} (now ${current})`
}

/** Name and text of each part, those that say nothing left out. */
export function recommendationParts(recommendation: Recommendation): [string, string][] {
  const { where, arithmetic, measurement, price, lowerBound } = recommendation
  const parts: [string, string | null][] = [
    ['where', where],
    ['arithmetic', arithmetic],
    ['measured', measurement],
    ['price', price],
    ['no less than', lowerBound],
  ]
  return parts.filter((part): part is [string, string] => part[1] !== null)
}

export function calibrationText({ calibration }: SitePlan): string {
  const { master, mailboxDatabase, mailboxes, madeAt, host, relation } = calibration
  return `Calibration: ${master}, ${mailboxDatabase}, ${formatCount(mailboxes)} mailboxes, ${madeAt.slice(0, 10)}, ${host}: ${relation === 'unknown' ? 'whether that is like the site’s master is unknown' : relation === 'same CPU model' ? 'same CPU model as the site’s master' : 'another host than the site’s master'}.`
}

function number(value: number): string {
  return value >= 10 ? formatCount(value) : String(Number(value.toPrecision(2)))
}

export function durationText(ms: number): string {
  return formatDurationUs(ms * 1e3)
}
