import type {
  DiagnosedFrontend,
  DiagnosedSource,
  DiagnosedTimeout,
  DiagnosisResult,
} from '../metrics/diagnosis-result.js'
import type { TimeOut } from '../slaves/thrash.js'
import { type Blame, blamedLists } from './blame.js'
import { type Deaths, ownersOf } from './deaths.js'
import { episodesOf } from './episodes.js'
import { blamedList, diagnosedEpisode } from './episode-story.js'
import { frontendsOf, inOrder } from './frontends.js'
import { diagnosedFrontend } from './frontend-result.js'
import { FrontendHistory } from './history.js'
import { iso } from './iso.js'
import { listHold } from './list-hold.js'
import type { LogBook, LoggedProcess } from './log-book.js'
import { mastersOf } from './masters.js'
import { notesOf } from './notes.js'
import { retryDelayOf } from './retry-delay.js'
import { wayOutOf } from './way-out.js'

/** Lists that one time-out is told with. */
const MOST_BLAMED = 20
const SECOND_MS = 1000
/** A host writes something within this time; logs that were fetched one after the other end as far apart. */
const STALE_MS = 300_000

export interface DiagnosisOptions {
  /** `mupdate_retry_delay`, where it is known. */
  readonly retryDelayS: number | undefined
}

/** @param sources what was read into the book; at least one has a line with a time */
export function diagnose(
  book: LogBook,
  sources: readonly DiagnosedSource[],
  { retryDelayS }: DiagnosisOptions,
): DiagnosisResult {
  book.joinHosts()
  const frontends = frontendsOf(book.processes.values())
  const deaths = ownersOf(book)
  const [fromMs, endMs] = spanOf(sources)
  const histories = historiesOf(book, frontends, sources, deaths)
  const ownEndsMs = ownEndsOf(book, frontends, sources)
  for (const [i, history] of histories.entries()) if (ownEndsMs[i] < endMs) history.endsEarly(ownEndsMs[i])
  const errorMs = sources.some(({ wholeSeconds }) => wholeSeconds) ? SECOND_MS : 0
  const moves = histories.flatMap(history => history.moves).sort((a, b) => a.atNs - b.atNs)
  const delay = retryDelayOf(
    histories.flatMap(({ retriesS }) => retriesS),
    retryDelayS,
  )
  const { masters, others } = mastersOf(book, frontends, deaths)
  const results = frontends.map((frontend, i) => diagnosedFrontend(frontend, histories[i], deaths, ownEndsMs[i]))
  const story = storyOf(blamedLists(moves, delay.likely * 1e9, errorMs), delay.likely * 1e9, endMs, results)
  const episodes = story.episodes.map(episode => diagnosedEpisode(episode, results, masters, story.told))
  const hold = listHold(moves, errorMs)
  const { low, likely, high, source } = delay
  const result = {
    schema: 'mupdate-bench/diagnosis/1' as const,
    from: iso(fromMs),
    to: iso(endMs),
    sources: [...sources],
    errorMs,
    retryDelayS: { low, likely, high, source },
    listHoldMs: hold ?? null,
    frontends: results,
    masters: [...masters],
    otherProcesses: others.length,
    timeouts: story.timeouts.map(story.told),
    episodes,
    unknownLines: [...book.shapes]
      .map(([shape, count]) => ({ shape, count }))
      .concat(book.otherShapes > 0 ? [{ shape: '(further shapes)', count: book.otherShapes }] : [])
      .sort((a, b) => b.count - a.count),
  }
  const standings = results.map(({ name, atEnd, timeouts }, i) => ({
    name,
    // What it did after the end of its own log is not known.
    state: endMs - ownEndsMs[i] > STALE_MS ? ('unknown' as const) : atEnd,
    sinceMs: histories[i].listingSinceMs,
    timeouts: timeouts.filter(at => at >= (episodes.at(-1)?.onset ?? at)).length,
  }))
  const thrashing = episodes.at(-1)?.state === 'sustained'
  const wayOut = results.length === 0 ? null : wayOutOf(standings, thrashing, hold, delay)
  return { ...result, wayOut, notes: notesOf(result) }
}

function historiesOf(
  book: LogBook,
  frontends: ReturnType<typeof frontendsOf>,
  sources: readonly DiagnosedSource[],
  deaths: Deaths,
): FrontendHistory[] {
  const histories = frontends.map((_, i) => new FrontendHistory(i))
  const of = new Map<LoggedProcess, FrontendHistory>()
  for (const [i, { processes }] of frontends.entries()) for (const process of processes) of.set(process, histories[i])
  const died = [...deaths].map(([{ atMs }, process]) => ({ atMs, process })).sort((a, b) => a.atMs - b.atMs)
  let next = 0
  const bury = (untilMs: number) => {
    for (; next < died.length && died[next].atMs < untilMs; next++)
      of.get(died[next].process)?.died(died[next].atMs, died[next].process)
  }
  for (const event of inOrder(book.slaveEvents, ranksOf(sources))) {
    bury(event.atMs)
    of.get(event.process)?.take(event)
  }
  bury(Infinity)
  return histories
}

/** When the last of the logs ends that has lines of it. */
function ownEndsOf(
  book: LogBook,
  frontends: ReturnType<typeof frontendsOf>,
  sources: readonly DiagnosedSource[],
): number[] {
  const endsMs = new Map<LoggedProcess, number>()
  for (const { process, source } of book.slaveEvents)
    endsMs.set(process, Math.max(endsMs.get(process) ?? 0, Date.parse(sources[source].to!)))
  return frontends.map(({ processes }) => Math.max(...processes.map(process => endsMs.get(process) ?? 0)))
}

/** Logs by when they begin, then by when they end. */
function ranksOf(sources: readonly DiagnosedSource[]): (source: number) => number {
  const key = (i: number) => `${sources[i].from} ${sources[i].to}`
  const order = [...sources.keys()].sort((a, b) => key(a).localeCompare(key(b)))
  const ranks = sources.map((_, i) => order.indexOf(i))
  return source => ranks[source]
}

function storyOf(blame: Blame, retryDelayNs: number, endMs: number, frontends: readonly DiagnosedFrontend[]) {
  const told = (timeout: TimeOut): DiagnosedTimeout => ({
    at: iso(timeout.atNs / 1e6),
    frontend: frontends[timeout.slave].name,
    generation: timeout.generation,
    during: timeout.during.slice(0, MOST_BLAMED).map(dump => blamedList(dump, frontends)),
  })
  return { timeouts: blame.timeouts, told, episodes: episodesOf(blame, retryDelayNs, endMs * 1e6) }
}

/** From the first line to the last, whoever's: that others wrote shows that a silent one had nothing to say. */
function spanOf(sources: readonly DiagnosedSource[]): [number, number] {
  const times = sources.flatMap(({ from, to }) => [from, to]).flatMap(at => (at === null ? [] : [Date.parse(at)]))
  return [Math.min(...times), Math.max(...times)]
}
