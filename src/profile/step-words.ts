import { formatCount } from '../core/units.js'
import type { StepDocument } from './schema.js'

type Selection = Partial<
  Pick<NonNullable<StepDocument['move']>, 'users' | 'mailboxes' | 'from' | 'partition' | 'prefix'>
>

/** A step in an operator's words. */
export function stepWords({ create, move, delete: remove, setAcl, push, undo }: StepDocument): string {
  if (create !== undefined)
    return `create ${formatCount(create.users)} users${create.on === undefined ? '' : ` on ${create.on}`}`
  if (move !== undefined) return `move ${which(move)} to ${move.to}${aborted(move.abort)}`
  if (remove !== undefined) return `delete ${which(remove)}`
  if (setAcl !== undefined)
    return setAcl.rights === ''
      ? `take ${setAcl.identifier} out of the ACLs of ${which(setAcl)}`
      : `give ${setAcl.identifier} ${setAcl.rights} on ${which(setAcl)}`
  if (undo !== undefined) return 'put back what the steps before it have done'
  return `ctl_mboxlist -m on ${push?.servers?.join(', ') ?? 'all backends'}`
}

function which({ users, mailboxes, from, partition, prefix }: Selection): string {
  const much = [
    ...(mailboxes === undefined ? [] : [`${formatCount(mailboxes)} mailboxes`]),
    ...(users === undefined ? [] : [`${formatCount(users)} users`]),
  ]
  return [
    much.length === 0 ? 'all users' : much.join(' of '),
    ...(prefix === undefined ? [] : [`named ${prefix}…`]),
    ...(from === undefined ? [] : [`from ${from}`]),
    ...(partition === undefined ? [] : [`(partition ${partition})`]),
  ].join(' ')
}

function aborted(share: number): string {
  return share === 0 ? '' : `, ${+(share * 100).toFixed(1)} % of them broken off`
}
