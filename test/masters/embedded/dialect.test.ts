import { describe, expect, it } from 'vitest'
import type { DialectName } from '../../../src/masters/embedded/dialect.js'
import { ModelWorld } from './model-world.js'
import { World } from './world.js'

const UNKNOWN = 'NO "mailbox doesn\'t exist"\r\n'
const RESERVE = 'R RESERVE "a" "be1!p"\r\n'

interface Says {
  readonly banner: string
  readonly beforeLogin: string
  readonly reserveAgain: string
  readonly deactivateUnknown: string
  /** Commands of which it dies where it is to. */
  readonly deaths: number
}

/** docs/protocol.md, Dialects */
const SAYS: Readonly<Record<DialectName, Says>> = {
  '2.4': {
    banner: '"Cyrus Murder" "v2.4.18"',
    beforeLogin: 'N BAD Please login first\r\n',
    reserveAgain: 'R NO "mailbox already exists"\r\n',
    deactivateUnknown: 'D NO "mailbox not currently active"\r\n',
    deaths: 0,
  },
  '3.6': {
    banner: '"Cyrus IMAP" "3.6.1"',
    beforeLogin: 'N BAD "Please login first"\r\n',
    reserveAgain: 'R OK "done"\r\n',
    deactivateUnknown: `D ${UNKNOWN}`,
    deaths: 2,
  },
  '3.12': {
    banner: '"Cyrus IMAP" "3.12.3"',
    beforeLogin: 'N BAD "Please login first"\r\n',
    reserveAgain: 'R OK "done"\r\n',
    deactivateUnknown: `D ${UNKNOWN}`,
    deaths: 1,
  },
}

describe.each([
  { master: 'the plain master', Master: World },
  { master: 'a modelled Cyrus', Master: ModelWorld },
])('$master', ({ Master }) => {
  it.each(Object.entries(SAYS))('as %s says what that version says', (name, says) => {
    const dialect = name as DialectName
    const world = new Master({ dialect })
    const stranger = world.connect()
    expect(stranger.take()).toContain(`* OK MUPDATE "test.example.com" ${says.banner} "(master)"`)
    expect(stranger.ask('N NOOP\r\n')).toBe(says.beforeLogin)
    const client = world.login()
    expect(client.ask(RESERVE)).toBe('R OK "done"\r\n')
    expect(client.ask(RESERVE)).toBe(says.reserveAgain)
    expect(client.ask('D DEACTIVATE "b" "be1!p"\r\n')).toBe(says.deactivateUnknown)
    expect(client.ask('D DELETE "b"\r\n')).toBe(`D ${UNKNOWN}`)
    expect(world.deaths).toBe(0)
    const mortal = new Master({ dialect, crashes: true })
    for (const command of ['DELETE "b"', 'DEACTIVATE "b" "be1!p"']) mortal.login().say(`D ${command}\r\n`)
    expect(mortal.deaths).toBe(says.deaths)
  })
})
