import type { Stamp, Stamps } from './stamps.js'

/** A line of a log, of whatever format. */
export interface LogLine extends Stamp {
  /** Undefined where lines do not say. */
  readonly host: string | undefined
  /** `cyrus/mupdate`: syslog_prefix and the service's name in cyrus.conf. */
  readonly ident: string
  readonly pid: number | undefined
  readonly text: string
  /** How often, where syslogd has counted instead of repeating. */
  readonly times: number
}

const PRIORITY = /^<\d{1,3}>/
/** After the stamp, RFC 5424: host, application, process, message's id, structured data, text. */
const RFC_5424 = /^ (\S+) (\S+) (\S+) \S+ (?:-|(?:\[(?:[^\]\\"]|\\.|"(?:[^"\\]|\\.)*")*\])+) ?(.*)$/
const TAGGED = /^([^\s:[\]]+)(?:\[(\d+)\])?:(?: |$)(.*)$/
const WITH_HOST = /^(\S+) ([^\s:[\]]+)(?:\[(\d+)\])?:(?: |$)(.*)$/
/** Solaris's syslogd puts it before the text. */
const MESSAGE_ID = /^\[ID \d+ [\w.]+\] /
const REPEATED = /^message repeated (\d+) times: \[ ?(.*)\]$/
const LAST_REPEATED = /(?:^| )last message repeated (\d+) times?$/

/** @returns undefined for what is no line of a log that is known here */
export function logLine(line: string, stamps: Stamps): LogLine | undefined {
  const unmarked = line.replace(PRIORITY, '')
  const isNew = unmarked.startsWith('1 ') && unmarked !== line
  const from = isNew ? unmarked.slice(2) : unmarked
  const stamp = stamps.at(from)
  if (stamp === undefined) return undefined
  const { atMs, isWholeSecond } = stamp
  const rest = from.slice(stamp.length)
  const parts = isNew ? rfc5424(rest) : tagged(rest.trimStart())
  if (parts === undefined) return undefined
  const said = parts.text.replace(MESSAGE_ID, '')
  const [, times, text] = REPEATED.exec(said) ?? [undefined, '1', said]
  return { ...parts, atMs, isWholeSecond, text: text.trimEnd(), times: Number(times) }
}

/** How often the line before was repeated, where a line says no more than that. */
export function repeatsOf(line: string): number | undefined {
  const times = LAST_REPEATED.exec(line)?.[1]
  return times === undefined ? undefined : Number(times)
}

type Parts = Pick<LogLine, 'host' | 'ident' | 'pid' | 'text'>

function rfc5424(rest: string): Parts | undefined {
  const [, host, ident, pid, text] = RFC_5424.exec(rest) ?? []
  if (host === undefined) return undefined
  return {
    host: host === '-' ? undefined : host,
    ident,
    pid: pidOf(pid),
    text: text.replace(/^\uFEFF|^\u00EF\u00BB\u00BF/, ''),
  }
}

function tagged(rest: string): Parts | undefined {
  const plain = TAGGED.exec(rest)
  if (plain !== null) return { host: undefined, ident: plain[1], pid: pidOf(plain[2]), text: plain[3] }
  const [, host, ident, pid, text] = WITH_HOST.exec(rest) ?? []
  return host === undefined ? undefined : { host, ident, pid: pidOf(pid), text }
}

export function pidOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}
