import type { DiagnosedMaster } from '../metrics/diagnosis-result.js'
import { withoutCopies } from './copies.js'
import { iso } from './iso.js'
import type { LogBook, LoggedDeath, LoggedProcess } from './log-book.js'

/** Who it was that died; those whose process is not known are left out. */
export type Deaths = ReadonlyMap<LoggedDeath, LoggedProcess>

/** By host and number; one that never said anything is what its host's mupdate was before. */
export function ownersOf({ deaths, processes }: LogBook): Deaths {
  const all = [...processes.values()]
  const owners = new Map<LoggedDeath, LoggedProcess>()
  for (const logged of withoutCopies(deaths, isSameDeath)) {
    const { atMs, host, death } = logged
    const there = all.filter(process => process.host === host && process.firstMs <= atMs)
    const itself =
      death.kind === 'disabled' ? undefined : there.filter(one => one.pid === death.pid && !isFollowed(one, there))
    const owner = latest(itself ?? []) ?? (death.service === undefined ? undefined : latest(there))
    if (owner !== undefined && death.kind !== 'ended') owners.set(logged, owner)
  }
  return owners
}

/** A pid that was a mupdate's once may be anybody's after the next one had begun. */
function isFollowed({ ident, lastMs }: LoggedProcess, there: readonly LoggedProcess[]): boolean {
  return there.some(other => other.ident === ident && other.firstMs > lastMs)
}

/** Two hosts may stamp one line a second apart. */
const APART_MS = 1000

function isSameDeath(a: LoggedDeath, b: LoggedDeath): boolean {
  return (
    a.host === b.host && a.death.kind === b.death.kind && pidIn(a) === pidIn(b) && Math.abs(a.atMs - b.atMs) <= APART_MS
  )
}

function pidIn({ death }: LoggedDeath): number | undefined {
  return death.kind === 'disabled' ? undefined : death.pid
}

function latest(processes: readonly LoggedProcess[]): LoggedProcess | undefined {
  return processes.reduce<LoggedProcess | undefined>(
    (last, process) => (last === undefined || process.lastMs >= last.lastMs ? process : last),
    undefined,
  )
}

const GIVEN_UP = 'given up after too many failures, until SIGHUP'

/** Of one that was given up after its deaths, this is not another. */
export function isDeath({ how }: { readonly how: string }): boolean {
  return how !== GIVEN_UP
}

export function deathsOf(group: readonly LoggedProcess[], deaths: Deaths): DiagnosedMaster['deaths'] {
  return [...deaths]
    .filter(([, owner]) => group.includes(owner))
    .map(([logged]) => logged)
    .sort((a, b) => a.atMs - b.atMs)
    .map(({ atMs, death }) => ({
      at: iso(atMs),
      how: death.kind === 'disabled' ? GIVEN_UP : death.how,
    }))
}
