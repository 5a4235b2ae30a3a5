import { describe, expect, it } from 'vitest'
import { LogDigest } from '../../src/verdict/log-digest.js'
import { lossOf, reasonsAgainst } from '../../src/verdict/upgrade.js'

const found = (count: number) => ({ count, first: ['user.a'] })

describe('reasonsAgainst', () => {
  const whole = { expected: 1000, listed: 1000, losses: {}, failure: null }

  it('has nothing against a list that is whole', () => {
    expect(reasonsAgainst(whole)).toEqual([])
  })

  it.each([
    ['an empty list', { listed: 0, losses: { missing: found(1000) } }, [/^the list is EMPTY: all 1,000/]],
    ['a shrunk one', { listed: 990, losses: { missing: found(10) } }, [/shrunk: 990 of 1,000/, /^10 missing/]],
    [
      'one with others in place of some',
      { losses: { missing: found(2), more: found(2) } },
      [/^2 missing/, /^2 that were/],
    ],
    ['mailboxes elsewhere', { losses: { elsewhere: found(3) } }, [/^3 on another server/]],
    ['another state', { losses: { state: found(1) } }, [/^1 active that were reserved/]],
    ['another ACL', { losses: { acl: found(1) } }, [/^1 with another ACL/]],
    ['a lost flag', { losses: { local: found(1000) } }, [/^1,000 no longer marked as remote/]],
    ['a count that is not that of the dump', { listed: 1001 }, [/^LIST has 1,001/]],
    ['a master that died', { listed: null, failure: 'it died' }, [/^it died/]],
    ['one that died after all was well', { failure: 'it died' }, [/^it died/]],
  ])('says what is against %s', (_, changes, expected) => {
    const reasons = reasonsAgainst({ ...whole, ...changes })
    expect(reasons).toHaveLength(expected.length)
    for (const [i, reason] of reasons.entries()) expect(reason).toMatch(expected[i]!)
  })

  it('has nothing against reserved ones that are gone, and all against others', () => {
    const dropped = { dropped: found(2) }
    expect(reasonsAgainst({ ...whole, listed: 998, losses: dropped })).toEqual([])
    expect(reasonsAgainst({ ...whole, listed: 997, losses: dropped })).not.toEqual([])
  })

  it('passes nothing that was not counted', () => {
    expect(reasonsAgainst({ ...whole, listed: null })).not.toEqual([])
  })
})

describe('lossOf', () => {
  const line = { name: 'user.a', state: 'active', location: 'be1!p', acl: 'a\tlrs\t' }
  const reserved = { ...line, state: 'reserved', acl: '' }

  it.each([
    [line, line, undefined],
    [line, undefined, 'missing'],
    [undefined, line, 'more'],
    [reserved, undefined, 'dropped'],
    [reserved, { ...reserved, state: 'active' }, 'state'],
    [line, { ...line, location: 'be2!p' }, 'elsewhere'],
    [line, { ...line, acl: '' }, 'acl'],
  ])('of %j and %j is %s', (before, after, loss) => expect(lossOf(before, after)).toBe(loss))
})

describe('LogDigest', () => {
  it('tells once what is said of each mailbox, and nothing of what goes well', () => {
    const digest = new LogDigest()
    for (const name of ['a', 'b', 'c']) {
      digest.add(`ctl_cyrusdb[12]: Failed to open mailbox 'user.${name}'`)
      digest.add(`mupdate[13]: login: localhost murder PLAIN User logged in`)
    }
    for (const name of ['user.a', "user.o'b c"]) digest.add(`ctl_mboxlist: mailbox name too long: ${name}`)
    digest.add('ctl_cyrusdb[12]: IOERROR: opening index failed: mailbox=<user.a>')
    expect(digest.all()).toEqual([
      { count: 3, line: "ctl_cyrusdb: Failed to open mailbox 'user.a'" },
      { count: 2, line: 'ctl_mboxlist: mailbox name too long: user.a' },
      { count: 1, line: 'ctl_cyrusdb: IOERROR: opening index failed: mailbox=<user.a>' },
    ])
  })
})
