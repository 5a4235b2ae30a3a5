import { describe, expect, it } from 'vitest'
import { ModelWorld } from './model-world.js'
import { World } from './world.js'

const MASTERS = [
  { master: 'the plain master', Master: World },
  { master: 'a modelled Cyrus', Master: ModelWorld },
] as const

/** What versions differ in: commands of one connection, in order. 3.6's are as a real one answers: test/cyrus/dialect.test.ts. */
const SAID = [
  'A RESERVE "q" "be!p"\r\n',
  'B RESERVE "q" "be!p"\r\n',
  'C RESERVE "q" "other!p"\r\n',
  'D DEACTIVATE "q" "be!p"\r\n',
  'E DEACTIVATE "q" "other!p"\r\n',
  'F DEACTIVATE "nosuch" "be!p"\r\n',
  'G DELETE "nosuch"\r\n',
]
const EXISTS = 'NO "mailbox already exists"'
const DONE = 'OK "done"'
const NOT_THERE = 'NO "mailbox doesn\'t exist"'
const NOT_ACTIVE = 'NO "mailbox not currently active"'

describe.each(MASTERS)('$master', ({ Master }) => {
  it.each([
    ['2.4', '"Cyrus Murder" "v2.4.18"', [DONE, EXISTS, EXISTS, NOT_ACTIVE, NOT_ACTIVE, NOT_ACTIVE, NOT_THERE]],
    ['3.6', '"Cyrus IMAP" "3.6.1"', [DONE, DONE, EXISTS, DONE, NOT_ACTIVE, NOT_THERE, NOT_THERE]],
    ['3.12', '"Cyrus IMAP" "3.12.3"', [DONE, DONE, EXISTS, DONE, NOT_ACTIVE, NOT_THERE, NOT_THERE]],
  ] as const)('speaks %s', (dialect, name, answers) => {
    const world = new Master({ dialect, compress: true })
    expect(world.connect().take()).toBe(
      `* AUTH "PLAIN"\r\n* COMPRESS "DEFLATE"\r\n* PARTIAL-UPDATE\r\n* OK MUPDATE "test.example.com" ${name} "(master)"\r\n`,
    )
    const client = world.login()
    const heard = SAID.map(said => client.ask(said).slice(2, -2))
    expect(heard).toEqual(answers)
  })

  it.each([
    ['2.4', 'Please login first'],
    ['3.6', '"Please login first"'],
    ['3.12', '"Please login first"'],
  ] as const)('%s wants a login first in these words', (dialect, words) => {
    const client = new Master({ dialect }).connect()
    client.take()
    expect(client.ask('A NOOP\r\n')).toBe(`A BAD ${words}\r\n`)
  })

  it('knows STARTTLS also where it has no certificate, but 3.12', () => {
    const answer = (dialect?: '3.12') => {
      const client = new Master(dialect === undefined ? {} : { dialect }).connect()
      client.take()
      return client.ask('A STARTTLS x\r\nB NOOP\r\n')
    }
    expect(answer()).toBe('A BAD "Extra arguments"\r\nB BAD "Please login first"\r\n')
    expect(answer('3.12')).toBe('A BAD "Unrecognized command"\r\nB BAD "Please login first"\r\n')
  })

  it.each([
    ['2.4', 0],
    ['3.6', 3],
    ['3.12', 1],
  ] as const)('dies as %s would, if asked to', (dialect, expected) => {
    const world = new Master({ dialect, crashes: true })
    const client = world.login()
    for (const said of SAID) client.say(said)
    expect(world.deaths).toBe(expected)
    expect(world.reports.filter(line => line.startsWith('signaled to death'))).toHaveLength(expected)
  })
})
