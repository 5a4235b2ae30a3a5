/** What a log line's time stamp says. */
export interface Stamp {
  readonly atMs: number
  /** To the second alone, as RFC 3164 has it. */
  readonly isWholeSecond: boolean
}

/** Which year a date without one is of (RFC 3164): the last that is not after a moment, or the first line's. */
export type YearRule = { readonly kind: 'until'; readonly untilMs: number } | { readonly kind: 'from'; year: number }

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
/** Clocks of hosts differ, and so do their time zones. */
const AHEAD_MS = 86_400_000
/** From one leap year to the next, at most. */
const MOST_YEARS_BACK = 8
/** A log that goes back by more than half a year has begun a new one. */
const HALF_A_YEAR = 6
const HOUR_MS = 3_600_000
/** Lines of one log are not so far out of order: one that goes back by more is of the hour that comes again. */
const HALF_AN_HOUR_MS = HOUR_MS / 2

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?: ?(Z|UTC|[+-]\d\d:?\d\d)| [A-Z]{3,5}(?= ))?/
const SHORT = /^([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?/
const EPOCH = /^(\d{9,10})\.(\d{1,9}) /
/** Before an ISO date: `journalctl -o short-full`. */
const WEEKDAY = /^[A-Z][a-z]{2} (?=\d{4}-)/

/** Reads stamps; keeps what has to be told of them. Dates without a zone are of this process's own (`TZ`). */
export class Stamps {
  /** A date without a year was met. */
  isYearInferred = false
  /** A time without a zone was met. */
  isZoneAssumed = false
  private lastMonth: number | undefined
  private lastMs = -Infinity

  constructor(private readonly years: YearRule) {}

  /** @returns the stamp that a line begins with, and where it ends; undefined where it begins with none */
  at(line: string): (Stamp & { readonly length: number }) | undefined {
    const short = SHORT.exec(line)
    if (short !== null) return this.yearless(short)
    const epoch = EPOCH.exec(line)
    if (epoch !== null)
      return { atMs: Number(epoch[1]) * 1000 + fractionMs(epoch[2]), isWholeSecond: false, length: epoch[0].length - 1 }
    const offset = WEEKDAY.exec(line)?.[0].length ?? 0
    const iso = ISO.exec(line.slice(offset, offset + 48))
    return iso === null ? undefined : this.iso(iso, offset + iso[0].length)
  }

  private iso([, year, month, day, hour, minute, second, fraction, zone]: RegExpExecArray, length: number) {
    const parts = [year, Number(month) - 1, day, hour, minute, second].map(Number) as DateParts
    if (zone === undefined) this.isZoneAssumed = true
    const wholeMs = zone === undefined ? new Date(...parts).getTime() : Date.UTC(...parts) - zoneMs(zone)
    return { atMs: wholeMs + fractionMs(fraction), isWholeSecond: fraction === undefined, length }
  }

  private yearless([text, name, day, hour, minute, second, fraction]: RegExpExecArray) {
    const month = MONTHS.indexOf(name)
    if (month === -1) return undefined
    const firstMs = this.inItsYear([month, day, hour, minute, second].map(Number))
    if (firstMs === undefined) return undefined
    const wholeMs = isTwice(firstMs) && this.isAgain(firstMs) ? firstMs + HOUR_MS : firstMs
    this.lastMs = wholeMs
    this.isYearInferred = true
    this.isZoneAssumed = true
    return { atMs: wholeMs + fractionMs(fraction), isWholeSecond: fraction === undefined, length: text.length }
  }

  private isAgain(firstMs: number): boolean {
    const backMs = this.lastMs - firstMs
    const wasAgain = isTwice(this.lastMs - HOUR_MS)
    return backMs < 2 * HOUR_MS && (backMs > HALF_AN_HOUR_MS || (wasAgain && backMs > -HOUR_MS))
  }

  private inItsYear([month, day, hour, minute, second]: number[]): number | undefined {
    const on = (year: number) => {
      const date = new Date(year, month, day, hour, minute, second)
      return date.getMonth() === month && date.getDate() === day ? date.getTime() : undefined
    }
    if (this.years.kind === 'from') {
      const ahead = month - (this.lastMonth ?? month)
      if (ahead < -HALF_A_YEAR) this.years.year++
      // A line of before New Year that comes late.
      else if (ahead > HALF_A_YEAR) this.years.year--
      this.lastMonth = month
      return on(this.years.year)
    }
    const last = new Date(this.years.untilMs + AHEAD_MS).getFullYear()
    for (let year = last; year > last - MOST_YEARS_BACK; year--) {
      const atMs = on(year)
      if (atMs !== undefined && atMs <= this.years.untilMs + AHEAD_MS) return atMs
    }
    return undefined
  }
}

/** In the hour that comes twice when summer time ends, and its first. */
function isTwice(atMs: number): boolean {
  const [first, second] = [new Date(atMs), new Date(atMs + HOUR_MS)]
  return first.getHours() === second.getHours() && first.getDate() === second.getDate()
}

type DateParts = [number, number, number, number, number, number]

function fractionMs(digits: string | undefined): number {
  return digits === undefined ? 0 : Number(`0.${digits}`) * 1000
}

function zoneMs(zone: string): number {
  if (zone === 'Z' || zone === 'UTC') return 0
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(zone)!
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000
}
