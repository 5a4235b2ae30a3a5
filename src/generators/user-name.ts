import { entitySeed } from '../core/random.js'
import type { SiteSpec } from './spec.js'
import { FIRST_NAMES, LAST_NAMES } from './words.js'

const USER = 'user.'

export interface UserName {
  /** As part of a mailbox name: `jean^dupont42`. */
  readonly name: string
  /** Empty without virtual domains. */
  readonly domain: string
}

/** A function of the index alone, so that ACLs can name other users at no more cost than this. */
export function userNameAt(site: SiteSpec, seed: number, index: number): UserName {
  return site.listed?.nameAt(index) ?? madeName(site, seed, index)
}

function madeName(site: SiteSpec, seed: number, index: number): UserName {
  const hash = entitySeed(seed, 'name', index) >>> 0
  const domain = site.domains.length === 0 ? '' : site.domains[(hash >>> 16) % site.domains.length]!
  // The index makes a name unique: no word before it holds a digit.
  const name = site.names === 'plain' ? `u${String(index).padStart(7, '0')}` : realisticWord(hash) + index
  return { name: site.userPrefix + name, domain }
}

/** `user.jean^dupont42`; with virtual domains `example.com!user.jean^dupont42`. */
export function inboxName(user: UserName): string {
  return user.domain === '' ? `user.${user.name}` : `${user.domain}!user.${user.name}`
}

/** Whose INBOX it is. */
export function userNameOf(inbox: string): UserName {
  const local = inbox.indexOf('!') + 1
  return { name: inbox.slice(local + USER.length), domain: inbox.slice(0, Math.max(0, local - 1)) }
}

/** As ACLs and logins have it: `jean.dupont42@example.com` (imap/mboxname.c mbname_userid). */
export function userId(user: UserName): string {
  const local = user.name.includes('^') ? user.name.replaceAll('^', '.') : user.name
  return user.domain === '' ? local : `${local}@${user.domain}`
}

/** The name in mailboxes of a user whom ACLs call so. */
export function nameOfId(id: string): UserName {
  const at = id.lastIndexOf('@')
  const [local, domain] = at === -1 ? [id, ''] : [id.slice(0, at), id.slice(at + 1)]
  return { name: local.replaceAll('.', '^'), domain }
}

function realisticWord(hash: number): string {
  const first = FIRST_NAMES[hash % FIRST_NAMES.length]!
  const last = LAST_NAMES[(hash >>> 8) % LAST_NAMES.length]!
  switch ((hash >>> 29) & 3) {
    case 0:
      return `${first}^${last}`
    case 1:
      return first[0] + last
    case 2:
      return last
    default:
      return `${last}-${first}`
  }
}
