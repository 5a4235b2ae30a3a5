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
  /** Writes the list into its own database, deaf to its master, and turns its clients away (mupdate_unready). */
  | { readonly phase: 'merging'; readonly untilNs: number }
  | Streaming

export interface Streaming {
  readonly phase: 'streaming'
  /** When select(2) was entered last: its wait begins anew with whatever ends it. */
  readonly heardNs: number
  readonly noop: OutstandingNoop | undefined
  /** Kicks that came while a NOOP was out, and wait for the next one. */
  readonly kicks: number
}

export interface OutstandingNoop {
  /** When the silence was complete, or the kick came. */
  readonly intendedNs: number
  readonly sentNs: number
  /** Data has come since: now it reads, blocking and without a time limit, up to the NOOP's OK. */
  readonly reading: boolean
  /** Kicks that its OK answers. */
  readonly kicks: number
}

export type SlaveEvent =
  | { readonly kind: 'timer'; readonly atNs: number }
  | { readonly kind: 'loggedIn'; readonly atNs: number }
  /** @param mergeNs how long the slave needs to write the list into its database */
  | { readonly kind: 'listEnded'; readonly atNs: number; readonly mergeNs: number }
  | { readonly kind: 'heard'; readonly atNs: number }
  | { readonly kind: 'noopAnswered'; readonly atNs: number }
  | { readonly kind: 'kicked'; readonly atNs: number }
  | { readonly kind: 'lost'; readonly atNs: number }

/** What the session has to do now. */
export type SlaveAction = 'connect' | 'sendUpdate' | 'ready' | 'sendNoop' | 'timeOut' | 'none'

export interface SlaveTimes {
  /** `mupdate_retry_delay`, ns. */
  readonly retryDelayNs: number
  /** Comes back at once after a loss, as nothing of Cyrus's does. */
  readonly reconnectsAtOnce?: boolean
  readonly random: Random
}

export interface SlaveStep {
  readonly state: SlaveState
  readonly action: SlaveAction
}

/** Kicks that one NOOP answers (imap/mupdate-slave.c, KICK_FDS_LEN). */
export const MOST_KICKS = 5

/** The next moment at which a `timer` event has to be given; undefined when only the network can move it. */
export function deadlineNs(state: SlaveState, { retryDelayNs }: SlaveTimes): number | undefined {
  switch (state.phase) {
    case 'waiting':
    case 'merging':
      return state.untilNs
    case 'streaming':
      return waitsForever(state) ? undefined : state.heardNs + retryDelayNs
    case 'connecting':
    case 'dumping':
      return undefined
  }
}

/**
 * While it reads up to a NOOP's OK there is no limit. And a kick that comes while a NOOP is out is not accepted before
 * that is answered, but wakes select(2) again and again: the slave spins, and its time-out never comes.
 */
function waitsForever({ noop, kicks }: Streaming): boolean {
  return noop !== undefined && (noop.reading || kicks > 0)
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
        return event.mergeNs > 0
          ? { state: { phase: 'merging', untilNs: event.atNs + event.mergeNs }, action: 'none' }
          : ready(event.atNs)
      }
      break
    case 'merging':
      if (event.kind === 'timer' && event.atNs >= state.untilNs) return ready(event.atNs)
      break
    case 'streaming':
      return nextStreamingStep(state, event, times)
  }
  return { state, action: 'none' }
}

function ready(atNs: number): SlaveStep {
  return { state: { phase: 'streaming', heardNs: atNs, noop: undefined, kicks: 0 }, action: 'ready' }
}

function nextStreamingStep(state: Streaming, event: SlaveEvent, times: SlaveTimes): SlaveStep {
  const { noop } = state
  switch (event.kind) {
    case 'heard':
      return { state: { ...state, heardNs: event.atNs, noop: noop && { ...noop, reading: true } }, action: 'none' }
    case 'noopAnswered': {
      const free = { ...state, heardNs: event.atNs, noop: undefined }
      return free.kicks > 0 ? sendNoop(free, event.atNs, event.atNs) : { state: free, action: 'none' }
    }
    case 'kicked': {
      const kicked = { ...state, kicks: state.kicks + 1 }
      return noop === undefined ? sendNoop(kicked, event.atNs, event.atNs) : { state: kicked, action: 'none' }
    }
    case 'timer': {
      const dueNs = deadlineNs(state, times)
      if (dueNs === undefined || event.atNs < dueNs) return { state, action: 'none' }
      if (noop !== undefined) return { state: waitToRetry(event.atNs, times), action: 'timeOut' }
      return sendNoop(state, dueNs, event.atNs)
    }
    case 'loggedIn':
    case 'listEnded':
    case 'lost':
      return { state, action: 'none' }
  }
}

/** The wait for a second silence begins with the NOOP (select() is entered anew). */
function sendNoop(state: Streaming, intendedNs: number, atNs: number): SlaveStep {
  const kicks = Math.min(MOST_KICKS, state.kicks)
  const noop = { intendedNs, sentNs: atNs, reading: false, kicks }
  return { state: { ...state, heardNs: atNs, noop, kicks: state.kicks - kicks }, action: 'sendNoop' }
}

/** `retry_delay + rand() % (retry_delay / 2)`, in whole seconds where the delay is one of 2 s or more. */
function waitToRetry(nowNs: number, { retryDelayNs, reconnectsAtOnce, random }: SlaveTimes): SlaveState {
  if (reconnectsAtOnce === true) return { phase: 'waiting', untilNs: nowNs }
  const half = retryDelayNs / 2
  const whole = retryDelayNs % 1e9 === 0 && retryDelayNs >= 2e9
  const moreNs = whole ? Math.floor(random() * Math.floor(half / 1e9)) * 1e9 : random() * half
  return { phase: 'waiting', untilNs: nowNs + retryDelayNs + moreNs }
}
