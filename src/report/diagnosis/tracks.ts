import type { DiagnosedFrontend, DiagnosisResult } from '../../metrics/diagnosis-result.js'

/** Where a frontend stood, the least serious first. */
export const TRACK_STATES = ['unknown', 'streaming', 'away', 'list', 'refusing'] as const
export type TrackState = (typeof TRACK_STATES)[number]

interface Change {
  readonly atMs: number
  readonly state: TrackState
}

/** Each column of a picture with the most serious state that a frontend was in, and whether it timed out. */
export interface Track {
  readonly states: readonly TrackState[]
  readonly timeouts: readonly boolean[]
}

export function trackOf(frontend: DiagnosedFrontend, { from, to }: DiagnosisResult, columns: number): Track {
  const columnOf = columnsFrom(Date.parse(from), Date.parse(to), columns)
  const changes = changesOf(frontend)
  const states: TrackState[] = Array(columns).fill('unknown')
  const paint = (fromColumn: number, toColumn: number, state: TrackState) => {
    for (let i = fromColumn; i <= toColumn; i++) if (rank(state) > rank(states[i])) states[i] = state
  }
  // One that timed out had streamed until then.
  if (changes.length > 0 && frontend.timeouts[0] !== undefined && changes[0].atMs === Date.parse(frontend.timeouts[0]))
    paint(0, columnOf(changes[0].atMs), 'streaming')
  for (const [i, { atMs, state }] of changes.entries()) {
    const next = changes[i + 1]
    paint(columnOf(atMs), next === undefined ? columns - 1 : columnOf(next.atMs), state)
  }
  const timeouts: boolean[] = Array(columns).fill(false)
  for (const at of frontend.timeouts) timeouts[columnOf(Date.parse(at))] = true
  return { states, timeouts }
}

/** Most lists that were on their way at one time, in each column. */
export function listsAtOnce({ frontends, from, to }: DiagnosisResult, columns: number): number[] {
  const columnOf = columnsFrom(Date.parse(from), Date.parse(to), columns)
  const steps = frontends
    .flatMap(frontend => {
      const changes = changesOf(frontend)
      return changes.flatMap(({ atMs, state }, i) =>
        state === 'list' ? [[atMs, 1] as const, [changes[i + 1]?.atMs ?? Date.parse(to), -1] as const] : [],
      )
    })
    // A list that ends as another begins does not count twice.
    .sort(([a, up], [b, down]) => a - b || up - down)
  const most: number[] = Array(columns).fill(0)
  let now = 0
  let column = 0
  for (const [atMs, step] of steps) {
    const next = columnOf(atMs)
    for (column++; column <= next; column++) most[column] = now
    column = next
    // One that came and went within a second is there all the same.
    now += step
    most[next] = Math.max(most[next], now, step > 0 ? 1 : 0)
  }
  return most
}

/** @returns which column of a picture a moment is in */
export function columnsFrom(fromMs: number, toMs: number, columns: number): (atMs: number) => number {
  const share = toMs > fromMs ? columns / (toMs - fromMs) : 0
  return atMs => Math.min(columns - 1, Math.max(0, Math.floor((atMs - fromMs) * share)))
}

function changesOf({ resyncs, timeouts, losses, connectFailures }: DiagnosedFrontend): Change[] {
  const away = [...timeouts, ...losses, ...connectFailures].map(at => ({
    atMs: Date.parse(at),
    state: 'away' as const,
  }))
  const lists = resyncs.flatMap(({ at, listMs, mergeMs }): Change[] => {
    const atMs = Date.parse(at)
    return [
      { atMs, state: 'list' },
      ...(listMs === null ? [] : [{ atMs: atMs + listMs, state: 'refusing' as const }]),
      ...(listMs === null || mergeMs === null ? [] : [{ atMs: atMs + listMs + mergeMs, state: 'streaming' as const }]),
    ]
  })
  return [...away, ...lists].sort((a, b) => a.atMs - b.atMs)
}

function rank(state: TrackState): number {
  return TRACK_STATES.indexOf(state)
}
