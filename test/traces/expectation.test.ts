import { describe, expect, it } from 'vitest'
import type { MailboxRecord } from '../../src/core/mailbox.js'
import { DEFAULT_ACL, DEFAULT_LOCATION, Expectation } from '../../src/traces/expectation.js'
import type { Answer, TracedCommand } from '../../src/traces/trace.js'

const NAME = 'user.a'
const DELETE: TracedCommand = { kind: 'DELETE', name: NAME }
const FIND: TracedCommand = { kind: 'FIND', name: NAME }
const RESERVE: TracedCommand = { kind: 'RESERVE', name: NAME, location: 'be1!p' }
const DEACTIVATE: TracedCommand = { kind: 'DEACTIVATE', name: NAME, location: 'be1!p' }
const ACTIVATE: TracedCommand = { kind: 'ACTIVATE', name: NAME, location: 'be1!p', acl: 'a\tl\t' }
const UNKNOWN: MailboxRecord = { name: NAME, location: DEFAULT_LOCATION, acl: DEFAULT_ACL, state: 'active' }
const RECORD: MailboxRecord = { name: NAME, location: 'be2!q', acl: 'b\tl\t', state: 'active' }

type Said = readonly [command: TracedCommand, answer?: Answer, isFound?: boolean]

function before(...said: readonly Said[]): MailboxRecord[] {
  const expectation = new Expectation()
  for (const [i, [command, answer, isFound]] of said.entries())
    expectation.addCommand(command, 1000 + i, answer, isFound === true)
  return [...expectation.mailboxes()]
}

describe('what was on the master before', () => {
  it.each<{ what: string; said: readonly Said[]; expected: readonly MailboxRecord[] }>([
    { what: 'what is deleted', said: [[DELETE, 'OK']], expected: [UNKNOWN] },
    { what: 'what is deleted, whoever died of it', said: [[DELETE]], expected: [UNKNOWN] },
    { what: 'what is deactivated', said: [[DEACTIVATE, 'OK']], expected: [{ ...UNKNOWN, location: 'be1!p' }] },
    {
      what: 'what is activated without a RESERVE',
      said: [
        [ACTIVATE, 'OK'],
        [DELETE, 'OK'],
      ],
      expected: [{ ...UNKNOWN, location: 'be1!p', acl: 'a\tl\t' }],
    },
    { what: 'what cannot be reserved', said: [[RESERVE, 'NO']], expected: [UNKNOWN] },
    { what: 'what is looked up, as far as it is known', said: [[FIND]], expected: [UNKNOWN] },
    {
      what: 'nothing that is created first',
      said: [
        [RESERVE, 'OK'],
        [ACTIVATE, 'OK'],
        [DELETE, 'OK'],
      ],
      expected: [],
    },
    {
      what: 'nothing that is looked up in vain',
      said: [
        [FIND, 'OK', false],
        [ACTIVATE, 'OK'],
      ],
      expected: [],
    },
    {
      what: 'nothing that could not be deleted',
      said: [
        [DELETE, 'NO'],
        [RESERVE, 'OK'],
      ],
      expected: [],
    },
    { what: 'nothing that is spoken of in a way that was not understood', said: [[DELETE, 'BAD']], expected: [] },
  ])('is $what', ({ said, expected }) => expect(before(...said)).toEqual(expected))

  it('is what a list shows, and where', () => {
    const expectation = new Expectation()
    expectation.addRecord(RECORD, 1000, false)
    expectation.addRecord({ ...RECORD, name: 'user.b', acl: '', state: 'reserved' }, 1000, false)
    expectation.addCommand(DELETE, 1001, 'OK', false)
    expect([...expectation.mailboxes()]).toEqual([RECORD, { ...RECORD, name: 'user.b', acl: '', state: 'reserved' }])
    expect([...expectation.names]).toEqual([NAME, 'user.b'])
  })

  it('goes by time, in whatever order connections are read', () => {
    const created = (expectation: Expectation) => expectation.addCommand(RESERVE, 1000.5, 'OK', false)
    const listed = (expectation: Expectation) => expectation.addRecord(RECORD, 1000, false)
    const deleted = (expectation: Expectation) => expectation.addCommand(DELETE, 1000.7, 'OK', false)
    for (const order of [
      [created, listed, deleted],
      [deleted, listed, created],
      [listed, deleted, created],
    ]) {
      const expectation = new Expectation()
      for (const add of order) add(expectation)
      expect([...expectation.mailboxes()]).toEqual([])
    }
  })

  it('lies where a later list shows it', () => {
    const expectation = new Expectation()
    expectation.addRecord(RECORD, 1005, false)
    expectation.addCommand({ kind: 'FIND', name: NAME }, 1000, undefined, false)
    expect([...expectation.mailboxes()]).toEqual([RECORD])
  })
})
