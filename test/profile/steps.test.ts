import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { loadProfile } from '../../src/profile/load.js'
import { planOf } from '../../src/profile/plan.js'
import { checkNewNames, checkSteps, listedUsers } from '../../src/profile/step-check.js'
import { stepWords } from '../../src/profile/step-words.js'

const directory = mkdtempSync(join(tmpdir(), 'mupdate-bench-steps-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** A profile with these steps, one after the other; phases are `s0`, `s1` and so on. */
function profileOf(...steps: readonly string[]) {
  const path = join(directory, 'steps.yaml')
  const phases = steps.map((step, i) => `  - { name: s${i}, step: { ${step} }, until: done }\n`).join('')
  writeFileSync(
    path,
    `site: { mailboxes: 100, domains: [a.org, b.org] }\nphases:\n  - { name: preload, run: [preload], until: preloaded }\n${phases}`,
  )
  return loadProfile(path)
}

const LISTED = [
  'a.org!user.joe',
  'a.org!user.joe.Sent',
  'a.org!user.ann^lee',
  'b.org!user.joe',
  'c.org!user.ann^lee',
  'a.org!DELETED.user.jim.65B7B6BC',
  'user.root',
]

function complaint(steps: readonly string[]): string | undefined {
  const profile = profileOf(...steps)
  try {
    checkSteps(profile, () => listedUsers(LISTED))
    checkNewNames(profile, LISTED)
  } catch (error) {
    return (error as Error).message
  }
  return undefined
}

describe('steps that name somebody', () => {
  it.each([
    [['renameDomain: { from: a.org, to: d.org }'], undefined],
    [['renameDomain: { from: d.org, to: e.org }'], 's0: no user is in domain d.org'],
    [['renameDomain: { from: a.org, to: b.org }'], 's0: joe@a.org cannot become joe@b.org, who is there already'],
    // As it is by then.
    [
      ['renameDomain: { from: a.org, to: d.org }', 'renameDomain: { from: c.org, to: d.org }'],
      's1: ann.lee@c.org cannot become ann.lee@d.org, who is there already',
    ],
    [['renameDomain: { from: b.org, to: d.org }', 'renameDomain: { from: a.org, to: b.org }'], undefined],
    [[`renameDomain: { from: a.org, to: ${'d'.repeat(250)} }`, `renameDomain: { from: b.org, to: e.org }`], undefined],
    [['delete: { users: [ann.lee@a.org, root] }'], undefined],
    [['delete: { users: [ann.lee@a.org, ann] }'], 's0: there is no user ann'],
    [['renameDomain: { from: a.org, to: d.org }', 'delete: { users: [joe@a.org] }'], 's1: there is no user joe@a.org'],
    [['create: { users: [zoe] }', 'delete: { users: [zoe] }'], undefined],
    [['create: { users: [zoe, root] }'], 's0: there is a user root already'],
  ])('%j', (steps, says) => {
    expect(complaint(steps)).toBe(says)
  })

  it('with names that would be too long are refused', () => {
    const profile = profileOf(`renameDomain: { from: a.org, to: ${'d'.repeat(250)} }`)
    const name = `a.org!user.joe.${'x'.repeat(300)}`
    expect(() => checkNewNames(profile, [name])).toThrow(/^s0: "a\.org!user\.joe\.x+" would be longer than 490 bytes/)
  })

  it('on a site that is made are looked for when it is planned', () => {
    expect(() => planOf(profileOf('renameDomain: { from: a.org, to: c.org }'), '')).not.toThrow()
    expect(() => planOf(profileOf('renameDomain: { from: c.org, to: d.org }'), '')).toThrow(
      /no user is in domain c\.org/,
    )
    expect(() => planOf(profileOf('move: { users: [u9], to: be1.example.com }'), '')).toThrow(/there is no user u9/)
  })
})

describe('steps in words', () => {
  it.each([
    [
      'replace: { from: be1.example.com, to: be2.example.com, copy: 90s, parallel: 4 }',
      'move all that be1.example.com has to be2.example.com, copying mail for 90s each, 4 users at a time',
    ],
    [
      'move: { users: [u1, u2, u3, u4], to: be2.example.com, copy: 1500ms }',
      'move u1, u2, u3 and 1 more to be2.example.com, copying mail for 1500ms each, one user at a time',
    ],
    ['renameDomain: { from: a.org, to: b.org }', 'rename domain a.org to b.org'],
    ['create: { users: [zoe], on: be1.example.com }', 'create zoe on be1.example.com'],
    ['create: { users: 1200 }', 'create 1,200 users'],
    ['delete: { users: 10, order: lightest }', 'delete 10 users, the lightest first'],
  ])('%s', (step, words) => {
    const { phases } = profileOf(step)
    expect(stepWords(phases[1]!.step!)).toBe(words)
  })

  it('keep their times in the profile that is written beside the results', () => {
    expect(profileOf('replace: { from: be1.example.com, to: be2.example.com, copy: 90s }').yaml).toMatch(/copy: 90s\n/)
  })
})

describe('restarts one after the other', () => {
  function eventsOf(event: string) {
    const path = join(directory, 'events.yaml')
    writeFileSync(
      path,
      `site: { mailboxes: 1 }\nslaves: { count: 3, others: [{ count: 2 }] }\nphases: [{ name: a, duration: 2m, events: [${event}] }]\n`,
    )
    return planOf(loadProfile(path), '').phases[0]!.events.map(({ atNs, affair }) => ({ atS: atNs / 1e9, ...affair }))
  }

  it('take the time that is given, the first at once and the last at its end', () => {
    const restart = { kind: 'restart', slaves: 1 }
    expect(eventsOf('{ at: 1s, do: restart, over: 20s }')).toEqual(
      [1, 6, 11, 16, 21].map((atS, first) => ({ atS, ...restart, first })),
    )
    expect(eventsOf('{ at: 1s, do: restart, slaves: 2, over: 20s, every: 1m, times: 2 }')).toEqual(
      [1, 21, 61, 81].map((atS, i) => ({ atS, ...restart, first: i % 2 })),
    )
    expect(eventsOf('{ at: 1s, do: restart, slaves: 1, over: 20s }')).toEqual([{ atS: 1, ...restart, first: 0 }])
  })

  it.each([
    ['{ at: 1s, do: freeze, for: 1s, over: 2s }', /`over` goes with restart alone/],
    ['{ at: 1s, do: restart, over: 119s }', /the phase has ended by then/],
  ])('%s is refused', (event, says) => {
    expect(() => eventsOf(event)).toThrow(says)
  })
})
