import { describe, expect, it } from 'vitest'
import { ModelWorld } from './model-world.js'
import { BANNER, LOGIN, World } from './world.js'

/**
 * What 3.6.1 answered to the same bytes (measured on Debian's), but for DELETE and DEACTIVATE of names that are not
 * there or not active, which kill it.
 */
const BEFORE_LOGIN: readonly [string, string][] = [
  ['\r\n', '* BAD "Need command"\r\n'],
  ['A1\r\n', '* BAD "Need command"\r\n'],
  ['A1 \r\n', 'A1 BAD "Null command"\r\n'],
  ['A1  NOOP\r\n', 'A1 BAD "Null command"\r\n'],
  [' NOOP\r\n', ' BAD "Please login first"\r\n'],
  ['A1\tNOOP\r\n', '* BAD "Need command"\r\n'],
  ['A1 NOOP\r\n', 'A1 BAD "Please login first"\r\n'],
  ['A1 BOGUS\r\n', 'A1 BAD "Unrecognized command"\r\n'],
  ['A1 FIND\r\n', 'A1 BAD "Please login first"\r\n'],
  ['A1 STARTTLS\r\n', 'A1 BAD "Unrecognized command"\r\n'],
  ['A1 LOGOUT x\r\n', 'A1 BAD "Extra arguments"\r\n'],
  ['A1 LOGOUT \r\n', 'A1 BAD "Extra arguments"\r\n'],
  ['a1 logout\r\n', 'a1 OK "bye-bye"\r\n'],
  ['A1 AUTHENTICATE\r\n', 'A1 BAD "Missing arguments"\r\n'],
  ['A1 AUTHENTICATE PLAIN AG11cmRlcgBzZWNyZXQ=\r\n', 'A1 BAD "Extra arguments"\r\n'],
  ['A1 AUTHENTICATE "PLAIN" "AG11cmRlcgBzZWNyZXQ=" "x"\r\n', 'A1 BAD "Extra arguments"\r\n'],
  ['A1 AUTHENTICATE "plain" {20+}\r\nAG11cmRlcgBzZWNyZXQ=\r\n', 'A1 OK "Authenticated"\r\n'],
  ['A1 AUTHENTICATE "PLAIN" {20}\r\nAG11cmRlcgBzZWNyZXQ=\r\n', '+ go ahead\r\nA1 OK "Authenticated"\r\n'],
  ['A1 AUTHENTICATE "PLAIN" "bXVyZGVyAG11cmRlcgBzZWNyZXQ="\r\n', 'A1 OK "Authenticated"\r\n'],
  ['A1 AUTHENTICATE "PLAIN" "Z2VvcmdlAG11cmRlcgBzZWNyZXQ="\r\n', 'A1 OK "Authenticated"\r\n'],
  [
    'A1 AUTHENTICATE "PLAIN"\r\nAG11cmRlcgBzZWNyZXQ=\r\nA2 NOOP\r\n',
    '\r\nA1 OK "Authenticated"\r\nA2 OK "Noop done"\r\n',
  ],
  [
    'A1 AUTHENTICATE "PLAIN"\r\n*\r\nA2 NOOP\r\n',
    '\r\nA1 NO Client canceled authentication\r\nA2 BAD "Please login first"\r\n',
  ],
  ['A1 AUTHENTICATE "PLAIN"\r\n* x\r\n', '\r\nA1 NO Client canceled authentication\r\n'],
  ['A1 AUTHENTICATE "PLAIN" "AG11cmRlcgBzZWNyZXQ"\r\n', '\r\n'],
]

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

const AFTER_LOGIN: readonly [string, string][] = [
  [LOGIN, 'A0 BAD "already authenticated"\r\n'],
  ['B NOOP x\r\n', 'B BAD "Extra arguments"\r\n'],
  ['B NOOP \r\n', 'B BAD "Extra arguments"\r\n'],
  ['B noop\r\n', 'B OK "Noop done"\r\n'],
  ['B nOoP\n', 'B OK "Noop done"\r\n'],
  ['B FIND\r\n', 'B BAD "Missing arguments"\r\n'],
  ['B FIND \r\n', 'B BAD "Extra arguments"\r\n'],
  ['B FIND foo\r\n', 'B BAD "Extra arguments"\r\n'],
  ['B FIND "nosuch"\r\n', 'B OK "Search completed"\r\n'],
  ['B FIND "nosuch" \r\n', 'B BAD "Extra arguments"\r\n'],
  ['B FIND "nosuch" "x"\r\n', 'B BAD "Extra arguments"\r\n'],
  ['B FIND {6+}\r\nnosuch\r\n', 'B OK "Search completed"\r\n'],
  ['B FIND {6}\r\nnosuch\r\n', '+ go ahead\r\nB OK "Search completed"\r\n'],
  ['B FIND {6+}\r\nnosuchX\r\nC NOOP\r\n', 'B BAD "Extra arguments"\r\nC OK "Noop done"\r\n'],
  ['B FIND ""\r\n', 'B OK "Search completed"\r\n'],
  ['B FIND {0+}\r\n\r\n', 'B OK "Search completed"\r\n'],
  ['B FIND "unterminated\r\nC NOOP\r\n', 'B BAD "Extra arguments"\r\nC OK "Noop done"\r\n'],
  ['B FIND "a\\"b"\r\n', 'B OK "Search completed"\r\n'],
  ['B FIND {3+}\r\na\0b\r\nC NOOP\r\n', 'B BAD "Extra arguments"\r\nC OK "Noop done"\r\n'],
  ['B ACTIVATE\r\n', 'B BAD "Missing arguments"\r\n'],
  ['B ACTIVATE "x"\r\n', 'B BAD "Missing arguments"\r\n'],
  ['B ACTIVATE "x" "y"\r\n', 'B BAD "Missing arguments"\r\n'],
  ['B RESERVE "x"\r\n', 'B BAD "Missing arguments"\r\n'],
  ['B DEACTIVATE "x"\r\n', 'B BAD "Missing arguments"\r\n'],
  ['B DELETE\r\n', 'B BAD "Missing arguments"\r\n'],
  ['B LIST x\r\n', 'B BAD "Extra arguments"\r\n'],
  ['B LIST "nosuchserver!" "x"\r\n', 'B BAD "Extra arguments"\r\n'],
  ['B UPDATE x\r\nC NOOP\r\n', 'B BAD "Badly formed arguments"\r\nC OK "Noop done"\r\n'],
  ['B UPDATE ""\r\nC NOOP\r\n', 'B BAD "Badly formed arguments"\r\nC OK "Noop done"\r\n'],
  [`B UPDATE${' "h"'.repeat(31)}\r\nC NOOP\r\n`, 'B BAD "Extra arguments"\r\nC OK "Noop done"\r\n'],
  [`B UPDATE${' "h"'.repeat(30)}\r\nC NOOP\r\n`, 'B OK "streaming starts"\r\nC OK "Noop done"\r\n'],
  [
    'B NOOP\r\nC FIND "nosuch"\r\nD LOGOUT\r\nE NOOP\r\n',
    'B OK "Noop done"\r\nC OK "Search completed"\r\nD OK "bye-bye"\r\n',
  ],
  ['B(NOOP\r\n', '* BAD "Need command"\r\n'],
  ['B NOOP(\r\n', 'B BAD "Extra arguments"\r\n'],
  ['B "NOOP"\r\n', 'B BAD "Null command"\r\n'],
  ['B AUTHENTICATE "X" "y" "z"\r\n', 'B BAD "Extra arguments"\r\n'],
  ['B BOGUS {6+}\r\nC NOOP\r\nD NOOP\r\n', 'B BAD "Unrecognized command"\r\nD OK "Noop done"\r\n'],
  ['B BOGUS {6}\r\nC NOOP\r\n', 'B BAD "Unrecognized command"\r\nC OK "Noop done"\r\n'],
  ['B NOOP {6+}\r\nC NOOP\r\nD NOOP\r\n', 'B BAD "Extra arguments"\r\nD OK "Noop done"\r\n'],
  ['\x00\x01\x02\r\n', '* BAD "Need command"\r\n'],
  ['B\x00 NOOP\r\n', 'B OK "Noop done"\r\n'],
  ['\xff\xfe NOOP\r\n', '\xff\xfe OK "Noop done"\r\n'],
  ['B NOOP\rx\nC NOOP\r\n', 'B BAD "Extra arguments"\r\nC OK "Noop done"\r\n'],
  ['B FIND {6+}\nnosuch\r\nC NOOP\r\n', 'B BAD "Extra arguments"\r\n* BAD "Need command"\r\nC OK "Noop done"\r\n'],
  ['B FIND {+}\r\nC NOOP\r\n', 'B BAD "Extra arguments"\r\nC OK "Noop done"\r\n'],
  ['B FIND {6 }\r\nC NOOP\r\n', 'B BAD "Extra arguments"\r\nC OK "Noop done"\r\n'],
  ['B DELETE "nosuch"\r\n', 'B NO "mailbox doesn\'t exist"\r\n'],
  ['B DEACTIVATE "nosuch" "a!b"\r\n', 'B NO "mailbox doesn\'t exist"\r\n'],
]

const WHEN_STREAMING: readonly [string, string][] = [
  ['D FIND "x"\r\n', 'D BAD "not legal when streaming"\r\n'],
  ['E UPDATE\r\n', 'E BAD "not legal when streaming"\r\n'],
  ['F LIST\r\n', 'F BAD "not legal when streaming"\r\n'],
  ['G DELETE "x"\r\n', 'G BAD "not legal when streaming"\r\n'],
  ['H BOGUS\r\n', 'H BAD "Unrecognized command"\r\n'],
  ['I RESERVE "a"\r\n', 'I BAD "Missing arguments"\r\n'],
  ['I RESERVE "a" "b"\r\n', 'I BAD "not legal when streaming"\r\n'],
  ['I DEACTIVATE "a" "b"\r\n', 'I BAD "not legal when streaming"\r\n'],
  ['I ACTIVATE "a" "b" "c"\r\n', 'I BAD "not legal when streaming"\r\n'],
  ['I ACTIVATE "a" "b" "c" "d"\r\n', 'I BAD "Extra arguments"\r\n'],
  [LOGIN, 'A0 BAD "already authenticated"\r\n'],
  ['\r\n', '* BAD "Need command"\r\n'],
  ['J LOGOUT\r\n', 'J OK "bye-bye"\r\n'],
]

/** Commands of one connection in order, on names of its own; as 3.6.1 answered them. */
const MAILBOXES: readonly [string, string][] = [
  ['F1 RESERVE "q" "host!"\r\n', 'F1 OK "done"\r\n'],
  ['F2 FIND "q"\r\n', 'F2 RESERVE {1+}\r\nq {5+}\r\nhost!\r\nF2 OK "Search completed"\r\n'],
  ['F3 RESERVE "q" "host"\r\n', 'F3 NO "mailbox already exists"\r\n'],
  ['F4 DELETE "q"\r\n', 'F4 OK "done"\r\n'],
  ['F5 RESERVE "q" "host"\r\n', 'F5 OK "done"\r\n'],
  ['F6 FIND "q"\r\n', 'F6 RESERVE {1+}\r\nq {4+}\r\nhost\r\nF6 OK "Search completed"\r\n'],
  ['F7 ACTIVATE "q" "other!p" "anyone\tlr\t"\r\n', 'F7 OK "done"\r\n'],
  ['F8 FIND "q"\r\n', 'F8 MAILBOX {1+}\r\nq {7+}\r\nother!p {10+}\r\nanyone\tlr\t\r\nF8 OK "Search completed"\r\n'],
  ['F9 ACTIVATE {1}\r\nq {7}\r\nother!p {0+}\r\n\r\n', '+ go ahead\r\n+ go ahead\r\nF9 OK "done"\r\n'],
  ['G0 FIND "q"\r\n', 'G0 MAILBOX {1+}\r\nq {7+}\r\nother!p {0+}\r\n\r\nG0 OK "Search completed"\r\n'],
  ['G1 RESERVE "q" "other!p"\r\n', 'G1 OK "done"\r\n'],
  ['G2 FIND "q"\r\n', 'G2 RESERVE {1+}\r\nq {7+}\r\nother!p\r\nG2 OK "Search completed"\r\n'],
  ['G3 RESERVE "q" "third!p"\r\n', 'G3 NO "mailbox already exists"\r\n'],
  ['G4 DEACTIVATE "q" "third!p"\r\n', 'G4 NO "mailbox not currently active"\r\n'],
  ['G5 ACTIVATE "q" "other!p!x" ""\r\n', 'G5 OK "done"\r\n'],
  ['G6 DEACTIVATE "q" "x!y"\r\n', 'G6 OK "done"\r\n'],
  ['G7 FIND "q"\r\n', 'G7 RESERVE {1+}\r\nq {3+}\r\nx!y\r\nG7 OK "Search completed"\r\n'],
  ['G8 RESERVE "a.q" "x!y"\r\nG9 ACTIVATE "a-q" "z!y" "me\tl\t"\r\n', 'G8 OK "done"\r\nG9 OK "done"\r\n'],
  [
    'H1 LIST\r\n',
    'H1 RESERVE {3+}\r\na.q {3+}\r\nx!y\r\nH1 MAILBOX {3+}\r\na-q {3+}\r\nz!y {5+}\r\nme\tl\t\r\nH1 RESERVE {1+}\r\nq {3+}\r\nx!y\r\nH1 OK "list complete"\r\n',
  ],
  ['H2 LIST "z!"\r\n', 'H2 MAILBOX {3+}\r\na-q {3+}\r\nz!y {5+}\r\nme\tl\t\r\nH2 OK "list complete"\r\n'],
  ['H3 LIST "a"\r\n', 'H3 OK "list complete"\r\n'],
  ['H4 DELETE "q"\r\nH5 DELETE "q"\r\n', 'H4 OK "done"\r\nH5 NO "mailbox doesn\'t exist"\r\n'],
]

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
