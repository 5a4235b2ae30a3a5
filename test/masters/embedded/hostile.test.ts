import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ModelWorld } from './model-world.js'
import { World } from './world.js'

const pieces = [
  'A ACTIVATE "a.b" "be!p" "x\tl\t"\r\n',
  'B RESERVE {3+}\r\na.b {4+}\r\nbe!p\r\n',
  'C DELETE "a.b"\r\n',
  'D DEACTIVATE "a.b" "be!p"\r\n',
  'E FIND {3}\r\na.b\r\n',
  'F LIST "be"\r\n',
  'G UPDATE "be"\r\n',
  'H NOOP\r\n',
  'I AUTHENTICATE "PLAIN"\r\n',
  '{5+}\r\n',
  '{99999999999999999999}',
  '"',
  '\\',
  '\0',
  '\r',
  '\n',
  ' ',
  '{',
]
const noise = fc.oneof(
  fc.constantFrom(...pieces),
  fc.uint8Array({ maxLength: 20 }).map(bytes => Buffer.from(bytes).toString('latin1')),
)

describe.each([
  { master: 'the plain master', Master: World },
  { master: 'a modelled Cyrus', Master: ModelWorld },
])('hostile input to $master', ({ Master }) => {
  it('is answered, refused or waited for, and hurts no one else', () => {
    fc.assert(
      fc.property(fc.array(noise, { maxLength: 60 }), fc.boolean(), (said, loggedIn) => {
        const world = new Master({ failedLoginPauseMs: 0 })
        const client = loggedIn ? world.login() : world.connect()
        for (const text of said) client.say(text)
        world.passS(6)
        expect(world.login().ask('N NOOP\r\n')).toBe('N OK "Noop done"\r\n')
        const list = world.login().ask('L LIST\r\n')
        expect(list).toMatch(/^(L (MAILBOX|RESERVE)|L OK "list complete"\r\n$)/)
        expect(list.match(/L OK "list complete"\r\n$/)).not.toBeNull()
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    ['a literal', 'A FIND {524289+}\r\n'],
    ['a literal of 4 GB', 'A FIND {4294967296}\r\n'],
    ['a literal to be skipped', 'A BOGUS {99999999+}\r\n'],
    ['a word', 'A'.repeat(140_000)],
    ['a quoted string', `A FIND "${'x'.repeat(140_000)}`],
    ['a line', `A BOGUS ${'x'.repeat(1_100_000)}`],
    ['literals, together', `A ACTIVATE ${`{500000+}\r\n${'x'.repeat(500_000)} `.repeat(2)}{500000+}\r\n`],
  ])('%s that is too long ends the connection, with a reason', (_, said) => {
    const world = new Master()
    const client = world.login()
    client.say(said)
    expect(client.take()).toMatch(/^\* BYE "[^"\r\n]+"\r\n$/)
    expect(client.destroyed).toBe(true)
    expect(client.ask('N NOOP\r\n')).toBe('')
    expect(world.reports).toHaveLength(1)
  })

  it('an answer to a challenge that has no end ends the connection, with a reason', () => {
    const client = new Master().connect()
    client.say('A AUTHENTICATE "PLAIN"\r\n')
    for (let i = 0; i < 40; i++) client.say('x'.repeat(1000))
    expect(client.take()).toMatch(/\* BYE "a SASL response of \d+ bytes or more"\r\n$/)
    expect(client.destroyed).toBe(true)
  })

  it('names of servers that nobody asks for any more are forgotten', () => {
    const world = new Master()
    for (const servers of ['"a" "b" "c"', '"d"', '"e" "f"']) {
      const client = world.login()
      client.say(`U UPDATE ${servers}\r\n`)
      client.connection.close()
      world.settle()
    }
    expect(world.core.serverId('another')).toBe(0)
  })

  it('that comes along with a good command is refused after its answer', () => {
    const client = new Master().login()
    client.say('N NOOP\r\nA FIND {524289+}\r\n')
    expect(client.take()).toMatch(/^N OK "Noop done"\r\n\* BYE "/)
  })

  it('a literal that comes in drops is read once, at its end', () => {
    const client = new Master().login()
    client.say('A FIND {400000+}\r\n')
    for (let i = 0; i < 4000; i++) client.say('x'.repeat(100))
    expect(client.take()).toBe('')
    expect(client.ask('\r\n')).toBe('A OK "Search completed"\r\n')
  })
})
