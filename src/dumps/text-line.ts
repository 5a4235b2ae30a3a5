import type { BadLine, DumpEntry, DumpFormat } from './dump-entry.js'

/** mailboxes.db flags of 2.2 to 3.4 (imap/mboxlist.h of 2.4). */
const REMOTE = 1
const RESERVE = 2
const MOVING = 8
const DELETED = 16

type TextFormat = Exclude<DumpFormat, '3.6'>

/** What follows a name and its tab. */
const REST: Readonly<Record<TextFormat, RegExp>> = {
  '2.2': /^(?<location>[^\t ]+)\t(?<acl>.*)$/,
  '2.3.7': /^(?<type>\d+) (?<location>[^\t ]+)\t(?<acl>.*)$/,
  // Of a reserved one nothing may follow, and some editors take blanks away at the end of a line.
  '2.3.12': /^(?<type>\d+) (?<location>[^\t ]+)(?: (?<acl>.*))?$/,
}
const FORMATS = Object.keys(REST) as TextFormat[]

/** @returns undefined where it is no line of any of them */
export function textFormatOf(line: string): TextFormat | undefined {
  const tab = line.indexOf('\t')
  return tab < 1 ? undefined : FORMATS.find(format => REST[format].test(line.slice(tab + 1)))
}

/** A line of a text dump: the name ends at the first tab, ACLs hold tabs, names may hold spaces. */
export function parseTextLine(line: string, format: TextFormat): DumpEntry | BadLine {
  const tab = line.indexOf('\t')
  if (tab === -1) return { column: line.length + 1, reason: 'no tab after the name' }
  if (tab === 0) return { column: 1, reason: 'no name before the tab' }
  const match = REST[format].exec(line.slice(tab + 1))?.groups
  if (match === undefined) {
    const wanted = format === '2.2' ? 'a partition and a tab' : 'a type (a number), a blank and where it lies'
    return { column: tab + 2, reason: `after the name there is not ${wanted}, as on the lines before` }
  }
  const { location = '', acl: written = '' } = match
  const acl = written.replace(EXTRA, '$1')
  const type = Number(match.type ?? 0)
  const bang = location.indexOf('!')
  const state = stateOf(type)
  const lacking = lackingRights(acl)
  if (lacking !== undefined) return { column: line.length + 1, reason: lacking }
  return {
    name: line.slice(0, tab),
    state,
    isElsewhere: (type & REMOTE) !== 0 && state !== 'deleted' && state !== 'moving',
    // Of one that moves away it is where to.
    server: bang === -1 || state === 'moving' ? '' : location.slice(0, bang),
    partition: location.slice(bang + 1),
    acl: acl === '' || acl.endsWith('\t') ? acl : `${acl}\t`,
  }
}

function stateOf(type: number): DumpEntry['state'] {
  if ((type & DELETED) !== 0) return 'deleted'
  if ((type & RESERVE) !== 0) return 'reserved'
  return (type & MOVING) !== 0 ? 'moving' : 'active'
}

/** Some 3.x versions have more behind the ACL: `>uniqueid mtime uidvalidity foldermodseq createdmodseq …`. */
const EXTRA = /(^|\t)>\S* \d+ \d+ \d+ \d+(?: .*)?$/

function lackingRights(acl: string): string | undefined {
  const fields = acl.split('\t')
  if (fields.at(-1) === '') fields.pop()
  return fields.length % 2 === 0 ? undefined : 'the ACL has no rights for its last identifier'
}
