import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { HarnessError } from '../../core/errors.js'

/** Who runs Cyrus. */
export interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
  /** We are root and must become this account first: mupdate refuses to run as root (imap/mupdate.c, service_init). */
  readonly drop: boolean
}

/**
 * Root drops to `cyrus`, or to `nobody` where a foreign build runs without the packages; anybody else runs it as
 * itself.
 *
 * @throws {HarnessError} `MASTER_SETUP` when the account is unknown to the system: Cyrus looks itself up by name
 *   (lib/util.c, become_cyrus)
 */
export function cyrusAccount(passwd = readFileSync('/etc/passwd', 'utf8')): Account {
  const uid = process.getuid!()
  if (uid !== 0) return { ...ownAccount(), drop: false }
  const entry = passwdEntry(passwd, 'cyrus') ?? passwdEntry(passwd, 'nobody')
  if (entry !== undefined) return { ...entry, drop: true }
  throw new HarnessError(
    'MASTER_SETUP',
    'no user cyrus to run Cyrus as',
    'run as an ordinary user, or: adduser --system cyrus',
  )
}

function ownAccount(): Omit<Account, 'drop'> {
  try {
    const { username, uid, gid } = userInfo()
    return { name: username, uid, gid }
  } catch (cause) {
    throw new HarnessError(
      'MASTER_SETUP',
      `user ${process.getuid!()} has no name, and Cyrus looks itself up by name`,
      'run as a user that /etc/passwd knows',
      { cause },
    )
  }
}

function passwdEntry(passwd: string, wanted: string): Omit<Account, 'drop'> | undefined {
  for (const line of passwd.split('\n')) {
    const [name, , uid, gid] = line.split(':')
    if (name === wanted) return { name, uid: Number(uid), gid: Number(gid) }
  }
  return undefined
}
