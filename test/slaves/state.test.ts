import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  deadlineNs,
  nextSlaveStep,
  type SlaveAction,
  type SlaveEvent,
  type SlaveState,
  type SlaveTimes,
} from '../../src/slaves/state.js'

const D = 20e9
const times: SlaveTimes = { retryDelayNs: D, random: () => 0.5 }
const STREAMING: SlaveState = { phase: 'streaming', heardNs: 0, noop: undefined, kicks: 0 }

/** @returns the actions that are not 'none', with their times, and the last state */
function play(
  start: SlaveState,
  events: readonly SlaveEvent[],
): { actions: [SlaveAction, number][]; state: SlaveState } {
  let state = start
  const actions: [SlaveAction, number][] = []
  for (const event of events) {
    const step = nextSlaveStep(state, event, times)
    state = step.state
    if (step.action !== 'none') actions.push([step.action, event.atNs / D])
  }
  return { actions, state }
}

/** An event at a time counted in retry delays. */
const at = (kind: SlaveEvent['kind'], delays: number): SlaveEvent => ({ kind, atNs: delays * D, mergeNs: 0 })

describe('a slave (imap/mupdate-slave.c, mupdate_client_start and mupdate_listen)', () => {
  it.each<{ name: string; events: SlaveEvent[]; actions: [SlaveAction, number][]; phase: SlaveState['phase'] }>([
    { name: 'says nothing before a whole silence', events: [at('timer', 0.999)], actions: [], phase: 'streaming' },
    { name: 'sends a NOOP after a silence', events: [at('timer', 1)], actions: [['sendNoop', 1]], phase: 'streaming' },
    {
      name: 'times out after a second silence',
      events: [at('timer', 1), at('timer', 1.99), at('timer', 2)],
      actions: [
        ['sendNoop', 1],
        ['timeOut', 2],
      ],
      phase: 'waiting',
    },
    {
      name: 'counts the second silence from the NOOP, not from when it was due',
      events: [at('timer', 1.4), at('timer', 2.3), at('timer', 2.4)],
      actions: [
        ['sendNoop', 1.4],
        ['timeOut', 2.4],
      ],
      phase: 'waiting',
    },
    {
      name: 'waits anew after data',
      events: [at('heard', 0.9), at('timer', 1), at('timer', 1.8), at('timer', 1.9)],
      actions: [['sendNoop', 1.9]],
      phase: 'streaming',
    },
    {
      name: 'never times out once data came while a NOOP was outstanding',
      events: [at('timer', 1), at('heard', 1.5), at('timer', 2.5), at('timer', 50)],
      actions: [['sendNoop', 1]],
      phase: 'streaming',
    },
    {
      name: 'waits anew after its NOOP was answered',
      events: [
        at('timer', 1),
        at('heard', 1.5),
        at('noopAnswered', 1.5),
        at('timer', 2.4),
        at('timer', 2.5),
        at('timer', 3.5),
      ],
      actions: [
        ['sendNoop', 1],
        ['sendNoop', 2.5],
        ['timeOut', 3.5],
      ],
      phase: 'waiting',
    },
    {
      name: 'does not time out in the middle of a list',
      events: [
        at('lost', 0),
        at('timer', 1.25),
        at('loggedIn', 1.3),
        at('heard', 1.4),
        at('timer', 90),
        at('listEnded', 90),
      ],
      actions: [
        ['connect', 1.25],
        ['sendUpdate', 1.3],
        ['ready', 90],
      ],
      phase: 'streaming',
    },
    {
      name: 'sends a NOOP at once when it is kicked, and waits anew',
      events: [at('kicked', 0.4), at('timer', 1.3), at('noopAnswered', 1.35), at('timer', 2.3), at('timer', 2.35)],
      actions: [
        ['sendNoop', 0.4],
        ['sendNoop', 2.35],
      ],
      phase: 'streaming',
    },
    {
      name: 'times out a silence after a kick that was not answered',
      events: [at('kicked', 0.4), at('timer', 1.4)],
      actions: [
        ['sendNoop', 0.4],
        ['timeOut', 1.4],
      ],
      phase: 'waiting',
    },
    {
      name: 'accepts no kick while a NOOP is out, spins without a time-out, and answers it by the next',
      events: [at('timer', 1), at('kicked', 1.1), at('timer', 3), at('timer', 90), at('noopAnswered', 91)],
      actions: [
        ['sendNoop', 1],
        ['sendNoop', 91],
      ],
      phase: 'streaming',
    },
    {
      name: 'connects again not before its wait is over',
      events: [at('lost', 0), at('timer', 1.2), at('timer', 1.25)],
      actions: [['connect', 1.25]],
      phase: 'connecting',
    },
    {
      name: 'waits again when it is refused',
      events: [at('lost', 0), at('timer', 1.25), at('lost', 2), at('timer', 3.2), at('timer', 3.25)],
      actions: [
        ['connect', 1.25],
        ['connect', 3.25],
      ],
      phase: 'connecting',
    },
  ])('$name', ({ events, actions, phase }) => {
    const played = play(STREAMING, events)
    expect(played.actions).toEqual(actions)
    expect(played.state.phase).toBe(phase)
  })

  it('answers at most five kicks by one NOOP', () => {
    const kicks = Array.from({ length: 14 }, () => at('kicked', 0.1))
    let { state } = play(STREAMING, kicks)
    const answered: number[] = []
    while (state.phase === 'streaming' && state.noop !== undefined) {
      answered.push(state.noop.kicks)
      state = nextSlaveStep(state, at('noopAnswered', 0.2), times).state
    }
    expect(answered).toEqual([1, 5, 5, 3])
  })

  it('writes the list into its database before it is ready, and hears nothing meanwhile', () => {
    const list: SlaveEvent = { kind: 'listEnded', atNs: 0, mergeNs: 2 * D }
    const dumping: SlaveState = { phase: 'dumping', dueNs: 0, sentNs: 0 }
    const { actions, state } = play(dumping, [list, at('timer', 1), at('kicked', 1.5), at('timer', 2)])
    expect(actions).toEqual([['ready', 2]])
    expect(state).toEqual({ phase: 'streaming', heardNs: 2 * D, noop: undefined, kicks: 0 })
  })

  it('that reconnects at once does not wait', () => {
    const { state } = nextSlaveStep(STREAMING, at('lost', 1), { ...times, reconnectsAtOnce: true })
    expect(state).toEqual({ phase: 'waiting', untilNs: D })
  })

  it.each([
    { delay: 2e9, most: 2e9 },
    { delay: 3e9, most: 3e9 },
    { delay: 20e9, most: 29e9 },
    { delay: 500e6, most: 750e6 },
  ])('waits whole seconds as Cyrus reckons them, where there are any: $delay ns', ({ delay, most }) => {
    const { state } = nextSlaveStep(STREAMING, at('lost', 0), { retryDelayNs: delay, random: () => 1 - 2 ** -32 })
    if (state.phase !== 'waiting') throw new Error(state.phase)
    expect(Math.round(state.untilNs / 1e3) * 1e3).toBe(most)
  })

  it('keeps the time at which it was due, for response times', () => {
    const connecting = nextSlaveStep({ phase: 'waiting', untilNs: 10 }, { kind: 'timer', atNs: 15 }, times).state
    expect(connecting).toEqual({ phase: 'connecting', dueNs: 10 })
    const dumping = nextSlaveStep(connecting, { kind: 'loggedIn', atNs: 20 }, times).state
    expect(dumping).toEqual({ phase: 'dumping', dueNs: 10, sentNs: 20 })
    const { state } = nextSlaveStep(STREAMING, at('timer', 1.4), times)
    expect(state).toMatchObject({ noop: { intendedNs: D, sentNs: 1.4 * D } })
  })

  it('comes back after 1 to 1.5 retry delays', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.nat(1e9), (random, atNs) => {
        const { state } = nextSlaveStep(STREAMING, { kind: 'lost', atNs }, { retryDelayNs: D, random: () => random })
        if (state.phase !== 'waiting') throw new Error(state.phase)
        expect(state.untilNs - atNs).toBeGreaterThanOrEqual(D)
        expect(state.untilNs - atNs).toBeLessThanOrEqual(1.5 * D)
      }),
    )
  })
})

const events = fc
  .array(
    fc.record({
      kind: fc.constantFrom<SlaveEvent['kind']>(
        'timer',
        'timer',
        'timer',
        'loggedIn',
        'listEnded',
        'heard',
        'noopAnswered',
        'kicked',
        'lost',
      ),
      afterNs: fc.oneof(fc.nat(D / 4), fc.constantFrom(0, D, 1.5 * D)),
    }),
    { maxLength: 60 },
  )
  .map(steps => {
    let atNs = 0
    return steps.map(({ kind, afterNs }): SlaveEvent => {
      atNs += afterNs
      return { kind, atNs, mergeNs: 0 }
    })
  })

describe('whatever happens', () => {
  it('at most one NOOP is out, and only a NOOP that was met by silence times out', () => {
    fc.assert(
      fc.property(events, sequence => {
        let state: SlaveState = { phase: 'waiting', untilNs: 0 }
        /** What a network would know: when our NOOP went out, and when anything was last heard. */
        let noopSentNs: number | undefined
        let heardNs = 0
        for (const event of sequence) {
          const before = state
          const { state: after, action } = nextSlaveStep(before, event, times)
          if (action === 'sendNoop') {
            expect(before.phase).toBe('streaming')
            if (event.kind !== 'noopAnswered') expect(noopSentNs).toBeUndefined()
            if (event.kind === 'timer') expect(event.atNs - heardNs).toBeGreaterThanOrEqual(D)
            noopSentNs = event.atNs
            heardNs = event.atNs
          }
          if (action === 'timeOut') {
            expect(noopSentNs).toBeDefined()
            expect(event.atNs - noopSentNs!).toBeGreaterThanOrEqual(D)
            expect(heardNs).toBeLessThanOrEqual(noopSentNs!)
          }
          if (action === 'connect') expect(before.phase).toBe('waiting')
          if (before.phase === 'streaming' && (event.kind === 'heard' || event.kind === 'noopAnswered'))
            heardNs = event.atNs
          if (before.phase === 'dumping' && after.phase === 'streaming') heardNs = event.atNs
          if (after.phase !== 'streaming' || after.noop === undefined) noopSentNs = undefined
          state = after
        }
      }),
    )
  })

  it('its deadline is never in the past once its timer has been served', () => {
    fc.assert(
      fc.property(events, sequence => {
        let state: SlaveState = { phase: 'waiting', untilNs: 0 }
        for (const event of sequence) {
          state = nextSlaveStep(state, event, times).state
          const due = deadlineNs(state, times)
          if (event.kind === 'timer' && due !== undefined) expect(due).toBeGreaterThan(event.atNs)
        }
      }),
    )
  })
})
