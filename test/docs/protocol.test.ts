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

/** Whether it stands, in quotes, as the first that something is called with. */
function isTitleIn(path: string, title: string): boolean {
  const quoted = title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`\\(\\s*(['"\`])${quoted}\\1`).test(readFileSync(resolve(DOCS, path), 'utf8'))
}

/** Rows of a table: what stands in their first cell, and their last. */
const rows = page
  .split('\n')
  .filter(line => line.startsWith('| ') && !/^\| -+ \|/.test(line))
  .map(line => line.split(/(?<!\\)\|/).map(cell => cell.trim()))
  .map(cells => ({ what: cells[1]!, tests: cells.at(-2)! }))

const COMMANDS = 'ACTIVATE AUTHENTICATE COMPRESS DEACTIVATE DELETE FIND LIST LOGOUT NOOP RESERVE STARTTLS UPDATE'.split(
  ' ',
)
const REPLIES = [...'OK NO BAD BYE MAILBOX'.split(' '), 'RESERVE (reply)', 'DELETE (reply)']
const OTHERS = ['UPDATE host …', '`+ go ahead`', 'SASL challenge']
const GREETING = ['AUTH', 'STARTTLS', 'COMPRESS', 'PARTIAL-UPDATE', 'OK MUPDATE'].map(line => `\`* ${line}\``)

describe('docs/protocol.md', () => {
  it('names tests that there are, by their titles', () => {
    expect(shown.length).toBeGreaterThan(50)
    expect(shown.filter(({ title, path }) => !isTitleIn(path, title))).toEqual([])
  })

  it('shows by a test what it says of each command and reply', () => {
    const all = [...COMMANDS, ...REPLIES, ...OTHERS, ...GREETING]
    const isShown = (what: string) => rows.some(row => row.what === what && /\]\(\.\.\/test\//.test(row.tests))
    expect(all.filter(what => !isShown(what))).toEqual([])
  })
})
