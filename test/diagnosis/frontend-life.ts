import fc from 'fast-check'
import type { DiagnosedFrontend } from '../../src/metrics/diagnosis-result.js'
import type { Written } from './log-formats.js'

const CONNECTED = 'successful mupdate connection to master.example.com'
const LISTING = 'scarfing mailbox list from master mupdate server'
const LISTED = 'unready for connections'
const MERGING = 'synchronizing mailbox list with master mupdate server'
const COMPLETE = 'mailbox list synchronization complete'
const NOT_COMPLETE = 'mailbox list synchronization NOT complete (3) errors'
const TIMED_OUT = 'connection to master timed out.'
const UNREACHABLE = "couldn't connect to mupdate server"

const seconds = (max: number) => fc.integer({ min: 0, max })

/** One connection, and how it ended. */
const turn = fc.record({
  failures: fc.integer({ min: 0, max: 2 }),
  listS: seconds(40),
  mergeS: seconds(20),
  streamS: seconds(3000),
  retryS: fc.integer({ min: 20, max: 29 }),
  end: fc.constantFrom('timed-out', 'scarf', 'write', 'list lost', 'merge failed', 'restart'),
})
export const life = fc.record({ startS: seconds(500), turns: fc.array(turn, { minLength: 1, maxLength: 6 }) })
export type Life = typeof life extends fc.Arbitrary<infer T> ? T : never

export type Expected = Pick<
  DiagnosedFrontend,
  | 'resyncs'
  | 'timeouts'
  | 'losses'
  | 'connectFailures'
  | 'retries'
  | 'restarts'
  | 'atEnd'
  | 'missingLines'
  | 'unavailableMs'
>

const REASONS = { scarf: 'mupdate_scarf: -1', write: 'connection to master failed.' } as const

/** What such a frontend writes, and what was so: said beside each other, by the story and not by the lines. */
export function tell(
  { startS, turns }: Life,
  host: string,
  originMs: number,
): {
  lines: Written[]
  expected: (endMs: number) => Expected
} {
  const lines: Written[] = []
  const resyncs: DiagnosedFrontend['resyncs'] = []
  const [timeouts, losses, connectFailures]: string[][] = [[], [], []]
  const retries: number[] = []
  let nowMs = originMs + startS * 1000
  let pid = 100
  let restarts = 0
  let cause: DiagnosedFrontend['resyncs'][number]['cause'] = 'start'
  let atEnd: DiagnosedFrontend['atEnd'] = 'unknown'
  let unavailableMs = 0
  let refusingFromMs: number | undefined = nowMs
  const say = (text: string) => lines.push({ atMs: nowMs, host, ident: 'cyrus/mupdate', pid, text })
  const now = () => new Date(nowMs).toISOString()
  const retry = (retryS: number) => {
    say(`retrying connection to mupdate server in ${retryS} seconds`)
    retries.push(retryS)
    nowMs += retryS * 1000
    atEnd = 'waiting'
  }
  for (const [turn, { failures, listS, mergeS, streamS, retryS, end }] of turns.entries()) {
    for (let i = 0; i < failures; i++) {
      say(UNREACHABLE)
      connectFailures.push(now())
      retry(retryS)
    }
    say(CONNECTED)
    say(LISTING)
    const at = now()
    nowMs += listS * 1000
    if (end === 'list lost') {
      resyncs.push({ at, cause, listMs: null, mergeMs: null, outcome: 'list lost' })
      losses.push(now())
      cause = 'loss'
      retry(retryS)
      continue
    }
    say(LISTED)
    refusingFromMs ??= nowMs
    say(MERGING)
    nowMs += mergeS * 1000
    const listMs = listS * 1000
    if (end === 'merge failed') {
      resyncs.push({ at, cause, listMs, mergeMs: null, outcome: 'merge failed' })
      say(NOT_COMPLETE)
      cause = 'failed merge'
      retry(retryS)
      continue
    }
    say(COMPLETE)
    unavailableMs += nowMs - refusingFromMs
    refusingFromMs = undefined
    resyncs.push({ at, cause, listMs, mergeMs: mergeS * 1000, outcome: 'complete' })
    nowMs += streamS * 1000
    atEnd = 'streaming'
    if (end === 'restart') {
      // Without lines of the next process nobody can tell that this one ended.
      if (turn === turns.length - 1) break
      restarts++
      pid++
      nowMs += 1000
      refusingFromMs = nowMs
      cause = 'start'
      continue
    }
    if (end === 'timed-out') {
      say(TIMED_OUT)
      timeouts.push(now())
      cause = 'time-out'
    } else {
      say(REASONS[end])
      losses.push(now())
      cause = 'loss'
    }
    retry(retryS)
  }
  return {
    lines,
    expected: endMs => ({
      resyncs,
      timeouts,
      losses,
      connectFailures,
      retries: {
        count: retries.length,
        minS: retries.length === 0 ? null : Math.min(...retries),
        maxS: retries.length === 0 ? null : Math.max(...retries),
      },
      restarts,
      atEnd,
      missingLines: 0,
      unavailableMs: unavailableMs + (refusingFromMs === undefined ? 0 : endMs - refusingFromMs),
    }),
  }
}
