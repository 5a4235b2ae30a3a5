import { describe, expect, it } from 'vitest'
import { KnownMailboxes } from '../../src/traces/known-mailboxes.js'
import type { Answer, TracedCommand } from '../../src/traces/trace.js'

const NAME = 'user.a'
const LOCATION = 'be1!p'
const COMMANDS = {
  ACTIVATE: { kind: 'ACTIVATE', name: NAME, location: LOCATION, acl: '' },
  RESERVE: { kind: 'RESERVE', name: NAME, location: LOCATION },
  DEACTIVATE: { kind: 'DEACTIVATE', name: NAME, location: LOCATION },
  DELETE: { kind: 'DELETE', name: NAME },
  FIND: { kind: 'FIND', name: NAME },
} as const satisfies Record<string, TracedCommand>
type Verb = keyof typeof COMMANDS

/** Which of the two would kill a master after all that. */
function deadly(
  state: 'active' | 'reserved' | undefined,
  ...said: readonly (readonly [Verb, Answer | undefined])[]
): string {
  const known = new KnownMailboxes()
  if (state !== undefined) known.add({ name: NAME, state })
  for (const [verb, answer] of said) known.answered(COMMANDS[verb], answer)
  for (const verb of ['ACTIVATE', 'RESERVE', 'FIND'] as const) expect(known.danger(COMMANDS[verb])).toBeUndefined()
  return (['DELETE', 'DEACTIVATE'] as const).filter(verb => known.danger(COMMANDS[verb]) !== undefined).join(' ')
}

describe('known mailboxes', () => {
  it('hold back what kills a master', () => {
    expect(deadly(undefined)).toBe('DELETE DEACTIVATE')
    expect(deadly('reserved')).toBe('DEACTIVATE')
    expect(deadly('active')).toBe('')
  })

  it('go by what was answered', () => {
    expect(deadly(undefined, ['RESERVE', 'OK'])).toBe('DEACTIVATE')
    expect(deadly(undefined, ['RESERVE', 'OK'], ['ACTIVATE', 'OK'])).toBe('')
    expect(deadly('active', ['RESERVE', 'OK'])).toBe('DEACTIVATE')
    expect(deadly('active', ['RESERVE', 'NO'])).toBe('')
    expect(deadly('active', ['DEACTIVATE', 'OK'])).toBe('DEACTIVATE')
    expect(deadly('active', ['DELETE', 'OK'])).toBe('DELETE DEACTIVATE')
    expect(deadly('active', ['DELETE', 'BAD'])).toBe('')
    expect(deadly(undefined, ['ACTIVATE', 'BAD'], ['FIND', 'OK'])).toBe('DELETE DEACTIVATE')
  })

  it('doubt what was never answered', () => {
    expect(deadly('active', ['DELETE', undefined])).toBe('DELETE DEACTIVATE')
    expect(deadly('active', ['DEACTIVATE', undefined])).toBe('DELETE DEACTIVATE')
    expect(deadly('active', ['RESERVE', undefined])).toBe('DEACTIVATE')
    expect(deadly(undefined, ['RESERVE', undefined])).toBe('DELETE DEACTIVATE')
    expect(deadly(undefined, ['ACTIVATE', undefined])).toBe('DELETE DEACTIVATE')
    expect(deadly('reserved', ['ACTIVATE', undefined])).toBe('DEACTIVATE')
    expect(deadly('active', ['ACTIVATE', undefined])).toBe('')
  })
})
