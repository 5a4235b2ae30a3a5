import { describe, expect, it } from 'vitest'
import { ModelWorld } from './model-world.js'
import { AFTER_LOGIN, BEFORE_LOGIN, MAILBOXES, WHEN_STREAMING } from './odd-commands.js'
import { BANNER, World } from './world.js'

const REFUSED = [
  ['a wrong password', 'A1 AUTHENTICATE "PLAIN" "AG11cmRlcgB3cm9uZw=="\r\n', ''],
  ['a user unknown', 'A1 AUTHENTICATE "PLAIN" "AG5vYm9keQB3cm9uZw=="\r\n', ''],
  ['an empty response', 'A1 AUTHENTICATE "PLAIN" ""\r\n', ''],
  ['a response that is =', 'A1 AUTHENTICATE "PLAIN" "="\r\n', ''],
  ['no base64', 'A1 AUTHENTICATE "PLAIN" "!!!!"\r\n', ''],
  ['an empty line after the challenge', 'A1 AUTHENTICATE "PLAIN"\r\n\r\n', '\r\n'],
  ['no NULs', 'A1 AUTHENTICATE "PLAIN" "bXVyZGVy"\r\n', ''],
  ['another mechanism', 'A1 AUTHENTICATE "LOGIN"\r\n', ''],
] as const

/** What is said does not depend on when it is. */
const MASTERS = [
  { master: 'the plain master', Master: World },
  { master: 'a modelled Cyrus', Master: ModelWorld },
] as const

describe.each(MASTERS)('a connection of $master', ({ Master }) => {
  it('is greeted', () => expect(new Master().connect().take()).toBe(BANNER))

  it.each(BEFORE_LOGIN)('answers %j before login', (said, answer) => {
    const client = new Master().connect()
    client.take()
    expect(client.ask(said)).toBe(answer)
  })

  it.each(REFUSED)('refuses %s after a pause, and serves nothing meanwhile', (_, said, challenge) => {
    const world = new Master()
    const client = world.connect()
    client.take()
    expect(client.ask(`${said}A2 NOOP\r\n`)).toBe(challenge)
    world.passMs(2999)
    expect(client.take()).toBe('')
    world.passMs(1)
    expect(client.take()).toBe('A1 NO "undefined error!"\r\nA2 BAD "Please login first"\r\n')
  })

  it('refuses at once where no pause is wanted', () => {
    const client = new Master({ failedLoginPauseMs: 0 }).connect()
    client.take()
    expect(client.ask('A1 AUTHENTICATE "LOGIN"\r\n')).toBe('A1 NO "undefined error!"\r\n')
  })

  it.each(AFTER_LOGIN)('answers %j after login', (said, answer) => {
    expect(new Master().login().ask(said)).toBe(answer)
  })

  it.each(WHEN_STREAMING)('answers %j when streaming', (said, answer) => {
    const client = new Master().login()
    client.ask('U01 UPDATE\r\n')
    expect(client.ask(said)).toBe(answer)
  })

  it('sets, finds, lists and deletes mailboxes', () => {
    const client = new Master().login()
    for (const [said, answer] of MAILBOXES) expect(client.ask(said), said).toBe(answer)
  })

  it('answers the same however the bytes are cut', () => {
    const said = [...AFTER_LOGIN.slice(0, 38), ...MAILBOXES].map(([text]) => text).join('')
    const whole = new Master().login().ask(said)
    const bytewise = new Master().login()
    for (const byte of said) bytewise.say(byte)
    expect(bytewise.take()).toBe(whole)
    for (let n = 1; n < said.length; n += 7) {
      expect(new Master().login().say(said.slice(0, n)).say(said.slice(n)).take(), `${n} bytes`).toBe(whole)
    }
  })

  it('closes after LOGOUT', () => {
    const client = new Master().connect()
    client.say('A LOGOUT\r\nB NOOP\r\n')
    expect(client.ended || client.destroyed).toBe(true)
    expect(client.take()).toBe(`${BANNER}A OK "bye-bye"\r\n`)
  })
})
