/** What is known to go wrong with a version of Cyrus's mupdate, and what keeps clear of it. */
export interface Danger {
  readonly name: string
  readonly said: string
  readonly remedy: string
}

/** Measured with mupdate_config: standard; a DEACTIVATE is answered from 3.12.2 and 3.13.4 on. */
export const DEADLY = {
  DELETE: 'a DELETE of a name that it does not have kills mupdate 2.5.8 and later',
  DEACTIVATE: 'a DEACTIVATE of a name that it does not have, or has reserved, kills mupdate before 3.12.2',
}

/** Ours looks a name up before it deletes it. */
const LOOK_UP_FIRST = 'FIND a name before it is deleted, as the harness does; scripts that tidy up must, too'

interface KnownDanger extends Danger {
  readonly concerns: (version: readonly number[]) => boolean
}

const KNOWN: readonly KnownDanger[] = [
  { name: 'DELETE', said: DEADLY.DELETE, remedy: LOOK_UP_FIRST, concerns: isFrom([2, 5, 8]) },
  {
    name: 'DEACTIVATE',
    said: DEADLY.DEACTIVATE,
    remedy:
      'an XFER sends one for each mailbox: see first that the master has them all (ctl_mboxlist -m on the backend)',
    concerns: version => !isFrom([3, 12, 2])(version) || (isFrom([3, 13])(version) && !isFrom([3, 13, 4])(version)),
  },
  {
    name: 'resync',
    said: "a frontend’s resync can lose mailboxes whose names hold a space, “-” or “'” (3.6.0 and later)",
    remedy: 'mupdate-bench dump inspect FILE counts the names at risk',
    concerns: isFrom([3, 6]),
  },
  {
    name: 'upgrade',
    said: 'an upgrade in place to 3.6 or later can empty the list, and all frontends with it',
    remedy: 'rehearse it on a copy: mupdate-bench rehearse-upgrade --database mailboxes.db',
    concerns: version => !isFrom([3, 6])(version),
  },
  {
    name: 'dump',
    said: 'ctl_mboxlist -d of a 2.5 master leaves the servers out: its dumps restore nothing',
    remedy: 'copy mailboxes.db itself, with the master stopped',
    concerns: version => isFrom([2, 5])(version) && !isFrom([3])(version),
  },
  {
    name: 'literals',
    said: 'frontends and backends of 3.4.8, 3.6.5 and 3.8.3 cannot read what a master sends ({n+})',
    remedy: 'let no frontend and no backend be of these versions',
    concerns: version => ['3.4.8', '3.6.5', '3.8.3'].includes(version.join('.')),
  },
]

/** @param version as a banner names it: `3.6.1-4+deb12u3` */
export function dangersOf(version: string): Danger[] {
  const numbers = numbersOf(version)
  if (numbers === undefined) return []
  return KNOWN.filter(({ concerns }) => concerns(numbers)).map(({ name, said, remedy }) => ({ name, said, remedy }))
}

/**
 * At the end of each connection mupdate frees what TLS has for the whole process (imap/mupdate.c conn_free, imap/tls.c
 * tls_shutdown_serverengine), and the DH parameters more than once. Measured on 3.6.1 with OpenSSL 3.
 */
export const STARTTLS_KILLS: Danger = {
  name: 'STARTTLS',
  said: 'offered, and it kills: once somebody has used it, mupdate 3.6.1 dies at the second end of any connection',
  remedy:
    'give mupdate an imapd.conf of its own (-C, in cyrus.conf) without tls_server_cert, and a tunnel where the network is not to be trusted',
}

function numbersOf(version: string): number[] | undefined {
  return /^v?(\d+(?:\.\d+)+)/.exec(version)?.[1]?.split('.').map(Number)
}

function isFrom(first: readonly number[]): (version: readonly number[]) => boolean {
  return version => {
    for (const [i, number] of first.entries()) {
      const own = version[i] ?? 0
      if (own !== number) return own > number
    }
    return true
  }
}
