import { HarnessError } from '../core/errors.js'
import { countPick, type Pick, weightedPick } from './distribution.js'
import type { SiteSpec } from './spec.js'

/** The longest name that Cyrus creates (MAX_MAILBOX_NAME, imap/mailbox.h). */
export const MAX_NAME_BYTES = 490

/** Leaves room for the user's own name, a folder and a rename's suffix below {@link MAX_NAME_BYTES}. */
const MAX_DOMAIN_AND_PREFIX_BYTES = 360

/** What is computed once for a site, so that a user costs only draws. */
export interface SitePlan {
  readonly site: SiteSpec
  readonly backend: Pick
  readonly partition: readonly Pick[]
  /** `server!partition` by backend and partition: one string each, shared by all records. */
  readonly locations: readonly (readonly string[])[]
  /** By their servers' names. */
  readonly backends: ReadonlyMap<string, number>
  readonly folders: Pick
  readonly aclEntries: Pick
}

const plans = new WeakMap<SiteSpec, SitePlan>()

export function sitePlan(site: SiteSpec): SitePlan {
  let plan = plans.get(site)
  if (plan === undefined) {
    plan = makePlan(site)
    plans.set(site, plan)
  }
  return plan
}

/** `be1` of `be1!default`. */
export function serverOf(location: string): string {
  return location.slice(0, Math.max(0, location.indexOf('!')))
}

/** @throws {HarnessError} `PROFILE_INVALID` for one that the site has not */
export function backendOn({ backends }: SitePlan, server: string): number {
  const index = backends.get(server)
  if (index !== undefined) return index
  throw new HarnessError(
    'PROFILE_INVALID',
    `the site has no backend ${server}`,
    `it has ${[...backends.keys()].slice(0, 5).join(', ')}${backends.size > 5 ? ', …' : ''}`,
  )
}

function makePlan(site: SiteSpec): SitePlan {
  checkSite(site)
  return {
    site,
    backend: weightedPick(site.backends.map(backend => backend.weight)),
    partition: site.backends.map(backend => weightedPick(backend.partitions.map(partition => partition.weight))),
    locations: site.backends.map(backend => backend.partitions.map(partition => `${backend.server}!${partition.name}`)),
    backends: new Map(site.backends.map(({ server }, index) => [server, index])),
    folders: countPick(site.foldersPerUser.mean, site.foldersPerUser.max),
    aclEntries: countPick(site.aclEntries.mean, site.aclEntries.max),
  }
}

function checkSite(site: SiteSpec): void {
  if (site.backends.length === 0 || site.backends.some(backend => backend.partitions.length === 0)) {
    throw new HarnessError(
      'PROFILE_INVALID',
      'a site needs a backend, and each backend a partition',
      'add one to site.backends',
    )
  }
  const longest = Math.max(0, ...site.domains.map(domain => domain.length)) + site.userPrefix.length
  if (longest > MAX_DOMAIN_AND_PREFIX_BYTES) {
    throw new HarnessError(
      'PROFILE_INVALID',
      `domain and user prefix take ${longest} bytes of a name's ${MAX_NAME_BYTES}`,
      `shorten them to ${MAX_DOMAIN_AND_PREFIX_BYTES} bytes together`,
    )
  }
}
