import type {
  DiagnosedEpisode,
  DiagnosedFrontend,
  DiagnosedMaster,
  DiagnosedTimeout,
} from '../metrics/diagnosis-result.js'
import type { Dump, TimeOut } from '../slaves/thrash.js'
import type { Episode } from './episodes.js'
import { iso } from './iso.js'

/** Frontends that a dead master has dropped are back within a retry delay and a half, which is mostly 30 s. */
const AFTER_DEATH_MS = 60_000

/** How a thrash began, and one of its longest chains. */
export function diagnosedEpisode(
  { onsetNs, endNs, cycles, timeouts }: Episode,
  frontends: readonly DiagnosedFrontend[],
  masters: readonly DiagnosedMaster[],
  told: (timeout: TimeOut) => DiagnosedTimeout,
): DiagnosedEpisode {
  const onset = iso(onsetNs / 1e6)
  const end = endNs === undefined ? null : iso(endNs / 1e6)
  const [{ during }] = timeouts
  const asked = frontends.flatMap(({ resyncs }) => resyncs.filter(({ at }) => at >= onset && at <= (end ?? at)))
  return {
    onset,
    end,
    state: end === null ? 'sustained' : 'ended',
    cycles,
    causedTimeouts: timeouts.length,
    frontends: [...new Set(timeouts.map(({ slave }) => frontends[slave].name))],
    resyncs: asked.length,
    began: during.map(dump => blamedList(dump, frontends)),
    trigger: triggerOf(during, frontends, masters),
    chain: chainOf(timeouts).map(told),
  }
}

export function blamedList({ slave, fromNs, toNs }: Dump, frontends: readonly DiagnosedFrontend[]) {
  return {
    frontend: frontends[slave].name,
    from: iso(fromNs / 1e6),
    to: Number.isFinite(toNs) ? iso(toNs / 1e6) : null,
  }
}

/** Backwards from the time-out of the highest generation: each list was asked for because of the time-out before. */
function chainOf(timeouts: readonly TimeOut[]): TimeOut[] {
  let last = timeouts.reduce((most, timeout) => (timeout.generation > most.generation ? timeout : most))
  const chain = [last]
  while (last.generation > 1) {
    const { during, generation } = last
    const list = during.find(dump => dump.generation === generation - 1)
    const before = timeouts.findLast(
      ({ slave, atNs, generation }) => slave === list?.slave && atNs <= list.fromNs && generation === list.generation,
    )
    if (before === undefined) break
    chain.unshift(before)
    last = before
  }
  return chain
}

const REASONS = {
  start: ['a frontend’s process had started', 'frontends’ processes had started'],
  'time-out': ['a frontend had timed out', 'frontends had timed out'],
  loss: ['a frontend had lost its connection', 'frontends had lost their connections'],
  'failed merge': ['a frontend’s merge had failed', 'frontends’ merges had failed'],
} as const

function triggerOf(
  during: readonly Dump[],
  frontends: readonly DiagnosedFrontend[],
  masters: readonly DiagnosedMaster[],
): string | null {
  const lists = during.flatMap(({ slave, fromNs }) => {
    const at = iso(fromNs / 1e6)
    return frontends[slave].resyncs.find(resync => resync.at === at) ?? []
  })
  const first = lists.map(({ at }) => at).sort()[0]
  if (first === undefined) return null
  const died = masters
    .flatMap(({ host, deaths }) => deaths.map(death => ({ host, ...death })))
    .findLast(({ at }) => at <= first && Date.parse(first) - Date.parse(at) <= AFTER_DEATH_MS)
  const parts = Object.entries(REASONS).flatMap(([cause, [one, several]]) => {
    const count = lists.filter(list => list.cause === cause).length
    return count === 0 ? [] : [count === 1 ? one : `${count} ${several}`]
  })
  if (died !== undefined) parts.unshift(`the master on ${died.host} had died at ${died.at} (${died.how})`)
  return parts.length === 0 ? null : parts.join('; ')
}
