import { isDeath } from '../../diagnosis/deaths.js'
import { formatCount, formatDurationUs } from '../../core/units.js'
import type {
  DiagnosedEpisode,
  DiagnosedFrontend,
  DiagnosedMaster,
  DiagnosedTimeout,
  DiagnosisResult,
} from '../../metrics/diagnosis-result.js'

/** Links of a chain that are told; all are in the JSON. */
const MOST_LINKS = 8
const MOST_NAMED = 6

/** 2026-11-28 02:50:12 */
export function clock(at: string): string {
  return at.slice(0, 19).replace('T', ' ')
}

export function duration(ms: number): string {
  return ms === 0 ? '0 s' : formatDurationUs(ms * 1e3)
}

/** ±1 s, where stamps are cut to the second; a 0 is no 0 then. */
export function measured(ms: number | undefined | null, errorMs: number): string {
  if (ms === undefined || ms === null) return 'unknown'
  return errorMs > 0 && ms < errorMs ? `< ${duration(ms + errorMs)}` : duration(ms)
}

export function headline({ from, to, sources, frontends, masters }: DiagnosisResult): string {
  const logs = `${sources.length} ${sources.length === 1 ? 'log' : 'logs'}`
  const length = duration(Date.parse(to) - Date.parse(from))
  return `${logs}, ${clock(from)} to ${clock(to)} UTC (${length}): ${counted(frontends.length, 'frontend')}, ${counted(masters.length, 'master')}`
}

/** What happened, in a sentence; nothing is alleged where nothing did. */
export function findings(result: DiagnosisResult): string[] {
  const { frontends, masters, episodes, timeouts } = result
  const sum = (of: (frontend: DiagnosedFrontend) => number) => frontends.reduce((total, one) => total + of(one), 0)
  const losses = sum(one => one.losses.length)
  const failures = sum(one => one.connectFailures.length)
  const restarts = sum(one => one.restarts)
  const lists = sum(one => one.resyncs.length)
  const deaths = masters.flatMap(one => one.deaths).filter(isDeath).length
  const refused = countOf(masters.flatMap(one => one.refused))
  const gaveUp = countOf(masters.flatMap(one => one.gaveUp))
  const found = [
    ...(timeouts.length > 0
      ? [
          `${counted(timeouts.length, 'time-out')}, ${timeouts.filter(one => one.generation > 0).length} of them after other frontends’ lists that were long enough to cause them`,
        ]
      : []),
    ...(losses > 0 ? [`${counted(losses, 'connection')} lost in another way`] : []),
    ...(failures > 0 ? [`${counted(failures, 'time')} a frontend could not connect`] : []),
    ...(restarts > 0 ? [`${counted(restarts, 'frontend process', 'frontend processes')} began anew`] : []),
    ...(deaths > 0 ? [`the master died ${counted(deaths, 'time')}`] : []),
    ...(refused > 0 ? [`the master refused ${counted(refused, 'connection')}`] : []),
    ...(gaveUp > 0
      ? [
          `the master gave up ${counted(gaveUp, 'connection')} on which its client had said nothing for 3 hours: a frontend that is sent changes all the time says nothing unless it is kicked`,
        ]
      : []),
  ]
  const first =
    episodes.length > 0
      ? `${counted(episodes.length, 'thrash', 'thrashes')}: resyncs that caused resyncs`
      : frontends.length === 0
        ? 'Whether it thrashed cannot be known: no line is a frontend’s'
        : 'No thrash'
  const rest = found.length > 0 ? found.join('; ') : 'no time-out, no loss, no refusal, no death in these logs'
  return [`${first}. ${capital(rest)}. ${counted(lists, 'list')} asked for.`]
}

export function episodeTitle({ onset, end, state }: DiagnosedEpisode, to: string): string {
  const length = duration(Date.parse(end ?? to) - Date.parse(onset))
  return state === 'sustained'
    ? `THRASH from ${clock(onset)}, going on where the logs end (${length} so far)`
    : `THRASH from ${clock(onset)} to ${clock(end!)} (${length})`
}

export function episodeSentences(episode: DiagnosedEpisode, frontendCount: number): string[] {
  const { causedTimeouts, cycles, frontends, resyncs, began, trigger, chain } = episode
  const links = chain.slice(0, MOST_LINKS).map(link => timeoutSentence(link))
  return [
    `${counted(causedTimeouts, 'time-out')} while other frontends’ lists were on their way, in chains of up to ${cycles}, of ${frontends.length} of ${counted(frontendCount, 'frontend')}; ${counted(resyncs, 'list')} asked for meanwhile`,
    `it began with ${list(began.map(({ frontend }) => frontend))}, whose lists were on their way${trigger === null ? '' : `: ${trigger}`}`,
    ...links,
    ...(chain.length > MOST_LINKS ? [`… and so on, ${chain.length} in all`] : []),
  ]
}

export function timeoutSentence({ at, frontend, during }: DiagnosedTimeout): string {
  const blamed = [...new Set(during.map(one => one.frontend))]
  return during.length === 0
    ? `${clock(at)} ${frontend} timed out; no other frontend’s list was seen on its way`
    : `${clock(at)} ${frontend} timed out: ${blamed.length === 1 ? 'the list' : 'the lists'} of ${list(blamed)}`
}

export const FRONTEND_HEAD = [
  'frontend',
  'lists',
  'time-outs',
  'lost',
  'no connection',
  'retries',
  'list: median',
  'longest',
  'merge: median',
  'longest',
  'refused clients for',
  'out of touch for',
  'at the end',
] as const

export function frontendRow(frontend: DiagnosedFrontend, errorMs: number): string[] {
  const { name, resyncs, timeouts, losses, connectFailures, retries, list, merge, unavailableMs, outOfTouchMs } =
    frontend
  const waits =
    retries.minS === null
      ? ''
      : retries.minS === retries.maxS
        ? ` (${retries.minS} s)`
        : ` (${retries.minS}–${retries.maxS} s)`
  return [
    name,
    ...[resyncs, timeouts, losses, connectFailures].map(({ length }) => String(length)),
    `${retries.count}${waits}`,
    ...[list?.medianMs, list?.maxMs, merge?.medianMs, merge?.maxMs].map(ms => measured(ms, errorMs)),
    resyncs.length === 0 && unavailableMs === 0 ? '–' : measured(unavailableMs, errorMs),
    resyncs.length === 0 && outOfTouchMs === 0 ? '–' : measured(outOfTouchMs, errorMs),
    frontend.atEnd,
  ]
}

export function masterSentences({ masters }: DiagnosisResult): string[] {
  return masters.flatMap(master => [
    `${master.host} (${master.ident}): ${masterFacts(master).join('; ')}`,
    ...masterEvents(master),
  ])
}

function countOf(incidents: readonly { readonly count: number }[]): number {
  return incidents.reduce((sum, { count }) => sum + count, 0)
}

function masterFacts(master: DiagnosedMaster): string[] {
  const { pids, restarts, deaths, logins, badLogins, longestLockS } = master
  const [refusals, gaveUp] = [countOf(master.refused), countOf(master.gaveUp)]
  return [
    counted(pids.length, 'process', 'processes'),
    ...(restarts > 0 ? [`restarted ${counted(restarts, 'time')}`] : []),
    ...(deaths.length > 0 ? [`died ${counted(deaths.length, 'time')}`] : []),
    ...(refusals > 0 ? [`refused ${counted(refusals, 'connection')}`] : []),
    ...(gaveUp > 0 ? [`gave up ${counted(gaveUp, 'silent connection')}`] : []),
    counted(logins, 'login'),
    ...(badLogins > 0 ? [counted(badLogins, 'failed login')] : []),
    ...(longestLockS === null ? [] : [`a database lock held for up to ${longestLockS} s`]),
  ]
}

function masterEvents({ deaths, refused, gaveUp, descriptors, fatal }: DiagnosedMaster): string[] {
  const events = [
    ...deaths.map(({ at, how }) => ({ at, text: `died: ${how}` })),
    ...[...refused, ...gaveUp, ...descriptors, ...fatal].map(({ from, to, count, text }) => ({
      at: from,
      text: `${text}${count === 1 ? '' : ` (${formatCount(count)} times until ${clock(to)})`}`,
    })),
  ]
  return events.sort((a, b) => a.at.localeCompare(b.at)).map(({ at, text }) => `  ${clock(at)} ${text}`)
}

/** Further trouble of frontends: deaths that Cyrus's master told of. */
export function frontendDeaths({ frontends }: DiagnosisResult): string[] {
  return frontends.flatMap(({ name, deaths }) => deaths.map(({ at, how }) => `${clock(at)} ${name}: ${how}`))
}

export function wayOutTitle({ wayOut }: DiagnosisResult): string {
  return wayOut?.thrashing === true ? 'It is thrashing: what to do' : 'Should it thrash'
}

export function sourceSentences({ sources }: DiagnosisResult): string[] {
  return sources.map(
    ({ name, format, lines, mupdateLines }) =>
      `${name}: ${format}, ${counted(lines, format === 'text' ? 'line' : 'entry', format === 'text' ? 'lines' : 'entries')}, ${formatCount(mupdateLines)} of mupdate`,
  )
}

function counted(count: number, one: string, several = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : several}`
}

function list(names: readonly string[]): string {
  return names.length > MOST_NAMED
    ? `${names.slice(0, MOST_NAMED).join(', ')} and ${names.length - MOST_NAMED} more`
    : names.join(', ')
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
