import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { resolve } from 'node:path'
import { HarnessError } from '../core/errors.js'
import { statOf, unreadable } from '../core/given-files.js'
import { recordOf } from '../dumps/record-of.js'
import { fewer } from '../engine/listed-site.js'
import { MAX_NAME_BYTES, serverOf } from '../generators/site-plan.js'
import type { SiteSpec } from '../generators/spec.js'
import { loadProfile, type Profile } from '../profile/load.js'
import { checkNewNames, checkSteps, listedUsers } from '../profile/step-check.js'
import { GivenDump } from './given-dump.js'
import type { Progress } from './progress.js'

/**
 * Settings of a profile, with those that the dump in it says of the site: how many mailboxes, on which servers. So they
 * are in the profile that lies beside the results.
 *
 * @param sets `a.b=c` changes, as `loadProfile` takes them
 * @throws {HarnessError} `PROFILE_INVALID`, `USAGE`
 */
export async function siteSets(
  nameOrPath: string,
  sets: readonly string[],
  progress?: Progress,
): Promise<readonly string[]> {
  const profile = loadProfile(nameOrPath, sets)
  const { dump, mailboxes } = profile.site
  if (dump === undefined) return sets
  // A ready profile says how many its own site has.
  const isSet = (key: string) => sets.some(set => set.startsWith(`${key}=`))
  const isLimited = isSet('site.mailboxes') || !isSet('site.dump')
  progress?.note(`reading ${dump}`)
  const dumpSha256 = await digestOf(dump)
  const { count, names, servers } = await lookInto(dump, isLimited && mailboxes > 0 ? mailboxes : Infinity)
  progress?.clear()
  checkSteps(profile, () => listedUsers(names))
  checkNewNames(profile, names)
  for (const server of new Set(targetsOf(profile))) {
    if (servers.has(server)) continue
    progress?.warn(`${server} has no mailbox in ${dump}: taken for a new backend`)
    servers.set(server, partitionsOf(servers))
  }
  const site = { dump: resolve(dump), dumpSha256, mailboxes: count, backends: backendsOf(servers) }
  return [...sets, ...Object.entries(site).map(([key, value]) => `site.${key}=${JSON.stringify(value)}`)]
}

/**
 * Before a master is started for it.
 *
 * @param isResumed it goes on with a run that has begun with that dump
 * @throws {HarnessError} `USAGE` where it is not the dump that the profile was made with
 */
export async function checkDump({ dump, dumpSha256 }: SiteSpec, isResumed: boolean): Promise<void> {
  if (dump === undefined || (await digestOf(dump)) === dumpSha256) return
  throw new HarnessError(
    'USAGE',
    `${dump} has changed since the profile was made`,
    isResumed
      ? 'give the one of then, --dump FILE; or begin anew, without --resume'
      : 'name it again: --set site.dump=FILE',
  )
}

/** It is read more than once. */
async function digestOf(path: string): Promise<string> {
  if (!statOf(path).isFile())
    throw new HarnessError('USAGE', `${path} is no file`, 'write the dump into one: it is read more than once')
  const hash = createHash('sha256')
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk)
  } catch (error) {
    throw unreadable(path, error)
  }
  return hash.digest('hex')
}

/** By name, how many mailboxes each partition has. */
type Servers = Map<string, Map<string, number>>

/** A profile has no --server. */
const LOCATE = 'mupdate-bench dump convert --server NAME writes it down: give what that makes'

interface Looked {
  readonly count: number
  readonly names: ReadonlySet<string>
  readonly servers: Servers
}

async function lookInto(path: string, most: number): Promise<Looked> {
  const names = new Set<string>()
  const servers: Servers = new Map()
  for await (const entries of new GivenDump(path, { onBadLine: 'stop' }).batches()) {
    for (const entry of entries) {
      if (entry.state === 'deleted') continue
      if (names.size === most) return { count: most, names, servers }
      const { name, location } = recordOf(entry, path, LOCATE)
      if (names.has(name)) throw unfit(path, `${JSON.stringify(name)} is in it more than once`)
      // A master keeps it under another name, and does not know it by its own.
      if (name.length > MAX_NAME_BYTES)
        throw unfit(path, `${JSON.stringify(name)} has ${name.length} bytes, more than ${MAX_NAME_BYTES}`)
      names.add(name)
      count(servers, location)
    }
  }
  if (names.size === 0)
    throw new HarnessError('USAGE', `${path} holds no mailbox`, 'give a dump of a master that has some')
  if (names.size < most && most < Infinity) throw fewer(path, names.size, most)
  return { count: names.size, names, servers }
}

function count(servers: Servers, location: string): void {
  const server = serverOf(location)
  const partition = location.slice(server.length + 1)
  const partitions = servers.get(server) ?? new Map<string, number>()
  servers.set(server, partitions)
  partitions.set(partition, (partitions.get(partition) ?? 0) + 1)
}

/** Where steps want mailboxes to be: there may be none yet, on a server that is new. */
function targetsOf({ phases }: Profile): string[] {
  return phases.flatMap(({ step }) =>
    [step?.move?.to, step?.replace?.to, step?.create?.on].filter(server => server !== undefined),
  )
}

/** Of a new server: those that there are, with next to nothing of what comes by chance. */
function partitionsOf(servers: Servers): Map<string, number> {
  const names = [...servers.values()].flatMap(partitions => [...partitions.keys()])
  return new Map(names.map(name => [name, 1e-6]))
}

/** As profiles have them: new mailboxes are spread as those that are there. */
function backendsOf(servers: Servers) {
  return [...servers].map(([server, partitions]) => {
    const named = [...partitions].filter(([name]) => name !== '')
    const weight = [...partitions.values()].reduce((sum, mailboxes) => sum + mailboxes, 0)
    return { server, weight, ...(named.length === 0 ? {} : { partitions: Object.fromEntries(named) }) }
  })
}

function unfit(path: string, what: string): HarnessError {
  return new HarnessError('USAGE', `${path}: ${what}`, 'mupdate-bench dump inspect names all of them; take them out')
}
