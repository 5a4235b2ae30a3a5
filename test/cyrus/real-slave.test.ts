import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MailboxRecord } from '../../src/core/mailbox.js'
import { processesOf } from '../../src/masters/cyrus/processes.js'
import { until } from '../cli/bench.js'
import { CLOSES, CONNECTS, type Entry, lastOf } from '../support/recording-proxy.js'
import { type PairLogs, SlavePair } from './slave-pair.js'

/** The wait before a new connection is 2 s then too: `rand() % (2 / 2)` is 0. */
const DELAY_S = 2
const LOGIN_LIMIT_S = 2
const MAILBOXES = 300
/** How much later than it is due something may happen on a busy machine. */
const SLACK_S = 1
/** Two processes have two timers. */
const EARLY_S = 0.05

const START_UP = ['A01 AUTHENTICATE "PLAIN" {n+}', 'U01 UPDATE']

const pair = new SlavePair()

beforeAll(() =>
  pair.start(
    Array.from({ length: MAILBOXES }, (_, i) => mailbox(`user.u${i}`)),
    DELAY_S,
    LOGIN_LIMIT_S,
  ),
)

afterAll(() => pair.end())

function mailbox(name: string): MailboxRecord {
  return { name, location: 'be1!default', acl: 'anyone\tlrs\t', state: 'active' }
}

function linesFrom(log: readonly Entry[], side: Entry['from']): string[] {
  return log.filter(({ from }) => from === side).map(({ text }) => text)
}

/**
 * What the slave said, without the base64 of its login, which differs in one thing: the real one repeats its name before
 * it, as the one whose rights it wants (RFC 4616; `mupdate_username` beside `mupdate_authname`).
 */
function said(log: readonly Entry[]): string[] {
  const lines = linesFrom(log, 'slave').join('\n')
  return lines.replace(/\{\d+\+\}\n[A-Za-z0-9+/=]+/g, '{n+}').split('\n')
}

/** Both of them said this, and nothing else. */
function expectSaid({ real, ours }: PairLogs, lines: string[]): void {
  expect(said(real), 'the real slave').toEqual(lines)
  expect(said(ours), 'ours').toEqual(lines)
}

/** For each of them it is so long, about, from the last of the one to the last of the other. */
function expectGaps(from: string, to: string, seconds: number): void {
  for (const name of ['real', 'ours'] as const) {
    const { log } = pair[name].proxy
    expectGap(name, lastOf(log, from)!, lastOf(log, to)!, seconds)
  }
}

function expectGap(name: string, from: Entry, to: Entry, seconds: number): void {
  const gapS = (to.atMs - from.atMs) / 1000
  const what = `${name}: ${from.text} to ${to.text}`
  expect(gapS, what).toBeGreaterThan(seconds - EARLY_S)
  expect(gapS, what).toBeLessThan(seconds + SLACK_S)
}

/** One after the other: each takes the two slaves on from where the last one left them. */
describe('a real slave and ours beside each other', () => {
  it('start up in the same way, and are given the same list', async () => {
    const [real, ours] = [pair.real.proxy.log, pair.ours.proxy.log]
    for (const log of [real, ours]) await until('the list', () => lastOf(log, 'U01 OK') !== undefined)
    const logs = { real: [...real], ours: [...ours] }
    expectSaid(logs, [CONNECTS, ...START_UP])
    const list = linesFrom(logs.real, 'master')
    expect(linesFrom(logs.ours, 'master')).toEqual(list)
    expect(list.filter(line => line.startsWith('U01 MAILBOX '))).toHaveLength(MAILBOXES)
  })

  it('break each silence with a NOOP', async () => {
    expectSaid(await pair.play((_, hears) => hears('N1 OK')), ['N0 NOOP', 'N1 NOOP'])
    expectGaps('U01 OK', 'N0 NOOP', DELAY_S)
    expectGaps('N0 OK', 'N1 NOOP', DELAY_S)
  })

  it('send a NOOP at once when they are kicked, tell the kicker when it is answered, and wait anew', async () => {
    const logs = await pair.play(async (beside, hears) => {
      const { proxy } = beside
      await sleep(500)
      const kickedMs = performance.now()
      expect(await beside.kick()).toBe(true)
      expect(lastOf(proxy.log, 'N2 OK')).toBeDefined()
      expect(performance.now() - kickedMs).toBeLessThan(SLACK_S * 1000)
      await hears('N3 OK')
    })
    expectSaid(logs, ['N2 NOOP', 'N3 NOOP'])
    expectGaps('N2 OK', 'N3 NOOP', DELAY_S)
  })

  it('are told what has changed before the OK of a NOOP', async () => {
    const activated = pair.activate([mailbox('user.new')])
    const logs = await pair.play(async beside => {
      await activated
      expect(await beside.kick()).toBe(true)
    })
    expectSaid(logs, ['N4 NOOP'])
    const update = ['U01 MAILBOX {8+}', 'user.new {11+}', 'be1!default {11+}', 'anyone\tlrs\t', 'N4 OK "Noop done"']
    expect(linesFrom(logs.real, 'master')).toEqual(update)
    expect(linesFrom(logs.ours, 'master')).toEqual(update)
    expect(await pair.found('user.new')).toBe(1)
    expect(pair.told.filter(what => what === 'record')).toHaveLength(MAILBOXES + 1)
  })

  it('accept no kick while a NOOP is out, and do not time out then; its OK done, five are answered at a time', async () => {
    const logs = await pair.play(async (beside, hears) => {
      beside.proxy.silence()
      await hears('N5 NOOP')
      const kicks = Array.from({ length: 7 }, () => beside.kick())
      await sleep(1.5 * DELAY_S * 1000)
      beside.proxy.speak()
      expect(await Promise.all(kicks)).toEqual(Array(7).fill(true))
    })
    expectSaid(logs, ['N5 NOOP', 'N6 NOOP', 'N7 NOOP'])
  })

  it('do not time out either once anything has come while a NOOP is out', async () => {
    const logs = await pair.play(async (beside, hears) => {
      beside.proxy.silence()
      await hears('N8 NOOP')
      beside.proxy.say('U01 MAILBOX {9+}\r\nuser.said {11+}\r\nbe1!default {0+}\r\n\r\n')
      await sleep(1.5 * DELAY_S * 1000)
      beside.proxy.speak()
      await hears('N8 OK')
    })
    expectSaid(logs, ['N8 NOOP'])
    expect(pair.told).not.toContain('timed out')
  })

  it('time out after a second silence, log out without waiting for an answer, and come back after a third', async () => {
    const logs = await pair.play(async (beside, hears) => {
      beside.proxy.silence()
      await hears(CLOSES)
      // Refused: nobody listens to kicks who does not stream.
      expect(await beside.kick()).toBe(false)
      beside.proxy.speak()
      await hears('U01 OK')
    })
    expectSaid(logs, ['N9 NOOP', 'Q01 LOGOUT', CLOSES, CONNECTS, ...START_UP])
    expectGaps('N8 OK', 'N9 NOOP', DELAY_S)
    expectGaps('N9 NOOP', 'Q01 LOGOUT', DELAY_S)
    expectGaps('Q01 LOGOUT', CLOSES, 0)
    expectGaps(CLOSES, CONNECTS, DELAY_S)
    expect(pair.cyrus.log.some(line => line.includes('connection to master timed out'))).toBe(true)
    expect(pair.told.filter(what => what === 'timed out')).toHaveLength(1)
  })

  it('count their NOOPs anew, and when the master goes drop their kickers and come back after a silence', async () => {
    const logs = await pair.play(async (beside, hears) => {
      await hears('N0 OK')
      beside.proxy.silence()
      const kicked = beside.kick()
      await hears('N1 NOOP')
      beside.proxy.drop()
      expect(await kicked).toBe(false)
      beside.proxy.speak()
      await hears('U01 OK')
    })
    expectSaid(logs, ['N0 NOOP', 'N1 NOOP', CLOSES, CONNECTS, ...START_UP])
    expectGaps(CLOSES, CONNECTS, DELAY_S)
  })

  it('wait for a banner in silence, and not for ever', async () => {
    const logs = await pair.play(async (beside, hears) => {
      beside.proxy.silence()
      beside.proxy.drop()
      await hears(CONNECTS)
      const { length } = beside.proxy.log
      await until('the end of it', () => beside.proxy.log.length > length)
      beside.proxy.speak()
      await hears('U01 OK')
    })
    expectSaid(logs, [CLOSES, CONNECTS, CLOSES, CONNECTS, ...START_UP])
    for (const [name, [, connects, closes]] of Object.entries(logs)) expectGap(name, connects!, closes!, LOGIN_LIMIT_S)
  })

  it('leave nothing', async () => {
    const { directory } = pair.cyrus
    await pair.cyrus.stop()
    expect(processesOf(directory)).toEqual([])
    expect(existsSync(directory)).toBe(false)
  })
})
