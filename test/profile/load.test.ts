import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isHarnessError } from '../../src/core/errors.js'
import { keysAt, nearest } from '../../src/core/nearest-key.js'
import { arrivalSpec, loadProfile, PROFILES_DIRECTORY } from '../../src/profile/load.js'
import { profileSchema } from '../../src/profile/schema.js'

const GOOD = `\
site:
  mailboxes: 10
slaves: { count: 2 }
phases:
  - name: steady
    run: [slaves]
    duration: 1s
`

let directory: string
let path: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mupdate-bench-profile-'))
  path = join(directory, 'mine.yaml')
})

afterEach(() => {
  rmSync(directory, { recursive: true, force: true })
})

function load(text: string, sets: readonly string[] = []) {
  writeFileSync(path, text)
  return loadProfile(path, sets)
}

/** @returns code and message of what loading throws */
function complaint(text: string, sets: readonly string[] = []): { code: string; message: string } {
  try {
    load(text, sets)
  } catch (error) {
    if (isHarnessError(error)) return { code: error.code, message: error.message }
    throw error
  }
  throw new Error('it was accepted')
}

describe('a profile', () => {
  it('gets every default, durations in ns, and its name from its file', () => {
    const profile = load(GOOD)
    expect(profile).toMatchObject({
      name: 'mine',
      seed: 1,
      slaves: { count: 2, retryDelay: 20e9, start: 'staggered' },
      phases: [{ name: 'steady', duration: 1e9, limit: 60e9 }],
      thresholds: [],
    })
    expect(profile.site.backends.map(backend => backend.server)).toContain('be8.example.com')
  })

  it('waits for a comparison as long as slaves need, by default', () => {
    const compared = GOOD.replace('duration: 1s', 'until: converged')
    expect(load(compared).phases[0]!.limit).toBe(140e9)
    expect(load(compared, ['slaves.retryDelay=2s']).phases[0]!.limit).toBe(70e9)
    const short = `${compared}    limit: 39s\n`
    expect(complaint(short).message).toMatch(/phases\.0\.limit: slaves may take 40 s to come through/)
    expect(load(short, ['slaves.retryDelay=2s']).phases[0]!.limit).toBe(39e9)
  })

  it('may name its backends, with weights and partitions of their own', () => {
    const backends = '[{ server: imap1, weight: 3, partitions: { fast: 1, slow: 2 } }, { server: imap2 }]'
    const profile = load(GOOD.replace('mailboxes: 10', `mailboxes: 10\n  partitions: 1\n  backends: ${backends}`))
    expect(profile.site.backends).toEqual([
      {
        server: 'imap1',
        weight: 3,
        partitions: [
          { name: 'fast', weight: 1 },
          { name: 'slow', weight: 2 },
        ],
      },
      { server: 'imap2', weight: 1, partitions: [{ name: 'default', weight: 1 }] },
    ])
    expect(load(profile.yaml).site).toEqual(profile.site)
  })

  it.each(readdirSync(PROFILES_DIRECTORY).map(file => file.replace('.yaml', '')))('%s, a ready one, is valid', name => {
    const profile = loadProfile(name)
    expect(profile.name).toBe(name)
    expect(profile.description).not.toBe('')
  })

  it.each([
    {
      name: 'a misspelt key',
      from: 'slaves: { count',
      to: 'slaves: { cuont',
      at: '3:11',
      says: 'slaves: unknown key "cuont"; did you mean "count"?',
    },
    { name: 'a misspelt section', from: 'slaves:', to: 'slavs:', at: '3:1', says: 'did you mean "slaves"?' },
    {
      name: 'a key in a list',
      from: 'duration',
      to: 'duraton',
      at: '7:5',
      says: 'phases.0: unknown key "duraton"; did you mean "duration"?',
    },
    {
      name: 'a key like no other',
      from: 'slaves: {',
      to: 'slaves: { zzzzzz: 1,',
      at: '3:11',
      says: 'unknown key "zzzzzz"',
    },
    { name: 'a wrong type', from: 'count: 2', to: 'count: two', at: '3:18', says: 'slaves.count: ' },
    { name: 'a number out of range', from: 'count: 2', to: 'count: -2', at: '3:18', says: 'slaves.count: ' },
    { name: 'a duration without a unit', from: '1s', to: '"1"', at: '7:15', says: '"1" is not a duration' },
    { name: 'an unknown runnable', from: '[slaves]', to: '[slave]', at: '6:11', says: 'phases.0.run.0' },
    { name: 'a key that is missing', from: '  mailboxes: 10', to: '  backends: 2', at: '2:3', says: 'site.mailboxes' },
    {
      name: 'both ends of a phase',
      from: 'duration: 1s',
      to: 'duration: 1s\n    until: idle',
      at: '5:5',
      says: 'either a duration or a condition',
    },
    {
      name: 'a misspelt key of a backend in a list',
      from: '  mailboxes: 10',
      to: '  mailboxes: 10\n  backends: [{ servr: a }]',
      at: '3:16',
      says: 'site.backends.0: unknown key "servr"; did you mean "server"?',
    },
    {
      name: 'a backend of weight 0',
      from: '  mailboxes: 10',
      to: '  mailboxes: 10\n  backends: [{ server: a, weight: 0 }]',
      at: '3:35',
      says: 'site.backends.0.weight',
    },
    {
      name: 'neither a number nor a list of backends',
      from: '  mailboxes: 10',
      to: '  mailboxes: 10\n  backends: many',
      at: '3:13',
      says: 'site.backends',
    },
    {
      name: 'two phases of one name',
      from: '    duration: 1s',
      to: '    duration: 1s\n  - { name: steady, duration: 1s }',
      at: '8:13',
      says: 'a second phase "steady"',
    },
    {
      name: 'a threshold on no phase',
      from: 'site:',
      to: 'thresholds: ["stady: create.failed == 0"]\nsite:',
      at: '1:14',
      says: 'there is no phase "stady"',
    },
    { name: 'web users of no page', from: '[slaves]', to: '[http]', at: '6:10', says: 'no `http` says which page' },
    {
      name: 'web users of no web',
      from: 'site:',
      to: 'http: { url: "javascript:1" }\nsite:',
      at: '1:14',
      says: 'http.url',
    },
    {
      name: 'operations without a weight',
      from: 'site:',
      to: 'backends: { mix: { create: 0 } }\nsite:',
      at: '1:18',
      says: 'at least one operation',
    },
    {
      name: 'an event after the end of its phase',
      from: 'duration: 1s',
      to: 'duration: 1s\n    events: [{ at: 1s, do: restart }]',
      at: '8:20',
      says: 'phases.0.events.0.at: the phase has ended by then',
    },
    {
      name: 'a train of events that goes on after its phase',
      from: 'duration: 1s',
      to: 'duration: 1s\n    events: [{ at: 0s, do: restart, every: 400ms, times: 4 }]',
      at: '8:20',
      says: 'the phase has ended by then',
    },
    {
      name: 'a comparison while mailboxes change',
      from: '    run: [slaves]\n    duration: 1s',
      to: '    run: [slaves, backends]\n    until: converged',
      at: '5:5',
      says: 'nothing may change meanwhile',
    },
    {
      name: 'the name of the comparison at the end',
      from: 'name: steady',
      to: 'name: compare',
      at: '5:11',
      says: 'the comparison at the end has the name "compare"',
    },
    { name: 'a duration beyond all timers', from: '1s', to: '25d', at: '7:15', says: 'too long' },
    { name: 'no YAML', from: '[slaves]', to: '[slaves', at: '7:5', says: '' },
    { name: 'a key given twice', from: 'slaves: { count: 2 }', to: 'seed: 1\nseed: 2', at: '4:1', says: 'unique' },
    {
      name: 'a bad threshold',
      from: 'site:',
      to: 'thresholds: [p99 2s]\nsite:',
      at: '1:14',
      says: '"p99 2s" is not a threshold',
    },
  ])('with $name is refused with its place', ({ from, to, at, says }) => {
    const { code, message } = complaint(GOOD.replace(from, to))
    expect(code).toBe('PROFILE_INVALID')
    expect(
      message.split('\n').some(line => line.startsWith(`${path}:${at}: `) && line.includes(says)),
      message,
    ).toBe(true)
  })

  it('tells all mistakes at once', () => {
    const { message } = complaint(GOOD.replace('count', 'cuont').replace('mailboxes: 10', 'mailboxes: ten'))
    expect(message.split('\n')).toHaveLength(2)
  })

  it('that is empty, or not there, is refused', () => {
    expect(complaint('').code).toBe('PROFILE_INVALID')
    expect(complaint('- 1\n').code).toBe('PROFILE_INVALID')
    expect(() => loadProfile(join(directory, 'none.yaml'))).toThrow(/there is no profile/)
    expect(() => loadProfile(directory)).toThrow(/is a directory/)
  })
})

describe('--set', () => {
  it('changes, adds, and is written into the profile that lies with the results', () => {
    const sets = [
      'slaves.count=7',
      'phases.0.duration=3s',
      'probes.rate=50',
      'thresholds=[slaves.timeouts == 0]',
      'seed=9',
    ]
    const profile = load(GOOD, sets)
    expect(profile).toMatchObject({
      seed: 9,
      slaves: { count: 7 },
      probes: { rate: 50 },
      phases: [{ name: 'steady', duration: 3e9 }],
      thresholds: [{ path: 'slaves.timeouts' }],
    })
    const { yaml: _, ...again } = load(profile.yaml)
    const { yaml: __, ...before } = profile
    expect(again).toEqual(before)
  })

  it.each([
    { set: 'slaves.count', says: 'no "="', code: 'USAGE' },
    { set: '=3', says: 'no "="', code: 'USAGE' },
    { set: 'slaves.count.more=3', says: '--set slaves.count.more=3', code: 'USAGE' },
    { set: 'slaves.cuont=3', says: 'did you mean "count"?', code: 'PROFILE_INVALID' },
    { set: 'slaves.count=many', says: 'slaves.count', code: 'PROFILE_INVALID' },
  ])('$set is refused', ({ set, says, code }) => {
    const refused = complaint(GOOD, [set])
    expect(refused.code).toBe(code)
    expect(refused.message).toContain(says)
    // What was given on the command line has no place in the file.
    expect(refused.message).not.toContain('NaN')
  })
})

describe('nearest', () => {
  it.each([
    { word: 'retrydelay', near: 'retryDelay' },
    { word: 'cuont', near: 'count' },
    { word: 'x', near: undefined },
    { word: 'somethingElse', near: undefined },
  ])('of $word is $near', ({ word, near }) => {
    expect(nearest(word, keysAt(profileSchema, ['slaves']))).toBe(near)
  })

  it('knows the keys of each place, also in lists and variants', () => {
    expect(keysAt(profileSchema, ['phases', 0])).toContain('duration')
    expect(keysAt(profileSchema, ['backends', 'arrivals'])).toEqual(
      expect.arrayContaining(['rate', 'concurrency', 'every']),
    )
    expect(keysAt(profileSchema, ['nowhere'])).toEqual([])
  })
})

describe('arrivalSpec', () => {
  it('lets a ramp rise over its phase', () => {
    expect(arrivalSpec({ kind: 'ramp', from: 1, to: 5 }, 9e9)).toEqual({
      kind: 'ramp',
      fromPerSecond: 1,
      toPerSecond: 5,
      durationNs: 9e9,
    })
  })
})
