import { HarnessError, isHarnessError } from '../core/errors.js'
import { loadProfile, type Profile } from '../profile/load.js'
import { readBaseline } from './baseline.js'
import { isRemoteText } from './choose-master.js'
import { factsOf, type GateSide, gateSide, isSame, pinnedSettings } from './gate-side.js'
import { describeHost } from '../samplers/host.js'
import type { Permissions } from './permission.js'
import type { Progress } from './progress.js'
import { givenReachOption, type ReachFlags } from './reach-options.js'
import { siteSets } from './site-sets.js'
import { hostsOf, hostText, isSameMaster, type MasterFacts, masterFacts, type StoredRun } from './stored-runs.js'

export interface SidesFlags extends Permissions, ReachFlags {
  readonly a?: string
  readonly b?: string
  readonly aSet: string[]
  readonly bSet: string[]
  readonly aPasswordFile?: string
  readonly bPasswordFile?: string
  readonly baseline?: string
  readonly set: string[]
  readonly seed?: string
  readonly aa?: true
}

/** What is known before anything is measured. */
export interface Prepared {
  readonly profile: Profile
  /** Undefined where it is stored. */
  readonly a: GateSide | undefined
  readonly b: GateSide
  readonly facts: { readonly a: MasterFacts; readonly b: MasterFacts }
  readonly baseline: readonly StoredRun[] | undefined
  readonly pinned: Readonly<Record<string, string>>
  readonly isSame: boolean
  /** Why the ratio of the two says nothing of B alone. */
  readonly doubts: readonly string[]
}

/** @throws {HarnessError} `USAGE` for two sides that are one, or cannot be compared; `NO_BASELINE` */
export async function prepareGate(profileName: string, flags: SidesFlags, progress: Progress): Promise<Prepared> {
  checkReach(flags)
  const given = flags.seed === undefined ? flags.set : [...flags.set, `seed=${flags.seed}`]
  const common = await siteSets(profileName, given, progress)
  const profile = loadProfile(profileName, common)
  return flags.baseline === undefined
    ? prepareBoth(profileName, profile, common, flags, progress)
    : prepareOne(profileName, profile, common, { ...flags, baseline: flags.baseline }, progress)
}

function checkReach(flags: SidesFlags): void {
  const option = givenReachOption(flags)
  if (option === undefined || [flags.a, flags.b].some(text => text !== undefined && isRemoteText(text))) return
  throw new HarnessError('USAGE', `${option}: neither master is a remote one`, 'leave it out')
}

const DEFAULT_MASTER = 'cyrus'

async function prepareBoth(
  profileName: string,
  profile: Profile,
  common: readonly string[],
  flags: SidesFlags,
  progress: Progress,
): Promise<Prepared> {
  const { a: masterA = DEFAULT_MASTER, b: masterB = masterA, aSet, bSet, aPasswordFile, bPasswordFile } = flags
  const passwordFile = bPasswordFile ?? (masterB === masterA ? aPasswordFile : undefined)
  const sideA = (pins: readonly string[]) =>
    gateSide(
      profileName,
      { side: 'a', master: masterA, own: aSet, common: [...pins, ...common], passwordFile: aPasswordFile },
      flags,
    )
  const sideB = (pins: readonly string[]) =>
    gateSide(profileName, { side: 'b', master: masterB, own: bSet, common: [...pins, ...common], passwordFile }, flags)
  const [a, b] = [await sideA([]), await sideB([])]
  progress.note('looking at both masters')
  const factsA = await factsOf(a)
  const facts = { a: factsA, b: await factsOrDead(b, factsA) }
  const same = await isSame(a, b, facts.a, facts.b)
  if (same && flags.aa !== true)
    throw new HarnessError(
      'USAGE',
      `both sides are the same: ${whatIsSame(a, b, facts.a)}`,
      'give another --b or --b-set; or --aa, to see how much noise there is',
    )
  if (!same && flags.aa === true)
    throw new HarnessError('USAGE', '--aa, and the two sides differ', 'leave out --aa, or what makes them differ')
  const pinned = pinnedSettings([a, b], facts.a, facts.b)
  const pins = pinsOf(pinned, progress)
  if (pins.length === 0) return { profile, a, b, facts, baseline: undefined, pinned, isSame: same, doubts: [] }
  const sides = { a: await sideA(pins), b: await sideB(pins) }
  const seen = { a: await factsOf(sides.a), b: await factsOf(sides.b) }
  return { profile, ...sides, facts: seen, baseline: undefined, pinned, isSame: same, doubts: [] }
}

function whatIsSame(a: GateSide, b: GateSide, { version, mailboxDatabase }: MasterFacts): string {
  if (a.choice.kind === 'remote') return `${a.label} and ${b.label} are one master`
  return `${version}, ${mailboxDatabase}, with the same programs and settings`
}

/** A master that is there and does not come up, beside one that does, is what the gate was to find: the first pair says so. */
async function factsOrDead(side: GateSide, { kind, mailboxDatabase }: MasterFacts): Promise<MasterFacts> {
  try {
    return await factsOf(side)
  } catch (error) {
    if (!isHarnessError(error, 'MASTER_DIED')) throw error
    return { kind, version: 'did not start', mailboxDatabase, settings: {}, binaries: {} }
  }
}

async function prepareOne(
  profileName: string,
  profile: Profile,
  common: readonly string[],
  flags: SidesFlags & { readonly baseline: string },
  progress: Progress,
): Promise<Prepared> {
  const { baseline: directory, a, aSet, aa, aPasswordFile, b: master = DEFAULT_MASTER, bSet, bPasswordFile } = flags
  if (a !== undefined || aSet.length > 0 || aPasswordFile !== undefined)
    throw new HarnessError('USAGE', '--baseline is A: it was measured before', 'leave out --a and --a-set')
  const baseline = readBaseline(directory, profile)
  const before = masterFacts(baseline[0])
  const sideB = (pins: readonly string[]) =>
    gateSide(
      profileName,
      { side: 'b', master, own: bSet, common: [...pins, ...common], passwordFile: bPasswordFile },
      flags,
    )
  const first = await sideB([])
  progress.note('looking at the master')
  const seen = await factsOrDead(first, before)
  if (before.kind !== seen.kind)
    throw new HarnessError(
      'USAGE',
      `the baseline’s master is ${before.kind}, and B is ${seen.kind}`,
      'measure a baseline of the same kind',
    )
  const pinned = pinnedSettings([first], before, seen)
  const pins = pinsOf(pinned, progress)
  const b = pins.length === 0 ? first : await sideB(pins)
  const facts = { a: before, b: pins.length === 0 ? seen : await factsOf(b) }
  const same = facts.a.kind !== 'remote' && isSameMaster(facts.a, facts.b)
  if (same && aa !== true)
    throw new HarnessError(
      'USAGE',
      `B is what the baseline is of: ${facts.a.version}, ${facts.a.mailboxDatabase}, with the same programs and settings`,
      'give another --b or --b-set; or --aa, to see how much the machine has changed',
    )
  if (!same && aa === true)
    throw new HarnessError('USAGE', '--aa, and B differs from the baseline', 'leave out --aa, or what makes it differ')
  const doubts = [...hostDoubts(baseline), ...(bSet.length > 0 ? [] : settingDoubts(facts.a, facts.b, pinned))]
  for (const doubt of doubts) progress.warn(doubt)
  return { profile, a: undefined, b, facts, baseline, pinned, isSame: same, doubts }
}

function hostDoubts(baseline: readonly StoredRun[]): string[] {
  const here = hostText(describeHost())
  const others = hostsOf(baseline).filter(host => host !== here)
  if (others.length === 0) return []
  return [`the baseline is of another host (${others.join('; ')}; this is ${here}): the ratio is of hosts too`]
}

/** Work is the same for both; what the master was given is no work, and nobody said here that it should differ. */
function settingDoubts(a: MasterFacts, b: MasterFacts, pinned: Readonly<Record<string, string>>): string[] {
  const given = ({ settings, mailboxDatabase }: MasterFacts) => ({ ...settings, 'mailbox database': mailboxDatabase })
  const [ours, theirs] = [given(a), given(b)] as [Record<string, string>, Record<string, string>]
  return [...new Set([...Object.keys(ours), ...Object.keys(theirs)])]
    .filter(name => !(name in pinned) && ours[name] !== theirs[name])
    .map(
      name =>
        `the baseline was made with ${name} ${ours[name] ?? 'unset'}, and B has ${theirs[name] ?? 'none'}: see --set`,
    )
}

/** As `--set` takes them; said, too. */
function pinsOf(pinned: Readonly<Record<string, string>>, progress: Progress): string[] {
  return Object.entries(pinned).map(([key, value]) => {
    progress.line(`pinned, since the defaults differ: ${key}: ${value}`)
    return `master.settings.${key}=${value}`
  })
}
