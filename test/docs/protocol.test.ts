import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const DOCS = resolve(import.meta.dirname, '../../docs')
const page = readFileSync(resolve(DOCS, 'protocol.md'), 'utf8')

/** A link to a test's file is called by the test's title. */
const shown = [...page.matchAll(/\[([^\]]+)\]\((\.\.\/test\/[^)]+\.ts)\)/g)].map(([, title, path]) => ({
  title: title!,
  path: path!,
}))

/** Titles as they stand between quotes in a test's source. */
function titlesIn(path: string): string[] {
  const source = readFileSync(resolve(DOCS, path), 'utf8')
  const strings = source.matchAll(/(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/g)
  return [...strings].map(match => (match[1] ?? match[2] ?? match[3]!).replace(/\\(.)/g, '$1'))
}

/** Rows of a table: what stands in their first cell, and their last. */
const rows = page
  .split('\n')
  .filter(line => line.startsWith('| ') && !/^\| -+ \|/.test(line))
  .map(line => line.split(/(?<!\\)\|/).map(cell => cell.trim()))
  .map(cells => ({ what: cells[1]!, tests: cells.at(-2)! }))

describe('docs/protocol.md', () => {
  it.each(shown)('names a test that there is: $title', ({ title, path }) => {
    expect(titlesIn(path)).toContain(title)
  })

  it.each([
    ...['ACTIVATE', 'AUTHENTICATE', 'COMPRESS', 'DEACTIVATE', 'DELETE', 'FIND', 'LIST', 'LOGOUT', 'NOOP', 'RESERVE'],
    ...['STARTTLS', 'UPDATE', 'UPDATE host …'],
    ...['`* AUTH`', '`* STARTTLS`', '`* COMPRESS`', '`* PARTIAL-UPDATE`', '`* OK MUPDATE`', 'OK', 'NO', 'BAD', 'BYE'],
    ...['MAILBOX', 'RESERVE (reply)', 'DELETE (reply)', '`+ go ahead`', 'SASL challenge'],
  ])('shows by a test what is said of %s', what => {
    const row = rows.find(one => one.what === what)
    expect(row?.tests).toMatch(/\]\(\.\.\/test\//)
  })
})
