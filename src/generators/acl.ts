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

function groupId(entry: number): string {
  const group = GROUPS[entry % GROUPS.length]!
  return entry < GROUPS.length ? `group:${group}` : `group:${group} ${entry}`
}

/** Another user, a different one for each entry. */
function peerId(plan: SitePlan, seed: number, userIndex: number, entry: number): string {
  const peer = userIndex >= entry ? userIndex - entry : userIndex + entry
  return userId(userNameAt(plan.site, seed, peer))
}
