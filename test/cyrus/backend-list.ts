import { expect } from 'vitest'
import { LIST_WRITERS } from '../../src/generators/dump.js'
import { murderSettings } from '../../src/masters/cyrus/config.js'
import type { Credentials, MasterAddress } from '../../src/masters/master.js'
import { MailboxList } from './mailbox-list.js'

export const ACL = 'bob\tlrswipkxtecda\tanyone\tp\t'
/** What `ctl_mboxlist -m -w` says, and `dump reconcile --names` calls. */
const SAYS = {
  pushed: 'Force Activate: ',
  unflagged: 'Remove remote flag on: ',
  removed: 'Remove from MUPDATE: ',
  wiped: 'Remove Local Mailbox: ',
} as const
export type Kind = keyof typeof SAYS
export const KINDS = Object.keys(SAYS) as Kind[]
export type Said = Readonly<Record<Kind, readonly string[]>>

/** As the wire has it, and what a backend's own list has beside that. */
export interface Own {
  readonly name: string
  readonly partition?: string
  readonly acl?: string
  /** Letters of `mbtype`: `m` moving and `r` remote (to and on be2), `d` a tombstone, `z` reserved. */
  readonly flags?: string
}

/** The list of a backend that does not run: `ctl_mboxlist -m` says it to a master. */
export function backendList(
  server: string,
  address: MasterAddress,
  credentials: Credentials,
  settings: Readonly<Record<string, string>> = {},
): MailboxList {
  return new MailboxList({
    ...settings,
    servername: server,
    'partition-p1': '/nonexistent/p1',
    'partition-p2': '/nonexistent/p2',
    ...murderSettings(address, credentials),
  })
}

/** As Cyrus 3.6 writes it of a backend: of what is its own no server is named. */
export function ownDump(own: readonly Own[]): string {
  const writer = LIST_WRITERS.json()
  const lines = own.map(({ name, partition = 'p1', acl = ACL, flags = '' }) => {
    const line = writer.line({ name, location: `!${partition}`, acl, state: 'active' })
    return line
      .replace('"mbtype": "er"', `"mbtype": "e${flags}"`)
      .replace('"server": ""', `"server": ${/[mr]/.test(flags) ? '"be2.example.com"' : 'null'}`)
  })
  return lines.join('') + writer.end()
}

/** What a run would do, and does not. */
export async function said(
  list: MailboxList,
): Promise<Said & { readonly status: number | null; readonly stderr: string }> {
  const { status, stdout, stderr } = await list.run(['-m', '-w'])
  const lines = stdout.toString('latin1').split('\n').slice(0, -1)
  // Nothing that is not understood.
  expect(lines.filter(line => !KINDS.some(kind => line.startsWith(SAYS[kind])))).toEqual([])
  const of = (kind: Kind) =>
    lines.filter(line => line.startsWith(SAYS[kind])).map(line => line.slice(SAYS[kind].length))
  return {
    pushed: of('pushed'),
    unflagged: of('unflagged'),
    removed: of('removed'),
    wiped: of('wiped'),
    status,
    stderr,
  }
}
