import type { DumpEntry } from './dump-entry.js'
import { MOST_KEPT, Permutation } from './permutation.js'

/** First and last letter of each alphabet, as many bytes of UTF-8 each; what is in none stays, as what sorts, separates and quotes does. */
const ALPHABETS: readonly (readonly [number, number])[] = [
  // 0-9, A-Z, a-z
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x61, 0x7a],
  // Latin with accents, but for × and ÷; phonetic signs and accents; Greek, Cyrillic, kana, Chinese, Korean
  [0xc0, 0xd6],
  [0xd8, 0xf6],
  [0xf8, 0x17f],
  [0x180, 0x24f],
  [0x250, 0x36f],
  [0x370, 0x3ff],
  [0x400, 0x4ff],
  [0x3040, 0x30ff],
  [0x4e00, 0x9fff],
  [0xac00, 0xd7a3],
]
/** All others, but for punctuation, in blocks all of which are as long in UTF-8. */
const OTHERS = { first: 0x500, last: 0x3ffff, block: 0x80 }
/** Halves of UTF-16, which are no letters. */
const SURROGATES = [0xd800, 0xdfff] as const
const PUNCTUATION: readonly (readonly [number, number])[] = [
  [0x2000, 0x207f],
  [0x3000, 0x303f],
]
/** Folders that everybody has, by which nobody is known. */
const COMMON: ReadonlySet<string> = new Set([
  ...['user', 'deleted', 'inbox', 'sent', 'sent items', 'sent messages', 'drafts', 'trash', 'deleted items'],
  ...['deleted messages', 'junk', 'junk e-mail', 'spam', 'quarantine', 'archive', 'archives', 'templates', 'notes'],
  ...['outbox', '#calendars', '#addressbooks', '#drive', '#notifications', 'default'],
])
/** By whom nobody is known (lib/acl_afs.c). */
const COMMON_IDENTIFIERS: ReadonlySet<string> = new Set(['anyone', 'anonymous'])
/** A name's last component below DELETED: when it was deleted, in hexadecimal. */
const DELETED_AT = /^[0-9A-F]{8}[0-9A-F]?$/

/**
 * Puts other letters for those of names, identifiers and hosts: a letter for a letter, a digit for a digit, by a secret
 * permutation, so that what differed still differs, what was the same is the same in names and ACLs, and all is as long as it was.
 */
export class Anonymiser {
  private readonly permutation: Permutation
  private readonly texts = new Map<string, string>()

  constructor(key: Uint8Array) {
    this.permutation = new Permutation(key)
  }

  entry({ name, server, partition, acl, ...rest }: DumpEntry): DumpEntry {
    return {
      ...rest,
      name: this.name(name),
      server: this.text(server),
      partition: this.component(partition, one => COMMON.has(one)),
      acl: this.acl(acl),
    }
  }

  /** A mailbox's: modified UTF-7 in components. */
  name(name: string): string {
    const bang = name.indexOf('!')
    const domain = bang === -1 ? '' : `${this.text(name.slice(0, bang))}!`
    const components = name.slice(bang + 1).split('.')
    const isDeleted = components[0] === 'DELETED'
    const [user, last] = [isDeleted ? 2 : 1, components.length - 1]
    const isUser = components[user - 1] === 'user'
    const isKept = (component: string, i: number) =>
      (i === user && isUser ? false : COMMON.has(component.toLowerCase())) ||
      (isDeleted && i === last && DELETED_AT.test(component))
    return domain + components.map((component, i) => this.component(component, one => isKept(one, i))).join('.')
  }

  acl(acl: string): string {
    const fields = acl.split('\t')
    return fields.map((field, i) => (i % 2 === 0 ? this.identifier(field) : field)).join('\t')
  }

  /** UTF-8, a user's with `.` where his mailbox has `^`; `-` before it takes rights away. */
  private identifier(identifier: string): string {
    const minus = identifier.startsWith('-') ? '-' : ''
    const plain = identifier.slice(minus.length)
    const group = plain.startsWith('group:') ? 'group:' : ''
    const id = plain.slice(group.length)
    return (
      minus +
      group +
      others(
        id,
        one => COMMON_IDENTIFIERS.has(one) || one.startsWith('group:'),
        one => this.text(one),
      )
    )
  }

  private component(component: string, isKept: (component: string) => boolean): string {
    return others(component, isKept, one => {
      const parts = one.split(/(&[A-Za-z0-9+,]+-)/)
      return parts.map((part, i) => (i % 2 === 0 ? this.text(part) : this.shifted(part))).join('')
    })
  }

  /** `&AOk-`: UTF-16 in base64 (RFC 3501 section 5.1.3). */
  private shifted(part: string): string {
    const units = unitsOf(part)
    // What is not written so, "Smith&Dupont-", is text, and stays no UTF-7.
    if (units === undefined)
      return others(
        part,
        one => unitsOf(one) !== undefined,
        one => this.words(one),
      )
    const text = Buffer.from(units).swap16().toString('utf16le')
    return shiftedText(Buffer.from(this.words(text), 'utf16le').swap16())
  }

  /** Bytes of UTF-8; of what is none, the letters of ASCII. */
  private text(bytes: string): string {
    const known = this.texts.get(bytes)
    if (known !== undefined) return known
    const changed = this.changedText(bytes)
    if (this.texts.size === MOST_KEPT) this.texts.clear()
    this.texts.set(bytes, changed)
    return changed
  }

  private changedText(bytes: string): string {
    if (!/[\x80-\xff]/.test(bytes)) return this.words(bytes)
    const raw = Buffer.from(bytes, 'latin1')
    const text = raw.toString('utf8')
    if (Buffer.from(text, 'utf8').equals(raw)) return Buffer.from(this.words(text), 'utf8').toString('latin1')
    return bytes.replaceAll(/[A-Za-z0-9]+/g, word => this.words(word))
  }

  /** Each word by itself, whatever is around it. */
  private words(text: string): string {
    let changed = ''
    let word: Letter[] = []
    const end = () => {
      if (word.length > 0) changed += this.word(word)
      word = []
    }
    for (const character of text) {
      const letter = letterOf(character.codePointAt(0)!)
      if (letter !== undefined) word.push(letter)
      else {
        end()
        changed += character
      }
    }
    end()
    return changed
  }

  private word(word: readonly Letter[]): string {
    const permuted = this.permutation.of(
      word.map(({ index }) => index),
      word.map(({ last, first }) => last - first + 1),
    )
    return String.fromCodePoint(...permuted.map((index, i) => word[i].first + index))
  }
}

/** @returns undefined for what only looks like it */
function unitsOf(part: string): Buffer | undefined {
  const units = Buffer.from(part.slice(1, -1).replaceAll(',', '/'), 'base64')
  return units.length % 2 === 0 && shiftedText(units) === part ? units : undefined
}

function shiftedText(units: Buffer): string {
  return `&${units.toString('base64').replaceAll('/', ',').replaceAll('=', '')}-`
}

/** What is kept stays, and nothing else may become it: it is changed once more then, until it is none. */
function others(text: string, isKept: (text: string) => boolean, change: (text: string) => string): string {
  if (isKept(text)) return text
  let changed = change(text)
  while (isKept(changed)) changed = change(changed)
  return changed
}

interface Letter {
  readonly first: number
  readonly last: number
  readonly index: number
}

function letterOf(code: number): Letter | undefined {
  const [first, last] = ALPHABETS.find(isWithin(code)) ?? blockOf(code) ?? []
  return first === undefined || last === undefined ? undefined : { first, last, index: code - first }
}

function blockOf(code: number): readonly [number, number] | undefined {
  const { first, last, block } = OTHERS
  if (code < first || code > last || [SURROGATES, ...PUNCTUATION].some(isWithin(code))) return undefined
  const start = code - (code % block)
  // What an alphabet has of it is another's.
  return ALPHABETS.some(([from, to]) => from < start + block && to >= start) ? undefined : [start, start + block - 1]
}

function isWithin(code: number): (range: readonly [number, number]) => boolean {
  return ([first, last]) => code >= first && code <= last
}
