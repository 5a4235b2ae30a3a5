import { HarnessError } from '../core/errors.js'
import { ownerOf } from '../core/mailbox-owner.js'
import { formatCount } from '../core/units.js'
import { userCount } from '../generators/mailboxes.js'
import { MAX_NAME_BYTES } from '../generators/site-plan.js'
import type { SiteSpec } from '../generators/spec.js'
import { userId, userNameAt, userNameOf } from '../generators/user-name.js'
import type { Profile } from './load.js'
import type { StepDocument } from './schema.js'

/**
 * Whether those that steps name are there, and may be called what they are to be: before anything is sent.
 *
 * @throws {HarnessError} `PROFILE_INVALID`
 */
export function checkSteps(profile: Profile, everybody: () => Iterable<string>): void {
  const steps = profile.phases.flatMap(({ name, step }) => (step === undefined ? [] : [{ name, step }]))
  // They are counted by the million.
  if (!steps.some(({ step }) => step.renameDomain !== undefined || [...namedIn(step), ...createdBy(step)].length > 0))
    return
  const users = new Set(everybody())
  for (const { name, step } of steps) {
    for (const user of createdBy(step)) {
      if (users.has(user)) throw invalid(`${name}: there is a user ${user} already`, 'give another name')
      users.add(user)
    }
    for (const user of namedIn(step)) {
      if (!users.has(user)) throw invalid(`${name}: there is no user ${user}`, 'name users as ACLs do')
    }
    if (step.renameDomain !== undefined) renamed(users, step.renameDomain, name)
  }
}

/** Users of a site that is made, by their names as ACLs have them. */
export function* madeUsers(site: SiteSpec, seed: number): Generator<string, void, undefined> {
  const count = userCount(site, seed)
  for (let index = 0; index < count; index++) yield userId(userNameAt(site, seed, index))
}

/** Users of a list, those of whom there is only a reserved mailbox too. */
export function* listedUsers(mailboxes: Iterable<string>): Generator<string, void, undefined> {
  for (const name of mailboxes) {
    const inbox = ownerOf(name)
    if (inbox !== '') yield userId(userNameOf(inbox))
  }
}

/** A backend refuses the whole user (imap/imapd.c checkmboxname). @throws {HarnessError} `PROFILE_INVALID` */
export function checkNewNames({ phases }: Profile, mailboxes: Iterable<string>): void {
  for (const { name: phase, step } of phases) {
    if (step?.renameDomain === undefined) continue
    const { from, to } = step.renameDomain
    for (const name of mailboxes)
      if (name.startsWith(`${from}!user.`) && name.length - from.length + to.length > MAX_NAME_BYTES)
        throw invalid(
          `${phase}: ${JSON.stringify(name)} would be longer than ${MAX_NAME_BYTES} bytes in ${to}`,
          'give it a shorter name before',
        )
  }
}

function renamed(users: Set<string>, { from, to }: { from: string; to: string }, phase: string): void {
  const leaving = [...users].filter(user => user.endsWith(`@${from}`))
  if (leaving.length === 0) throw invalid(`${phase}: no user is in domain ${from}`, domainsText(users))
  for (const user of leaving) {
    const newName = user.slice(0, -from.length) + to
    if (users.has(newName))
      throw invalid(`${phase}: ${user} cannot become ${newName}, who is there already`, 'a real backend refuses it too')
    users.delete(user)
    users.add(newName)
  }
}

const MOST_DOMAINS = 5

function domainsText(users: ReadonlySet<string>): string {
  const domains = [...new Set([...users].flatMap(user => user.split('@').slice(1)))]
  if (domains.length === 0) return 'users of this site are in no domain at all'
  const more = domains.length - MOST_DOMAINS
  return `there is ${domains.slice(0, MOST_DOMAINS).join(', ')}${more > 0 ? ` and ${formatCount(more)} more` : ''}`
}

/** Users who are named one by one. */
function namedIn({ move, delete: remove, setAcl }: StepDocument): readonly string[] {
  return [move, remove, setAcl].flatMap(selection => (Array.isArray(selection?.users) ? selection.users : []))
}

function createdBy({ create }: StepDocument): readonly string[] {
  return Array.isArray(create?.users) ? create.users : []
}

function invalid(message: string, hint: string): HarnessError {
  return new HarnessError('PROFILE_INVALID', message, hint)
}
