import { LIST_WRITERS } from '../../src/generators/dump.js'
import { SERVER_NAME } from '../../src/masters/cyrus/config.js'
import type { Credentials, MasterAddress } from '../../src/masters/master.js'
import { MailboxList } from './mailbox-list.js'

export const ACL = 'bob\tlrswipkxtecda\tanyone\tp\t'

/** As the wire has it, and what a backend's own list has beside that. */
export interface Own {
  readonly name: string
  readonly partition?: string
  readonly acl?: string
  /** Letters of `mbtype`: `m` moving and `r` remote (to and on be2), `d` a tombstone, `z` reserved. */
  readonly flags?: string
}

/** A backend that does not run, and whose master this is. */
export function backendList(
  server: string,
  address: MasterAddress,
  { user, password }: Credentials,
  settings: Readonly<Record<string, string>> = {},
): MailboxList {
  return new MailboxList({
    ...settings,
    servername: server,
    'partition-p1': '/nonexistent/p1',
    'partition-p2': '/nonexistent/p2',
    mupdate_server: `${address.host}:${address.port}`,
    mupdate_authname: user,
    mupdate_username: user,
    mupdate_realm: SERVER_NAME,
    mupdate_password: password,
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
