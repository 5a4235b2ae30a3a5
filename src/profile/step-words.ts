import { formatCount } from '../core/units.js'
import { durationText } from './load.js'
import type { SelectionDocument, StepDocument } from './schema.js'

/** A step in an operator's words. */
export function stepWords(step: StepDocument): string {
  const { create, move, replace, renameDomain, delete: remove, setAcl, push, undo } = step
  if (create !== undefined) return `create ${whom(create.users)}${create.on === undefined ? '' : ` on ${create.on}`}`
  if (move !== undefined) return `move ${which(move)} to ${move.to}${aborted(move.abort)}${copied(move)}`
  if (replace !== undefined) return `move all that ${replace.from} has to ${replace.to}${copied(replace)}`
  if (renameDomain !== undefined) return `rename domain ${renameDomain.from} to ${renameDomain.to}`
  if (remove !== undefined) return `delete ${which(remove)}`
  if (setAcl !== undefined)
    return setAcl.rights === ''
      ? `take ${setAcl.identifier} out of the ACLs of ${which(setAcl)}`
      : `give ${setAcl.identifier} ${setAcl.rights} on ${which(setAcl)}`
  if (undo !== undefined) return 'put back what the steps before it have done'
  const { servers, parallel = 1 } = push ?? {}
  const atATime = parallel === 1 ? '' : `, ${formatCount(parallel)} at a time`
  return `ctl_mboxlist -m on ${servers?.join(', ') ?? 'all backends'}${atATime}`
}

/** Of a list so many names are told. */
const MOST_NAMES = 3

function which({ users, mailboxes, from, partition, prefix, order }: SelectionDocument): string {
  const much = [
    ...(mailboxes === undefined ? [] : [`${formatCount(mailboxes)} mailboxes`]),
    ...(users === undefined ? [] : [whom(users)]),
  ]
  const words = [
    much.length === 0 ? 'all users' : much.join(' of '),
    ...(prefix === undefined ? [] : [`named ${prefix}…`]),
    ...(from === undefined ? [] : [`from ${from}`]),
    ...(partition === undefined ? [] : [`(partition ${partition})`]),
  ]
  return `${words.join(' ')}${order === undefined ? '' : `, the ${order} first`}`
}

function whom(users: number | readonly string[]): string {
  if (typeof users === 'number') return `${formatCount(users)} users`
  const more = users.length - MOST_NAMES
  return `${users.slice(0, MOST_NAMES).join(', ')}${more > 0 ? ` and ${formatCount(more)} more` : ''}`
}

function copied({
  copy,
  parallel = 1,
}: {
  readonly copy?: number | undefined
  readonly parallel?: number | undefined
}) {
  if (copy === undefined) return ''
  const atATime = parallel === 1 ? 'one user' : `${formatCount(parallel)} users`
  return `, copying mail for ${durationText(copy)} each, ${atATime} at a time`
}

function aborted(share: number): string {
  return share === 0 ? '' : `, ${+(share * 100).toFixed(1)} % of them broken off`
}
