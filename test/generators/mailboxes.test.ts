import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MailboxRecord } from '../../src/core/mailbox.js'
import { mailboxes, userCount } from '../../src/generators/mailboxes.js'
import type { SiteSpec } from '../../src/generators/spec.js'
import { userAt } from '../../src/generators/user.js'
import { decodeModifiedUtf7 } from './modified-utf7.js'
import { makeSite } from './sites.js'

const SITES: readonly { readonly title: string; readonly site: SiteSpec }[] = [
  { title: 'plain', site: makeSite({ names: 'plain' }) },
  { title: 'realistic', site: makeSite() },
  { title: 'virtual domains', site: makeSite({ domains: ['example.com', 'uni.example'] }) },
  { title: 'a prefix', site: makeSite({ userPrefix: 'mupdbench-1f-', domains: ['example.com'] }) },
  { title: 'huge users', site: makeSite({ foldersPerUser: { mean: 1500, max: 5000 } }) },
  {
    title: 'the longest domain and prefix',
    site: makeSite({ domains: ['d'.repeat(255)], userPrefix: 'p'.repeat(105) }),
  },
]

describe.each(SITES)('the mailboxes of a site with $title names', ({ site }) => {
  const records = [...mailboxes(site, 7)]

  it('are as many as asked for, all different, none too long to create', () => {
    expect(records.length).toBe(site.mailboxes)
    expect(new Set(records.map(record => record.name)).size).toBe(site.mailboxes)
    expect(Math.max(...records.map(record => record.name.length))).toBeLessThanOrEqual(490)
  })

  it('are the same bytes for the same seed and others for another', () => {
    expect([...mailboxes(structuredClone(site), 7)]).toEqual(records)
    // Plain names are numbers and the same for all seeds, but neither their places nor their ACLs are.
    expect([...mailboxes(site, 8)]).not.toEqual(records)
  })

  it('have the form that a master knows', () => {
    const prefix = `${site.domains.length === 0 ? '' : '[a-z.]+!'}user\\.${site.userPrefix}`
    const name = new RegExp(`^${prefix}[^.!%*/]+(\\.[^.!%*/]+)*$`)
    const wellFormed = ({ name: text, location, acl, state }: MailboxRecord) =>
      name.test(text) &&
      /^[\x20-\x7e]+$/.test(text) &&
      // What renames end in.
      !/-r\d+$/.test(text) &&
      !/ (\.|$)/.test(text) &&
      /^be1\.example\.com!(default|slow)$|^be2\.example\.com!default$/.test(location) &&
      /^([^\t]+\t[a-z]+\t)+$/.test(acl) &&
      state === 'active'
    expect(records.filter(record => !wellFormed(record))).toEqual([])
  })

  it('have ACLs that begin with the owner and name nobody twice', () => {
    const wrong = records.filter(({ name, acl }) => {
      const ids = acl
        .split('\t')
        .filter((_, i) => i % 2 === 0)
        .slice(0, -1)
      const [domain, local] = name.includes('!') ? name.split('!') : ['', name]
      const owner = local!.split('.')[1]!.replaceAll('^', '.')
      if (ids[0] !== (domain === '' ? owner : `${owner}@${domain}`)) return true
      return new Set(ids).size !== ids.length || ids.length > site.aclEntries.max
    })
    expect(wrong).toEqual([])
  })

  it('are those of its users, one after the other', () => {
    const users = userCount(site, 7)
    const all = Array.from({ length: users }, (_, index) => userAt(site, 7, index).mailboxes)
    expect(all.flat().slice(0, site.mailboxes)).toEqual(records)
    expect(all.slice(0, -1).flat().length).toBeLessThan(site.mailboxes)
  })
})

describe('realistic names', () => {
  const names = [...mailboxes(makeSite({ mailboxes: 200_000 }), 1)].map(record => record.name)

  it.each([
    ['a space', ' '],
    ['a hyphen', '-'],
    ['an apostrophe', "'"],
    ['an escaped dot', '^'],
    ['modified UTF-7', 'Entw&APw-rfe'],
    ['an ampersand', 'R&-D'],
    ['a folder like the real sample', '2023-09_INT_Bornes Wifi'],
  ])('hold %s', (_, part) => {
    expect(names.some(name => name.includes(part))).toBe(true)
  })

  it('lie inside one another, each after the one it lies in', () => {
    const seen = new Set(['user'])
    const orphans = names.filter(name => !seen.add(name).has(name.slice(0, name.lastIndexOf('.'))))
    expect(orphans).toEqual([])
    expect(names.filter(name => name.split('.').length > 3).length / names.length).toBeGreaterThan(0.1)
  })

  it('have lengths with a heavy tail that ends at exactly 490 bytes', () => {
    const lengths = names.map(name => name.length).sort((a, b) => a - b)
    const share = (above: number) => lengths.filter(length => length > above).length / lengths.length
    expect(lengths.at(-1)).toBe(490)
    expect(lengths[lengths.length >> 1]).toBeLessThan(50)
    expect(share(100)).toBeGreaterThan(0.005)
    expect(share(300)).toBeGreaterThan(0.001)
    expect(share(300)).toBeLessThan(0.02)
  })

  it('are valid modified UTF-7', () => {
    expect(names.filter(name => decodeModifiedUtf7(name) === undefined)).toEqual([])
    expect(decodeModifiedUtf7('Entw&APw-rfe')).toBe('Entwürfe')
    expect(decodeModifiedUtf7('R&-D')).toBe('R&D')
    expect(decodeModifiedUtf7('&ZeVnLIqe-')).toBe('日本語')
    expect(decodeModifiedUtf7('a&b')).toBeUndefined()
  })
})

describe('the distributions', () => {
  const records = [...mailboxes(makeSite({ mailboxes: 200_000 }), 3)]
  const count = (text: string) => records.filter(record => record.location.includes(text)).length / records.length

  it.each([
    ['be1.example.com!default', 0.75 * 0.75],
    ['be1.example.com!slow', 0.75 * 0.25],
    ['be2.example.com!default', 0.25],
  ])('%s has its share', (location, share) => {
    expect(Math.abs(count(location) - share)).toBeLessThan(0.02)
  })

  it.each([
    { mean: 1, max: 1 },
    { mean: 1, max: 50 },
    { mean: 5, max: 200 },
    { mean: 30, max: 40 },
    { mean: 40, max: 40 },
  ])('mean and end of folders and ACL entries are $mean and $max', ({ mean, max }) => {
    const site = makeSite({ mailboxes: 50_000, foldersPerUser: { mean, max }, aclEntries: { mean, max } })
    const folders = site.mailboxes / userCount(site, 3)
    let entries = 0
    for (const { acl } of mailboxes(site, 3)) entries += (acl.split('\t').length - 1) / 2
    expect(Math.abs(folders / mean - 1)).toBeLessThan(0.05)
    expect(Math.abs(entries / site.mailboxes / mean - 1)).toBeLessThan(0.1)
  })

  it.each(['anyone\tp\t', '\t-', 'group:'])('ACLs hold %j', text => {
    expect(records.some(record => record.acl.includes(text))).toBe(true)
  })
})

describe('any site', () => {
  it('gives exactly what is asked for', () => {
    fc.assert(
      fc.property(
        fc.record({
          mailboxes: fc.integer({ min: 0, max: 2000 }),
          names: fc.constantFrom('plain' as const, 'realistic' as const),
          domains: fc.array(fc.domain(), { maxLength: 3 }),
          foldersPerUser: fc.record({
            mean: fc.double({ min: 1, max: 50, noNaN: true }),
            max: fc.integer({ min: 1, max: 3000 }),
          }),
          userPrefix: fc.stringMatching(/^[a-z0-9-]{0,40}$/),
        }),
        fc.integer(),
        (changes, seed) => {
          const site = makeSite(changes)
          const names = new Set<string>()
          for (const { name } of mailboxes(site, seed)) {
            names.add(name)
            expect(name.length).toBeLessThanOrEqual(490)
          }
          expect(names.size).toBe(site.mailboxes)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('is refused without backends, and with a prefix that leaves no room', () => {
    expect(() => userAt(makeSite({ backends: [] }), 1, 0)).toThrow(/needs a backend/)
    expect(() => userAt(makeSite({ userPrefix: 'p'.repeat(361) }), 1, 0)).toThrow(/361 bytes/)
  })

  it('makes the user with an index beyond 32 bits', () => {
    const site = makeSite({ names: 'plain' })
    expect(userAt(site, 1, 5_000_000_000).name).toBe('u5000000000')
    expect(userAt(site, 1, 5_000_000_000)).not.toEqual(userAt(site, 1, 5_000_000_000 - 0x1_0000_0000))
  })
})
