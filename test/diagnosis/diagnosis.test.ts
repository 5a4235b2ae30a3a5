import { describe, expect, it } from 'vitest'
import { FORMATS, type Written } from './log-formats.js'
import { diagnoseLogs, logOf } from './reading.js'

const T0 = Date.parse('2026-11-28T02:00:00Z')

type Step = readonly [seconds: number, host: string, text: string]

const CONNECTED = 'successful mupdate connection to mup'
const RETRYING = 'retrying connection to mupdate server in 20 seconds'

/** A list that is asked for, has come, and is merged in 1 s. */
function list(host: string, from: number, to: number): Step[] {
  return [
    [from, host, CONNECTED],
    [from, host, 'scarfing mailbox list from master mupdate server'],
    [to, host, 'unready for connections'],
    [to, host, 'synchronizing mailbox list with master mupdate server'],
    [to + 1, host, 'mailbox list synchronization complete'],
  ]
}

function timeout(host: string, at: number): Step[] {
  return [
    [at, host, 'connection to master timed out.'],
    [at, host, RETRYING],
  ]
}

function of(...steps: readonly Step[]) {
  const pids = new Map<string, number>()
  const lines = [...steps]
    .sort(([a], [b]) => a - b)
    .map(([seconds, host, text]): Written => {
      if (!pids.has(host)) pids.set(host, pids.size + 1)
      return { atMs: T0 + seconds * 1000, host, ident: 'cyrus/mupdate', pid: pids.get(host)!, text }
    })
  return diagnoseLogs([{ name: 'all', bytes: FORMATS['RFC 3164'](lines) }], { retryDelayS: 20 })
}

const written = (steps: readonly Step[], pid = 1) =>
  steps.map(([seconds, host, text]): Written => ({ atMs: T0 + seconds * 1000, host, ident: 'mupdate', pid, text }))
const at = (seconds: number) => new Date(T0 + seconds * 1000).toISOString()
const CALM = ['fe1', 'fe2', 'fe3', 'fe4'].flatMap((host, i) => list(host, i * 10, i * 10 + 3))
/** fe1 and fe2 fetch lists for a long time; fe3 times out, and while its list comes fe4 does. */
const STORM = [
  ...['fe1', 'fe2'].flatMap((host): Step[] => [
    [500, host, 'mupdate_scarf: -1'],
    [500, host, RETRYING],
    ...list(host, 520, 560),
  ]),
  ...timeout('fe3', 550),
  ...list('fe3', 570, 620),
  ...timeout('fe4', 610),
]

describe('a log', () => {
  it('in which nothing was wrong alleges nothing', () => {
    const { episodes, timeouts, frontends, wayOut } = of(...CALM, [900, 'fe1', 'accepted connection'])
    expect({ episodes, timeouts }).toEqual({ episodes: [], timeouts: [] })
    for (const { losses, restarts, atEnd } of frontends)
      expect({ losses, restarts, atEnd }).toEqual({ losses: [], restarts: 0, atEnd: 'streaming' })
    expect(wayOut).toMatchObject({ thrashing: false, stop: [] })
  })

  it('of a thrash has its onset, its chain and its end', () => {
    const { episodes, timeouts } = of(...CALM, ...STORM, ...list('fe4', 630, 640), [900, 'fe1', 'accepted connection'])
    expect(timeouts.map(({ generation }) => generation)).toEqual([1, 2])
    expect(episodes).toMatchObject([
      {
        onset: at(550),
        end: at(640),
        state: 'ended',
        cycles: 2,
        causedTimeouts: 2,
        frontends: ['fe3', 'fe4'],
        resyncs: 2,
        began: [{ frontend: 'fe1', from: at(520), to: at(560) }, { frontend: 'fe2' }],
        trigger: '2 frontends had lost their connections',
        chain: [
          { at: at(550), frontend: 'fe3', during: [{ frontend: 'fe1' }, { frontend: 'fe2' }] },
          { at: at(610), frontend: 'fe4', during: [{ frontend: 'fe3', from: at(570), to: at(620) }] },
        ],
      },
    ])
  })

  it('of two has two', () => {
    const later = STORM.map(([seconds, host, text]): Step => [seconds + 3000, host, text])
    const ends = (seconds: number) => list('fe4', seconds, seconds + 10)
    const { episodes } = of(...CALM, ...STORM, ...ends(630), ...later, ...ends(3630), [
      4000,
      'fe1',
      'accepted connection',
    ])
    expect(episodes.map(({ onset, end }) => [onset, end])).toEqual([
      [at(550), at(640)],
      [at(3550), at(3640)],
    ])
  })

  it('of one that goes on says whom to stop and when to let him back', () => {
    const { episodes, wayOut, listHoldMs } = of(...CALM, ...STORM)
    expect(episodes).toMatchObject([{ state: 'sustained', end: null }])
    // Lists of 3 s four times, of 40 s for two, of 50 s: 102 s for 7 lists, each span ±1 s.
    const [low, likely, high] = [96, 102, 108].map(seconds => (seconds * 1000) / 7)
    expect(listHoldMs).toEqual({ low, likely, high, lists: 7 })
    expect(wayOut).toMatchObject({ thrashing: true, atOnce: 1, keep: ['fe4'], stop: [], spare: ['fe3', 'fe1', 'fe2'] })
    expect(wayOut!.intervalS).toBe(Math.ceil((2 * high) / 1000))
  })

  it('with two that have no list stops the one that timed out more often', () => {
    const { wayOut } = of(...CALM, ...STORM, ...timeout('fe3', 640))
    expect(wayOut).toMatchObject({ keep: ['fe4'], stop: ['fe3'], spare: ['fe1', 'fe2'] })
    expect(wayOut!.backInS).toBe(wayOut!.intervalS)
  })

  it('with several whose lists are on their way lets the first who asked go on', () => {
    const asked = (host: string, at: number) => list(host, at, at).slice(0, 2)
    const { wayOut } = of(...CALM, ...STORM, ...timeout('fe2', 640), ...asked('fe2', 650), ...asked('fe4', 660))
    expect(wayOut).toMatchObject({ keep: ['fe2'], stop: ['fe4'] })
  })

  it('that ends long before the others says nothing of what its frontend does now', () => {
    const steps = [...CALM, ...STORM, ...list('fe4', 630, 640).slice(0, 2)]
    const logsOf = (isOf: (host: string) => boolean, more: readonly Step[] = []) =>
      FORMATS['RFC 3164'](
        [...steps, ...more]
          .filter(([, host]) => isOf(host))
          .sort(([a], [b]) => a - b)
          .map(([seconds, host, text]) => ({ atMs: T0 + seconds * 1000, host, ident: 'mupdate', pid: 1, text })),
      )
    const stale = { name: 'fe4', bytes: logsOf(host => host === 'fe4') }
    const later = [
      ...timeout('fe1', 920),
      ...list('fe1', 940, 990),
      ...timeout('fe2', 970),
      ...list('fe2', 985, 1040),
      ...timeout('fe3', 1020),
    ]
    const { wayOut } = diagnoseLogs([stale, { name: 'all', bytes: logsOf(host => host !== 'fe4', later) }], {
      retryDelayS: 20,
    })
    expect(wayOut!.thrashing).toBe(true)
    expect([...wayOut!.keep, ...wayOut!.stop]).toEqual(['fe3'])
  })

  it('of one list that lasts longer than a frontend waits asks for another retry delay first', () => {
    const { wayOut } = of(...list('fe1', 0, 50), ...list('fe2', 100, 150))
    expect(wayOut).toMatchObject({ atOnce: 0, raiseRetryDelayToS: 102 })
    expect(wayOut!.steps.join('\n')).toMatch(/all frontends need .*restart.*all but one out.*remaining one last/)
  })

  it('of frontends alone says that nothing is known of a master, and the other way round', () => {
    expect(of(...CALM)).toMatchObject({
      masters: [],
      notes: expect.arrayContaining([expect.stringMatching(/master’s/)]),
    })
    const master = diagnoseLogs([
      logOf('Nov 28 02:46:44 mup mupdate[1]: login: be1 [10.0.0.1] murder PLAIN User logged in'),
    ])
    expect(master).toMatchObject({ frontends: [], wayOut: null, masters: [{ logins: 1 }] })
    expect(master.notes.join()).toMatch(/No line here is a frontend’s/)
  })

  it('of which lines are missing says so, and blames no list whose end was not seen', () => {
    const lost = list('fe1', 100, 110).slice(0, 2)
    const { frontends, timeouts } = of(...CALM, ...lost, ...list('fe1', 300, 303), ...timeout('fe2', 400))
    expect(frontends[0]).toMatchObject({
      missingLines: 2,
      resyncs: [{}, { outcome: 'unknown' }, { outcome: 'complete' }],
    })
    expect(timeouts).toMatchObject([{ generation: 0, during: [] }])
  })

  it('of time-outs beside short lists alleges no thrash, and says that these were too short', () => {
    const hosts = ['fe1', 'fe2', 'fe3', 'fe4']
    const { timeouts, episodes, notes, wayOut } = of(
      ...CALM,
      ...hosts.flatMap((host, i) => [...timeout(host, 500 + i * 30), ...list(host, 525 + i * 30, 526 + i * 30)]),
    )
    expect(timeouts.map(({ generation, during }) => [generation, during.length])).toEqual([
      [0, 0],
      [0, 1],
      [0, 2],
      [0, 2],
    ])
    expect({ episodes, stop: wayOut!.stop }).toEqual({ episodes: [], stop: [] })
    expect(notes.join('\n')).toMatch(/^3 of 4 time-outs .* too short to be the cause/m)
  })

  it.each([
    [13, 0],
    [25, 1],
  ])(
    'blames two lists that came one after the other for %s s if together they last a retry delay',
    (to, generation) => {
      const { timeouts } = of(...CALM, ...list('fe1', 500, 506), ...list('fe2', 506, 500 + to), ...timeout('fe3', 530))
      expect(timeouts).toMatchObject([{ generation, during: [{}, {}] }])
    },
  )

  it.each([
    ['unready', (line: Step) => line[2].startsWith('unready')],
    ['unready and synchronizing', (line: Step) => /^(?:unready|synchronizing)/.test(line[2])],
    ['all after scarfing', (line: Step) => /^(?:unready|synchronizing|mailbox)/.test(line[2])],
  ])('blames a list without its “%s” for no time-out later', (_, isLost) => {
    const whole = [...CALM, ...list('fe1', 300, 303)]
    const kept = whole.filter(step => step[1] !== 'fe1' || step[0] < 300 || !isLost(step))
    const { timeouts, episodes } = of(
      ...kept,
      ...timeout('fe2', 400),
      ...list('fe2', 425, 428),
      ...timeout('fe1', 800),
      ...list('fe1', 830, 833),
      ...timeout('fe3', 900),
    )
    expect(timeouts.map(({ generation, during }) => [generation, during])).toEqual(Array(3).fill([0, []]))
    expect(episodes).toEqual([])
  })

  it('blames no list of a process that died, nor one of a log that ends', () => {
    const line = ([seconds, host, text]: Step, pid: number, ident = 'mupdate'): Written => ({
      atMs: T0 + seconds * 1000,
      host,
      ident,
      pid,
      text,
    })
    const begun = list('fe1', 100, 110)
      .slice(0, 2)
      .map(step => line(step, 1))
    const others = [...list('fe2', 0, 3), ...timeout('fe2', 400)].map(step => line(step, 2))
    const death = line([101, 'fe1', 'process 1 exited, signaled to death by 11'], 9, 'master')
    const write = FORMATS['RFC 5424']
    const died = diagnoseLogs([
      { name: 'all', bytes: write([...others.slice(0, 5), ...begun, death, ...others.slice(5)]) },
    ])
    const ended = diagnoseLogs([
      { name: 'fe1', bytes: write(begun) },
      { name: 'fe2', bytes: write(others) },
    ])
    for (const { timeouts } of [died, ended]) expect(timeouts).toMatchObject([{ generation: 0, during: [] }])
  })

  it('that lost a “complete” counts no refusal up to the next one, nor beyond the end of its own log', () => {
    const merging = list('fe1', 100, 110).slice(0, -1)
    const { frontends } = of(...merging, ...timeout('fe1', 90_000), ...list('fe1', 90_025, 90_030))
    expect(frontends[0]).toMatchObject({ unavailableMs: 11_000, outOfTouchMs: 41_000, missingLines: 1 })
    const stale = { name: 'a', bytes: FORMATS['RFC 5424'](written(merging)) }
    const other = { name: 'b', bytes: FORMATS['RFC 5424'](written([[90_000, 'fe2', CONNECTED]])) }
    expect(diagnoseLogs([stale, other]).frontends[0]).toMatchObject({ unavailableMs: 10_000, outOfTouchMs: 10_000 })
  })

  it('tells several frontends of one host apart, and a master’s death from a frontend’s', () => {
    const died = (pid: number) =>
      `process type:SERVICE name:mupdate path:/usr/lib/cyrus/bin/mupdate age:9.000s pid:${pid} signaled to death by signal 11 (Segmentation fault)`
    const line = (seconds: number, ident: string, pid: number, text: string): Written => ({
      atMs: T0 + seconds * 1000,
      host: 'box',
      ident,
      pid,
      text,
    })
    const slave = (pid: number, from: number) =>
      list('', from, from + 2).map(([s, , text]) => line(s, 'mupdate', pid, text))
    const lines = [
      ...slave(11, 0),
      ...slave(12, 1),
      line(2, 'm/mupdate', 9, 'login: be1'),
      line(50, 'm/master', 1, died(9)),
      line(51, 'm/mupdate', 10, 'login: be1'),
      line(60, 'master', 2, died(12)),
      ...slave(13, 61),
      line(90, 'mupdate', 11, 'accepted connection'),
    ].sort((a, b) => a.atMs - b.atMs)
    const { frontends, masters } = diagnoseLogs([{ name: 'all', bytes: FORMATS['RFC 5424'](lines) }])
    expect(frontends.map(({ pids, restarts, deaths }) => [pids, restarts, deaths.length])).toEqual([
      [[11], 0, 0],
      [[12, 13], 1, 1],
    ])
    expect(masters).toMatchObject([{ pids: [9, 10], restarts: 1, deaths: [{ at: at(50) }] }])
  })

  it('that two hosts stamped a second apart is counted once', () => {
    const steps = [...list('fe1', 0, 5), ...timeout('fe1', 100)]
    const later = steps.map(([seconds, host, text]): Step => [seconds + 1, host, text])
    const logs = [steps, later].map((log, i) => ({ name: `${i}`, bytes: FORMATS['RFC 3164'](written(log)) }))
    const [{ resyncs, timeouts, retries, missingLines }] = diagnoseLogs(logs).frontends
    expect([resyncs.length, timeouts.length, retries.count, missingLines]).toEqual([1, 1, 1, 0])
  })

  it('is one frontend’s that has a short name in its own log and a long one where they are collected', () => {
    const collected = STORM.map(([seconds, host, text]): Step => [seconds, `${host}.example.com`, text])
    const pid = (host: string) => Number(host.replace(/\D/g, ''))
    const log = (steps: readonly Step[], name: string) => ({
      name,
      bytes: FORMATS['RFC 3164'](steps.flatMap(step => written([step], pid(step[1])))),
    })
    const once = diagnoseLogs([log(collected, 'all')], { retryDelayS: 20 })
    const own = STORM.filter(([, host]) => host !== 'fe4')
    const twice = diagnoseLogs([log(own, 'own'), log(collected, 'all')], { retryDelayS: 20 })
    expect(twice.frontends.map(({ name }) => name)).toEqual(once.frontends.map(({ name }) => name))
    expect(twice.listHoldMs).toEqual(once.listHoldMs)
    expect(twice.timeouts).toEqual(once.timeouts)
    // A file's name is no host's.
    const nameless = {
      name: 'fe1.log',
      bytes: Buffer.from('Nov 28 02:01:01 mupdate[9]: scarfing mailbox list from master mupdate server\n'),
    }
    expect(diagnoseLogs([log(own, 'own'), nameless]).frontends.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['fe1', 'fe1.log']),
    )
  })

  it('of refusals that a rotation cut in two has all of them', () => {
    const refusals = (...at: number[]) =>
      FORMATS['RFC 3164'](written(at.map(seconds => [seconds, 'mup', 'Server too busy, dropping connection.'])))
    const [{ refused }] = diagnoseLogs([
      { name: '1', bytes: refusals(0, 10, 20, 20) },
      { name: '2', bytes: refusals(20, 30, 40) },
    ]).masters
    expect(refused.reduce((sum, { count }) => sum + count, 0)).toBe(7)
  })

  it('that is given twice is counted once', () => {
    const line = (text: string) => `Nov 28 02:46:44 mup ${text}`
    const log = logOf(
      line('mupdate[7]: Server too busy, dropping connection.'),
      line('master[1]: process 7 exited, signaled to death by 11'),
    )
    const [{ deaths, refused }] = diagnoseLogs([log, { ...log, name: 'copy' }]).masters
    expect({ deaths: deaths.length, refused }).toMatchObject({ deaths: 1, refused: [{ count: 1 }] })
  })
})
