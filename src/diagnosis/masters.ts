import type { DiagnosedMaster } from '../metrics/diagnosis-result.js'
import { withoutCopies } from './copies.js'
import { type Deaths, deathsOf } from './deaths.js'
import type { Frontend } from './frontends.js'
import { iso } from './iso.js'
import type { Incident, LogBook, LoggedProcess } from './log-book.js'
import type { SayingKind } from './sayings.js'

/** By these a process that is no slave is taken for a master: somebody logged in, was refused, or it ran full. */
const MASTER_KINDS: readonly SayingKind[] = ['login', 'bad-login', 'too-busy', 'descriptors']

export interface Masters {
  readonly masters: readonly DiagnosedMaster[]
  /** Processes of which nothing says what they were. */
  readonly others: readonly LoggedProcess[]
}

export function mastersOf(book: LogBook, frontends: readonly Frontend[], deaths: Deaths): Masters {
  const groups = new Map<string, LoggedProcess[]>()
  for (const process of book.processes.values()) {
    if (process.isSlave) continue
    const key = JSON.stringify([process.host, process.ident])
    groups.set(key, [...(groups.get(key) ?? []), process])
  }
  const isFrontend = ({ host, ident }: LoggedProcess) =>
    frontends.some(frontend => frontend.host === host && frontend.ident === ident)
  const isMaster = (group: readonly LoggedProcess[]) =>
    !isFrontend(group[0]) && group.some(({ counts }) => MASTER_KINDS.some(kind => counts.has(kind)))
  const all = [...groups.values()]
  return {
    masters: all.filter(isMaster).map(group => masterOf(group, book.incidents, deaths)),
    others: all.filter(group => !isMaster(group)).flat(),
  }
}

function masterOf(group: readonly LoggedProcess[], incidents: readonly Incident[], deaths: Deaths): DiagnosedMaster {
  const [{ host, ident }] = group
  const sum = (kind: SayingKind) => group.reduce((total, { counts }) => total + (counts.get(kind) ?? 0), 0)
  const own = incidents.filter(({ process }) => group.includes(process))
  const of = (kind: Incident['kind']) =>
    withoutCopies(
      own.filter(incident => incident.kind === kind),
      isSameSpan,
    )
      .sort((a, b) => a.fromMs - b.fromMs)
      .map(({ fromMs, toMs, count, text }) => ({ from: iso(fromMs), to: iso(toMs), count, text }))
  const longest = Math.max(...group.map(({ longestLockS }) => longestLockS))
  return {
    host,
    ident,
    pids: group.map(({ pid }) => pid ?? null),
    restarts: group.length - 1,
    deaths: deathsOf(group, deaths),
    refused: of('too-busy'),
    gaveUp: of('gave-up'),
    descriptors: of('descriptors'),
    fatal: of('fatal'),
    logins: sum('login'),
    badLogins: sum('bad-login'),
    longestLockS: longest > 0 ? longest : null,
  }
}

/** Two hosts may stamp one line a second apart. */
const APART_MS = 1000

/** A storm that a rotation cuts in two has two spans, which may touch. */
function isSameSpan(a: Incident, b: Incident): boolean {
  const isNear = (oneMs: number, otherMs: number) => Math.abs(oneMs - otherMs) <= APART_MS
  return a.process === b.process && isNear(a.fromMs, b.fromMs) && isNear(a.toMs, b.toMs)
}
