import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Anonymiser } from '../../src/dumps/anonymiser.js'
import { Permutation } from '../../src/dumps/permutation.js'

const anonymiser = new Anonymiser(Buffer.from('a key that nobody knows'))
const LOWER = 26

describe('a permutation', () => {
  it.each([[[LOWER]], [[10, LOWER]], [[10, 10, 10]]])('of words of %j makes no two the same', radices => {
    const permutation = new Permutation(Buffer.from('key'))
    const words = radices.reduce<number[][]>(
      (all, radix) => all.flatMap(word => Array.from({ length: radix }, (_, letter) => [...word, letter])),
      [[]],
    )
    const made = words.map(word => permutation.of(word, radices))
    expect(new Set(made.map(word => word.join())).size).toBe(words.length)
    for (const word of made) for (const [i, letter] of word.entries()) expect(letter).toBeLessThan(radices[i]!)
    expect(made).not.toEqual(words)
    expect(new Permutation(Buffer.from('other')).of([1, 2, 3], [10, 10, 10])).not.toEqual(
      permutation.of([1, 2, 3], [10, 10, 10]),
    )
  })
})

describe('anonymised', () => {
  it('names have the same form, and no letter by itself tells another', () => {
    const name = anonymiser.name('user.jean^dupont42.Projet 2024-X')
    expect(name).toMatch(/^user\.[a-z]{4}\^[a-z]{6}\d\d\.[A-Z][a-z]{5} \d{4}-[A-Z]$/)
    expect(name).not.toContain('jean')
    expect(anonymiser.name('user.jean^dupont43')).not.toBe(name.slice(0, 'user.jean^dupont43'.length))
  })

  it('the same word is the same in names, domains and ACLs', () => {
    const user = anonymiser.name('user.jean^dupont').slice('user.'.length)
    const acl = anonymiser.acl('jean.dupont\tlrs\tanyone\tp\t-jean\tw\tgroup:jean\tl\t')
    const jean = user.split('^')[0]!
    expect(acl).toBe(`${user.replace('^', '.')}\tlrs\tanyone\tp\t-${jean}\tw\tgroup:${jean}\tl\t`)
    expect(anonymiser.name('jean.example!user.jean')).toBe(`${anonymiser.acl('jean.example').trim()}!user.${jean}`)
  })

  it.each(['user', 'user.', 'DELETED.user', 'INBOX', 'Sent Items', 'user..'])('%j stays', name =>
    expect(anonymiser.name(name)).toBe(name),
  )

  it('keeps when something was deleted, and folders that everybody has', () => {
    expect(anonymiser.name('DELETED.user.bob.Sent.6B046CCB')).toMatch(/^DELETED\.user\.[a-z]{3}\.Sent\.6B046CCB$/)
  })

  it('what is in modified UTF-7 stays in it, in letters of the same alphabet', () => {
    const decoded = (text: string) =>
      text.replaceAll(/&([A-Za-z0-9+,]+)-/g, (_, base64: string) =>
        Buffer.from(base64.replaceAll(',', '/'), 'base64').swap16().toString('utf16le'),
      )
    // été, привет, 邮件
    for (const [component, alphabet] of [
      ['&AOk-t&AOk-', /^[\xc0-\xff]t?[a-z][\xc0-\xff]$/],
      ['&BD8EQAQ4BDIENQRC-', /^[\u0400-\u04ff]{6}$/],
      ['&kK5O9g-', /^[\u4e00-\u9fff]{2}$/],
    ] as const) {
      const changed = anonymiser.name(`user.x.${component}`).split('.')[2]!
      expect(changed).toHaveLength(component.length)
      expect(changed).not.toBe(component)
      expect(decoded(changed)).toMatch(alphabet)
    }
  })

  it('identifiers in UTF-8 are as long in UTF-8', () => {
    const identifier = Buffer.from('josé-müller').toString('latin1')
    const changed = Buffer.from(anonymiser.acl(`${identifier}\tl\t`).split('\t')[0]!, 'latin1')
    expect(changed).toHaveLength(identifier.length)
    expect(changed.toString('utf8')).not.toContain('\ufffd')
  })

  it.each([
    ['ไทย', /^[\u0e00-\u0e7f]{3}$/],
    ['ひらがな', /^[\u3040-\u30ff]{4}$/],
    ['ＴＡＮＡＫＡ', /^[\uff00-\uff7f]{6}$/],
    ['𠀋𠂢', /^[\u{20000}-\u{200ff}]{2}$/u],
    ['πόλις', /^[\u0370-\u03ff]{5}$/],
    ['ștefan', /^[\u0180-\u024f][a-z]{5}$/],
  ])('letters of %s become others of their alphabet', (identifier, alphabet) => {
    const bytes = Buffer.from(identifier).toString('latin1')
    const changed = Buffer.from(anonymiser.acl(`${bytes}\tl\t`).split('\t')[0]!, 'latin1').toString('utf8')
    expect(changed).toMatch(alphabet)
    expect(changed).not.toBe(identifier)
  })

  it('what is neither UTF-8 nor UTF-7 keeps no word of ASCII', () => {
    expect(anonymiser.acl('andr\xe9.dupont\tl\t')).toMatch(/^[a-z]{4}\xe9\.[a-z]{6}\tl\t$/)
    expect(anonymiser.acl('andr\xe9.dupont\tl\t')).not.toContain('dupont')
    expect(anonymiser.name('user.x.Smith&Dupont-2024')).not.toMatch(/Smith|Dupont|2024/)
  })

  const byte = fc.oneof(
    fc.integer({ min: 0x20, max: 0xff }).map(code => String.fromCharCode(code)),
    fc.constantFrom('&', '-', 'AOk', '.', 'Sent', 'user', '\xc3\xa9'),
  )
  const text = fc.array(byte, { maxLength: 8 }).map(bytes => bytes.join(''))

  it('names stay different, as long, and of as many components', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        const [x, y] = [anonymiser.name(a), anonymiser.name(b)]
        expect(x).toHaveLength(a.length)
        expect(x.split('.')).toHaveLength(a.split('.').length)
        expect(x === y).toBe(a === b)
        expect(/^[\x00-\xff]*$/.test(x)).toBe(true)
      }),
    )
  })
})
