import { hostOf, isLoopback, type MasterAddress } from '../core/address.js'
import { HarnessError } from '../core/errors.js'
import { formatCount } from '../core/units.js'
import { mostSlaves, operates, type Plan } from '../engine/plan.js'
import { DEFAULT_PORT } from './choose-master.js'

export interface Permissions {
  readonly allowLoad: readonly string[]
  readonly allowMutations: readonly string[]
  /** What is created stays. */
  readonly keep?: boolean
}

/** Rate at which real masters dump, mailboxes per second: measured, 140k to 190k on Cyrus 3.6.1. */
const DUMP_PER_SECOND = 150_000

/**
 * A master that is not obviously a test's (another host, or MUPDATE's own port on this one) is loaded only when its name
 * has been said: an UPDATE holds its lock for seconds, and each streaming connection keeps one of its workers.
 *
 * @returns what the run will send, in words
 * @throws {HarnessError} `USAGE` when a permission is missing
 */
export function checkPermissions(plan: Plan, address: MasterAddress, permissions: Permissions): string[] {
  const runs = new Set(plan.phases.flatMap(phase => phase.run))
  const streams = (runs.has('slaves') ? mostSlaves(plan) : 0) + (runs.has('probes') ? plan.probes.streaming : 0)
  const operating = plan.phases.some(operates)
  const mutates = runs.has('preload') || operating
  const what = describeLoad(plan, streams, runs.has('preload'), operating, permissions)
  requirePermissions(what, address, { load: streams > 0 || mutates, mutations: mutates }, permissions)
  return what
}

/**
 * @param what will be sent, in words
 * @throws {HarnessError} `USAGE` when a permission is missing
 */
export function requirePermissions(
  what: readonly string[],
  address: MasterAddress,
  needs: { readonly load: boolean; readonly mutations: boolean },
  permissions: Permissions,
): void {
  if (!mayBeSites(address)) return
  const where = isLoopback(address.host) ? `${address.host}:${address.port}, MUPDATE’s own port` : address.host
  const need = (flag: string) =>
    new HarnessError(
      'USAGE',
      `${where} may be a master that people depend on; this run would:\n${what.map(line => `  - ${line}`).join('\n')}`,
      `if that is meant, add ${flag} ${address.host}`,
    )
  if (needs.load && !permissions.allowLoad.includes(address.host)) throw need('--allow-load')
  if (needs.mutations && !permissions.allowMutations.includes(address.host)) throw need('--allow-mutations')
}

/** Another host, or MUPDATE's own port on this one. */
export function mayBeSites({ host, port }: MasterAddress): boolean {
  return !isLoopback(host) || port === DEFAULT_PORT
}

/** Web users of a run: a URL on another host needs the same word as a master there. */
export function checkHttpTarget(plan: Plan, permissions: Permissions): void {
  if (plan.http === undefined) return
  const host = hostOf(new URL(plan.http.url))
  if (isLoopback(host) || permissions.allowLoad.includes(host)) return
  throw new HarnessError(
    'USAGE',
    `this run would send ${plan.http.ratePerSecond} requests a second to ${host}`,
    `if that is meant, add --allow-load ${host}`,
  )
}

function describeLoad(
  plan: Plan,
  streams: number,
  preloads: boolean,
  operating: boolean,
  permissions: Permissions,
): string[] {
  const lines: string[] = []
  const { mailboxes, dump, userPrefix } = plan.site
  if (dump !== undefined) lines.push('ask for its whole list, to see whether it is empty, and what it holds in the end')
  const which = dump === undefined ? `named user.${userPrefix}…` : `of ${dump}, if it is`
  const after = permissions.keep === true ? 'leave them there' : 'delete them afterwards'
  if (preloads) lines.push(`create ${formatCount(mailboxes)} mailboxes ${which}, and ${after}`)
  if (operating) lines.push('create, change and delete mailboxes that it has made, while it runs')
  if (streams > 0) {
    const seconds = (mailboxes / DUMP_PER_SECOND) * streams
    lines.push(
      `read the whole list ${streams} times; each UPDATE holds the master’s lock, ${seconds.toFixed(1)} s in all for these mailboxes alone, and 1 s more for every ${formatCount(DUMP_PER_SECOND / streams)} that it holds already`,
    )
    lines.push(`keep ${streams} of its workers (mupdate_workers_max, 50 by default)`)
  }
  return lines
}
