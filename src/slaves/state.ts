import type { Random } from '../core/random.js'

/**
 * Where a slave stands, as `imap/mupdate-slave.c` (mupdate_client_start, mupdate_listen) goes through it. Pure: the
 * session owns sockets and timers, this owns what follows what.
 */
export type SlaveState =
  /** Not connected; connects at `untilNs`, when it was meant to. */
  | { readonly phase: 'waiting'; readonly untilNs: number }
  | { readonly phase: 'connecting'; readonly dueNs: number }
  /** UPDATE sent; reads the list up to its OK, without a time limit. */
  | { readonly phase: 'dumping'; readonly dueNs: number; readonly sentNs: number }
  | { readonly phase: 'streaming'; readonly heardNs: number; readonly noop: OutstandingNoop | undefined }

export interface OutstandingNoop {
  /** When the silence was complete. */
  readonly intendedNs: number
  readonly sentNs: number
  /** Data has come since: now it reads, blocking and without a time limit, up to the NOOP's OK. */
  readonly reading: boolean
}

export type SlaveEvent =
  | { readonly kind: 'timer'; readonly atNs: number }
  | { readonly kind: 'loggedIn'; readonly atNs: number }
  | { readonly kind: 'listEnded'; readonly atNs: number }
  | { readonly kind: 'heard'; readonly atNs: number }
  | { readonly kind: 'noopAnswered'; readonly atNs: number }
  | { readonly kind: 'lost'; readonly atNs: number }

/** What the session has to do now. */
export type SlaveAction = 'connect' | 'sendUpdate' | 'sendNoop' | 'timeOut' | 'none'

export interface SlaveTimes {
  /** `mupdate_retry_delay`, ns. */
  readonly retryDelayNs: number
  readonly random: Random
}

export interface SlaveStep {
  readonly state: SlaveState
  readonly action: SlaveAction
}

/** The next moment at which a `timer` event has to be given; undefined when only the network can move it. */
export function deadlineNs(state: SlaveState, { retryDelayNs }: SlaveTimes): number | undefined {
  switch (state.phase) {
    case 'waiting':
      return state.untilNs
    case 'streaming':
      return state.noop?.reading ? undefined : state.heardNs + retryDelayNs
    case 'connecting':
    case 'dumping':
      return undefined
  }
}

/**
 * One step. Any data resets the wait for silence; a first silence of `retryDelay` sends a NOOP, a second one with the
 * NOOP unanswered and nothing heard means "connection to master timed out".
 */
export function nextSlaveStep(state: SlaveState, event: SlaveEvent, times: SlaveTimes): SlaveStep {
  if (event.kind === 'lost') return { state: waitToRetry(event.atNs, times), action: 'none' }
  switch (state.phase) {
    case 'waiting':
      if (event.kind === 'timer' && event.atNs >= state.untilNs) {
        return { state: { phase: 'connecting', dueNs: state.untilNs }, action: 'connect' }
      }
      break
    case 'connecting':
      if (event.kind === 'loggedIn') {
        return { state: { phase: 'dumping', dueNs: state.dueNs, sentNs: event.atNs }, action: 'sendUpdate' }
      }
      break
    case 'dumping':
      if (event.kind === 'listEnded') {
        return { state: { phase: 'streaming', heardNs: event.atNs, noop: undefined }, action: 'none' }
      }
      break
    case 'streaming':
      return nextStreamingStep(state, event, times)
  }
  return { state, action: 'none' }
}

function nextStreamingStep(
  state: SlaveState & { phase: 'streaming' },
  event: SlaveEvent,
  times: SlaveTimes,
): SlaveStep {
  const { noop } = state
  switch (event.kind) {
    case 'heard':
      return { state: { ...state, heardNs: event.atNs, noop: noop && { ...noop, reading: true } }, action: 'none' }
    case 'noopAnswered':
      return { state: { ...state, heardNs: event.atNs, noop: undefined }, action: 'none' }
    case 'timer': {
      const dueNs = deadlineNs(state, times)
      if (dueNs === undefined || event.atNs < dueNs) return { state, action: 'none' }
      if (noop !== undefined) return { state: waitToRetry(event.atNs, times), action: 'timeOut' }
      // The wait for a second silence begins with the NOOP (select() is entered anew).
      const sent = { intendedNs: dueNs, sentNs: event.atNs, reading: false }
      return { state: { ...state, heardNs: event.atNs, noop: sent }, action: 'sendNoop' }
    }
    case 'loggedIn':
    case 'listEnded':
    case 'lost':
      return { state, action: 'none' }
  }
}

/** `retry_delay + rand() % (retry_delay / 2)` seconds; here not cut to whole ones. */
function waitToRetry(nowNs: number, { retryDelayNs, random }: SlaveTimes): SlaveState {
  return { phase: 'waiting', untilNs: nowNs + retryDelayNs + random() * (retryDelayNs / 2) }
}
