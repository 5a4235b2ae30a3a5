import { monotonicClock, monotonicOriginS } from '../core/clock.js'
import { HarnessError } from '../core/errors.js'
import { loadProfile, type Profile } from '../profile/load.js'
import { planOf } from '../profile/plan.js'
import { createMaster, isRemoteText, type MasterChoice, parseMaster, readPassword } from './choose-master.js'
import { mayBeSame } from './own-addresses.js'
import { checkPermissions, type Permissions } from './permission.js'
import type { ReachFlags } from './reach-options.js'
import { isSameMaster, type MasterFacts } from './stored-runs.js'

/** One of the two masters of a gate. */
export interface GateSide {
  /** What was given, for people. */
  readonly label: string
  readonly choice: MasterChoice
  readonly profile: Profile
}

export interface SideFlags {
  readonly side: 'a' | 'b'
  readonly master: string
  /** `--a-set`, `--b-set`. */
  readonly own: readonly string[]
  readonly common: readonly string[]
  readonly passwordFile?: string | undefined
}

/**
 * All that can be known to fail is looked at before a run of minutes; a password is asked for once.
 *
 * @throws {HarnessError} `USAGE`, `PROFILE_INVALID`
 */
export async function gateSide(
  profileName: string,
  { side, master, own, common, passwordFile }: SideFlags,
  permissions: Permissions & ReachFlags,
): Promise<GateSide> {
  // They are for whichever of the two is remote.
  const names = { master: `--${side}`, passwordFile: `--${side}-password-file` }
  const choice = parseMaster(master, isRemoteText(master) ? permissions : {}, names)
  const profile = loadProfile(profileName, [...common, ...own.map(masterSetting)])
  const label = [master, ...own].join(', ')
  if (choice.kind === 'remote' && own.length > 0)
    throw new HarnessError(
      'USAGE',
      `--a-set, --b-set: ${own[0]} cannot be set on ${master}, which is not ours`,
      'set it there, and leave this out; or give a cyrus, which is started with it',
    )
  if (choice.kind !== 'remote') return { label, choice, profile }
  checkPermissions(planOf(profile, ''), choice.address, permissions)
  return { label, choice: { ...choice, password: await readPassword(choice, passwordFile, names) }, profile }
}

/** A name without a dot is a setting of the master's; the load is the same for both. */
function masterSetting(set: string): string {
  if (/^master\./.test(set)) return set
  if (/^\w+=/.test(set)) return `master.settings.${set}`
  throw new HarnessError(
    'USAGE',
    `--a-set, --b-set: ${set} is no setting of a master`,
    'both get the same load: write mupdate_workers_max=20 or master.place=disk here, and the rest with --set',
  )
}

/** Starts it for a moment. */
export async function factsOf({ choice, profile }: GateSide): Promise<MasterFacts> {
  const master = await createMaster(choice, profile, monotonicClock(monotonicOriginS()))
  try {
    await master.start()
    const { version, mailboxDatabase, settings, binaries } = master.describe()
    return { kind: master.kind, version, mailboxDatabase, settings, binaries }
  } finally {
    await master.stop()
  }
}

/**
 * @returns whether nothing could make a difference: the same programs, wherever they lie, with the same settings; of others'
 *   masters the same one, whoever logs in, and however it is spelt
 */
export async function isSame(
  { choice: a }: GateSide,
  { choice: b }: GateSide,
  factsA: MasterFacts,
  factsB: MasterFacts,
): Promise<boolean> {
  if (a.kind === 'remote' && b.kind === 'remote') return mayBeSame(a.address, b.address)
  return a.kind !== 'remote' && b.kind !== 'remote' && isSameMaster(factsA, factsB)
}

const DATABASE = 'mboxlist_db'

/**
 * Settings whose defaults differ between two versions of Cyrus: set to A's, so that builds are compared and not defaults.
 *
 * @param sides those whose settings were given, by flags or the profile
 */
export function pinnedSettings(
  sides: readonly GateSide[],
  factsA: MasterFacts,
  factsB: MasterFacts,
): Record<string, string> {
  if (factsA.kind !== 'cyrus' || factsB.kind !== 'cyrus') return {}
  const [ours, theirs] = [factsA, factsB].map(({ mailboxDatabase }) => mailboxDatabase.split(' ')[0])
  const isGiven = sides.some(({ profile }) => DATABASE in profile.master.settings)
  return ours === theirs || isGiven ? {} : { [DATABASE]: ours }
}
