import type { Random } from '../core/random.js'
import type { SitePlan } from './site-plan.js'
import { userId, userNameAt } from './user-name.js'

const OWNER_RIGHTS = 'lrswipkxtecdan'
const GUEST_RIGHTS = ['lrs', 'lrsip', 'lr', 'lrswipte', 'lrswipkxtecdan', 'p']
const GROUPS = ['staff', 'students', 'it helpdesk', 'conseil', 'all-faculty', 'secretariat', 'hr']

/** A whole ACL in wire form: `identifier\trights\t` repeated, the owner's entry first, no identifier twice. */
export function drawAcl(plan: SitePlan, seed: number, userIndex: number, owner: string, random: Random): string {
  const entries = plan.aclEntries(random())
  let acl = `${owner}\t${OWNER_RIGHTS}\t`
  let open = false
  for (let entry = 1; entry < entries; entry++) {
    const kind = random()
    if (kind < 0.4 && !open) {
      // The usual right to post to a mailbox.
      acl += 'anyone\tp\t'
      open = true
    } else if (kind < 0.55) acl += `${groupId(entry)}\tlrs\t`
    else if (kind < 0.65) acl += `-${peerId(plan, seed, userIndex, entry)}\tw\t`
    else {
      const rights = GUEST_RIGHTS[Math.floor(random() * GUEST_RIGHTS.length)]!
      acl += `${peerId(plan, seed, userIndex, entry)}\t${rights}\t`
    }
  }
  return acl
}

/**
 * One identifier's rights, replaced; at the end where it had none (lib/acl.c cyrus_acl_set).
 *
 * @param rights none take the identifier out
 */
export function withRights(acl: string, identifier: string, rights: string): string {
  const entry = (who: string, what: string) => (what === '' ? '' : `${who}\t${what}\t`)
  let changed = ''
  for (const [who, what] of entriesOf(acl)) changed += entry(who, who === identifier ? rights : what)
  return rightsOf(acl, identifier) === undefined ? changed + entry(identifier, rights) : changed
}

/** @returns undefined for one that is not in it */
export function rightsOf(acl: string, identifier: string): string | undefined {
  return entriesOf(acl).find(([who]) => who === identifier)?.[1]
}

function entriesOf(acl: string): (readonly [identifier: string, rights: string])[] {
  const fields = acl.split('\t')
  return Array.from({ length: fields.length >> 1 }, (_, i) => [fields[2 * i]!, fields[2 * i + 1]!] as const)
}

function groupId(entry: number): string {
  const group = GROUPS[entry % GROUPS.length]!
  return entry < GROUPS.length ? `group:${group}` : `group:${group} ${entry}`
}

/** Another user, a different one for each entry. */
function peerId(plan: SitePlan, seed: number, userIndex: number, entry: number): string {
  const peer = userIndex >= entry ? userIndex - entry : userIndex + entry
  return userId(userNameAt(plan.site, seed, peer))
}
