import { fullNames } from './hosts.js'
import type { LogLine } from './log-line.js'
import {
  type Death,
  deathOf,
  isCyrusMaster,
  isMupdate,
  isSlaveSaying,
  type Saying,
  type SayingKind,
  type SlaveSaying,
  sayingOf,
  shapeOf,
} from './sayings.js'

/** What a slave said once. */
export interface SlaveEvent {
  readonly atMs: number
  readonly process: LoggedProcess
  readonly saying: SlaveSaying
  /** Which log it is from. */
  readonly source: number
}

/** A process that wrote lines: a host's, by the name and number that it gives itself. */
export interface LoggedProcess {
  readonly host: string
  readonly ident: string
  readonly pid: number | undefined
  firstMs: number
  lastMs: number
  isSlave: boolean
  readonly counts: Map<SayingKind, number>
  longestLockS: number
}

const INCIDENT_KINDS = ['too-busy', 'gave-up', 'descriptors', 'fatal'] as const satisfies readonly SayingKind[]

type IncidentKind = (typeof INCIDENT_KINDS)[number]

function isIncident(kind: SayingKind): kind is IncidentKind {
  return (INCIDENT_KINDS as readonly SayingKind[]).includes(kind)
}

/** Something that is told as a span, since it may be said a thousand times a second. */
export interface Incident {
  readonly process: LoggedProcess
  readonly source: number
  readonly kind: IncidentKind
  readonly fromMs: number
  toMs: number
  count: number
  /** The first of it. */
  readonly text: string
}

export interface LoggedDeath {
  readonly atMs: number
  readonly source: number
  readonly host: string
  readonly death: Death
}

/** Incidents of one kind that are no further apart are one. */
const APART_MS = 60_000
/** What a slave says comes in turn: more repeats than these are no slave's. */
const MOST_REPEATS = 1000
/** A log of millions of strange lines must not fill memory. */
const MOST_SHAPES = 200

/** Takes lines in any order and keeps what matters of them: memory grows with what slaves said, not with the logs. */
export class LogBook {
  readonly processes = new Map<string, LoggedProcess>()
  readonly slaveEvents: SlaveEvent[] = []
  readonly incidents: Incident[] = []
  readonly deaths: LoggedDeath[] = []
  readonly shapes = new Map<string, number>()
  /** Unknown lines whose shapes were too many to be kept apart. */
  otherShapes = 0
  private readonly open = new Map<string, Incident>()
  /** Named by lines, not after files. */
  private readonly hosts = new Set<string>()

  /**
   * @param host of lines that name none
   * @returns whether it was a line of a mupdate process, or about one
   */
  add(line: LogLine, host: string, source: number): boolean {
    if (line.host !== undefined) this.hosts.add(utf8(line.host))
    if (isMupdate(line.ident)) {
      this.said(line, utf8(line.host ?? host), source)
      return true
    }
    const death = isCyrusMaster(line.ident) ? deathOf(line.text) : undefined
    if (death === undefined || (death.service !== undefined && !isMupdate(death.service))) return false
    this.deaths.push({ atMs: line.atMs, source, host: utf8(line.host ?? host), death })
    // One without a service's name may be anybody's: it is looked at when all pids are known.
    return death.service !== undefined
  }

  /** When all is read: a host that is `fe1` in its own log and `fe1.example.com` in another is one. */
  joinHosts(): void {
    const full = fullNames(this.hosts)
    if (full.size === 0) return
    const joined = new Map<LoggedProcess, LoggedProcess>()
    for (const [key, process] of [...this.processes]) {
      const host = full.get(process.host)
      if (host === undefined) continue
      const known = this.processes.get(keyOf(host, process.ident, process.pid))
      joined.set(process, known === undefined ? { ...process, host } : added(known, process))
      this.processes.delete(key)
      this.processes.set(keyOf(host, process.ident, process.pid), joined.get(process)!)
    }
    const ofJoined = <T extends { readonly process: LoggedProcess }>(all: T[]) => {
      for (const [i, one] of all.entries()) all[i] = { ...one, process: joined.get(one.process) ?? one.process }
    }
    ofJoined(this.slaveEvents)
    ofJoined(this.incidents)
    for (const [i, death] of this.deaths.entries())
      this.deaths[i] = { ...death, host: full.get(death.host) ?? death.host }
  }

  private said(line: LogLine, host: string, source: number): void {
    const process = this.processOf(line, host)
    const saying = sayingOf(line.text)
    if (saying === undefined) {
      this.unknown(line)
      return
    }
    process.counts.set(saying.kind, (process.counts.get(saying.kind) ?? 0) + line.times)
    if (isSlaveSaying(saying)) {
      process.isSlave = true
      for (let i = 0; i < Math.min(line.times, MOST_REPEATS); i++)
        this.slaveEvents.push({ atMs: line.atMs, process, saying, source })
    } else this.incident(process, saying, line, source)
  }

  private processOf({ ident, pid, atMs }: LogLine, host: string): LoggedProcess {
    const key = keyOf(host, ident, pid)
    const known = this.processes.get(key)
    if (known !== undefined) {
      known.firstMs = Math.min(known.firstMs, atMs)
      known.lastMs = Math.max(known.lastMs, atMs)
      return known
    }
    const process: LoggedProcess = {
      host,
      ident,
      pid,
      firstMs: atMs,
      lastMs: atMs,
      isSlave: false,
      counts: new Map(),
      longestLockS: 0,
    }
    this.processes.set(key, process)
    return process
  }

  private incident(process: LoggedProcess, saying: Saying, { atMs, text, times }: LogLine, source: number): void {
    if (saying.kind === 'long-lock') process.longestLockS = Math.max(process.longestLockS, saying.seconds)
    const { kind } = saying
    if (!isIncident(kind)) return
    const key = `${source} ${kind} ${process.host} ${process.ident} ${process.pid}`
    const open = this.open.get(key)
    if (open !== undefined && atMs >= open.fromMs && atMs - open.toMs <= APART_MS) {
      open.toMs = Math.max(open.toMs, atMs)
      open.count += times
      return
    }
    const incident: Incident = {
      process,
      source,
      kind,
      fromMs: atMs,
      toMs: atMs,
      count: times,
      text: utf8(text),
    }
    this.open.set(key, incident)
    this.incidents.push(incident)
  }

  private unknown({ ident, text, times }: LogLine): void {
    const shape = `${utf8(ident).replace(/^.*\//, '')}: ${shapeOf(utf8(text))}`
    const count = this.shapes.get(shape)
    if (count === undefined && this.shapes.size >= MOST_SHAPES) this.otherShapes += times
    else this.shapes.set(shape, (count ?? 0) + times)
  }
}

function keyOf(host: string, ident: string, pid: number | undefined): string {
  return JSON.stringify([host, ident, pid ?? null])
}

/** What one log shows of a process, beside what another one did. */
function added(process: LoggedProcess, other: LoggedProcess): LoggedProcess {
  process.firstMs = Math.min(process.firstMs, other.firstMs)
  process.lastMs = Math.max(process.lastMs, other.lastMs)
  process.isSlave ||= other.isSlave
  process.longestLockS = Math.max(process.longestLockS, other.longestLockS)
  for (const [kind, count] of other.counts) process.counts.set(kind, (process.counts.get(kind) ?? 0) + count)
  return process
}

/** Logs are read byte by byte, one to a character. */
function utf8(text: string): string {
  return /[\u0080-\u00ff]/.test(text) ? Buffer.from(text, 'latin1').toString('utf8') : text
}
