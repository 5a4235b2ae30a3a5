import type { BadLine, DumpEntry } from './dump-entry.js'

interface Fields {
  readonly mbtype?: unknown
  readonly server?: unknown
  readonly partition?: unknown
  readonly acl?: unknown
}

/**
 * A line of a JSON dump, 3.6 and later: `"name": {…},`, all scalars strings, `mbtype` a row of letters (imap/ctl_mboxlist.c
 * dump_cb).
 *
 * @returns undefined for the braces around them all
 */
export function parseJsonLine(line: string): DumpEntry | BadLine | undefined {
  const begin = /^[\s{]*/.exec(line)![0].length
  const text = line.slice(begin).replace(/[\s,]+$/, '')
  if (text === '' || text === '}') return undefined
  const bad = (column: number, reason: string): BadLine => ({ column: begin + column, reason })
  const members = parsedObject(text)
  if (members === undefined) return bad(columnOf(text), 'no mailbox as JSON: "name": { … }')
  const entries = Object.entries(members)
  if (entries.length !== 1) return bad(1, `${entries.length} mailboxes on one line`)
  const [[name, fields]] = entries
  if (typeof fields !== 'object' || fields === null) return bad(1, 'no mailbox as JSON: "name": { … }')
  const { mbtype, server, partition, acl } = fields as Fields
  const wireAcl = aclOf(acl, text)
  if (wireAcl === undefined)
    return bad(text.indexOf('"acl"') + 1, 'the ACL is no object of identifiers and their rights')
  const state = stateOfLetters(textOf(mbtype))
  const place = state === 'moving' ? '' : textOf(server)
  if (/[\0\t\n\r]/.test(`${name}${place}${textOf(partition)}`))
    return bad(1, 'a tab, a line’s end or a NUL is in the name, or in where it lies')
  const isElsewhere = textOf(mbtype).includes('r') && state !== 'deleted' && state !== 'moving'
  return { name, state, isElsewhere, server: place, partition: textOf(partition), acl: wireAcl }
}

/** @returns its members, in bytes; undefined where it is none */
function parsedObject(text: string): Record<string, unknown> | undefined {
  const bytes = text.includes('\\u') ? text.replace(ESCAPE, unescaped) : text
  try {
    return JSON.parse(`{${bytes}}`)
  } catch {
    // The last mailbox may have the brace of all behind its own.
    return text.endsWith('}}') ? triedObject(`{${bytes}`) : undefined
  }
}

function triedObject(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Two halves of UTF-16, one unit, or what else is escaped. */
const ESCAPE = /\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|u[\da-fA-F]{4}|.)/g

/** As bytes of UTF-8, like all that is not escaped. */
function unescaped(escaped: string): string {
  if (escaped[1] !== 'u' || Number.parseInt(escaped.slice(2, 6), 16) < 0x80) return escaped
  return Buffer.from(JSON.parse(`"${escaped}"`) as string, 'utf8').toString('latin1')
}

/** Of the letters of `mbtype`, as 3.x has them. */
export function stateOfLetters(type: string): DumpEntry['state'] {
  if (type.includes('d')) return 'deleted'
  if (type.includes('z')) return 'reserved'
  return type.includes('m') ? 'moving' : 'active'
}

function textOf(field: unknown): string {
  return typeof field === 'string' ? field : ''
}

/** @returns as on the wire; undefined for what is no ACL */
function aclOf(acl: unknown, text: string): string | undefined {
  if (acl === undefined || acl === '') return ''
  if (typeof acl !== 'object' || acl === null) return undefined
  const entries = Object.entries(acl)
  if (!entries.every((entry): entry is [string, string] => typeof entry[1] === 'string')) return undefined
  if (/[\0\t\n\r]/.test(entries.flat().join(''))) return undefined
  // Identifiers that look like numbers come first from JSON.parse, wherever they stood.
  const ordered = entries.some(([identifier]) => /^\d+$/.test(identifier)) ? inOrder(entries, text) : entries
  return ordered.map(([identifier, rights]) => `${identifier}\t${rights}\t`).join('')
}

function inOrder(entries: readonly [string, string][], text: string): [string, string][] {
  const written = text.slice(text.indexOf('"acl"')).replace(ESCAPE, unescaped)
  const place = ([identifier]: [string, string]) => written.indexOf(`${JSON.stringify(identifier)}:`)
  return [...entries].sort((a, b) => place(a) - place(b))
}

/** By halving: the most of it that lacks nothing but its end. Node does not always say where it is wrong. */
function columnOf(text: string): number {
  let [good, bad] = [0, text.length + 1]
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (lacksOnlyItsEnd(`{${text.slice(0, middle)}`)) good = middle
    else bad = middle
  }
  return bad
}

function lacksOnlyItsEnd(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch (error) {
    const [, position] = /position (\d+)/.exec(String(error)) ?? []
    return position === undefined ? /end of JSON/.test(String(error)) : Number(position) >= text.length
  }
}
