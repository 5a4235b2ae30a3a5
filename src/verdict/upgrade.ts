import { formatCount } from '../core/units.js'
import { type DifferenceKind, differenceOf, type SortedLine } from '../dumps/difference.js'

/** Ways of an old master's list into a new one, those first that need the least. */
export const UPGRADE_ROUTES = ['in-place', 'frontend-copy', 'undump', 'convert', 'activate'] as const
export type UpgradeRoute = (typeof UPGRADE_ROUTES)[number]

/** So many mailboxes, and some of them by name. */
export interface Found {
  readonly count: number
  readonly first: readonly string[]
}

/** What is otherwise on the new master than it was on the old one. */
export const LOSSES = ['dropped', 'missing', 'more', 'elsewhere', 'state', 'acl', 'local'] as const
export type Loss = (typeof LOSSES)[number]

const LOSS_OF: Readonly<Record<DifferenceKind, Loss>> = {
  'only in the first': 'missing',
  'only in the second': 'more',
  elsewhere: 'elsewhere',
  'another state': 'state',
  'another ACL': 'acl',
}

/** @param before on the old master @param after what the new one's LIST has of it */
export function lossOf(before: SortedLine | undefined, after: SortedLine | undefined): Loss | undefined {
  // ctl_cyrusdb -r takes reserved ones for creations that a crash cut off (imap/ctl_cyrusdb.c, fixmbox).
  if (after === undefined && before?.state === 'reserved') return 'dropped'
  const kind = differenceOf(before, after)
  return kind === undefined ? undefined : LOSS_OF[kind]
}

export interface RouteFound {
  /** Mailboxes of the old master. */
  readonly expected: number
  /** What the new one's LIST has; null where it came to none. */
  readonly listed: number | null
  readonly losses: Readonly<Partial<Record<Loss, Found>>>
  /** What made an end of it. */
  readonly failure: string | null
}

/** What is there when all is well: reserved ones are dropped by every start. */
function due({ expected, losses }: RouteFound): number {
  return expected - (losses.dropped?.count ?? 0)
}

/** @returns what speaks against it, the gravest first; nothing where the list came over whole */
export function reasonsAgainst(found: RouteFound): string[] {
  const { expected, listed, losses, failure } = found
  const reasons: string[] = []
  if (failure !== null) reasons.push(failure)
  if (listed !== null && listed < due(found))
    reasons.push(
      listed === 0
        ? `the list is EMPTY: all ${formatCount(expected)} are lost, and every frontend that joined would lose its own`
        : `the list has shrunk: ${formatCount(listed)} of ${formatCount(expected)}`,
    )
  for (const loss of LOSSES) {
    if (loss === 'dropped') continue
    const count = losses[loss]?.count ?? 0
    // That all are missing has been said.
    if (count > 0 && !(loss === 'missing' && listed === 0)) reasons.push(`${formatCount(count)} ${WORDS[loss]}`)
  }
  if (reasons.length === 0 && listed !== due(found))
    reasons.push(`LIST has ${formatCount(listed ?? 0)}, not ${formatCount(due(found))}`)
  return reasons
}

const WORDS: Readonly<Record<Exclude<Loss, 'dropped'>, string>> = {
  missing: 'missing',
  more: 'that were not there before',
  elsewhere: 'on another server or partition',
  state: 'active that were reserved, or the other way round',
  acl: 'with another ACL',
  local: 'no longer marked as remote',
}
