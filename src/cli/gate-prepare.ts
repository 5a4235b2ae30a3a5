import { HarnessError } from '../core/errors.js'
import { loadProfile, type Profile } from '../profile/load.js'
import { readBaseline } from './baseline.js'
import { factsOf, type GateSide, gateSide, isSame, pinnedSettings } from './gate-side.js'
import { describeHost } from '../samplers/host.js'
import type { Permissions } from './permission.js'
import type { Progress } from './progress.js'
import { type MasterFacts, masterFacts, type StoredRun } from './stored-runs.js'

export interface SidesFlags extends Permissions {
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
}

/** @throws {HarnessError} `USAGE` for two sides that are one, or cannot be compared; `NO_BASELINE` */
export async function prepareGate(profileName: string, flags: SidesFlags, progress: Progress): Promise<Prepared> {
  const common = flags.seed === undefined ? flags.set : [...flags.set, `seed=${flags.seed}`]
  const profile = loadProfile(profileName, common)
  return flags.baseline === undefined
    ? prepareBoth(profileName, profile, common, flags, progress)
    : prepareOne(profileName, profile, common, { ...flags, baseline: flags.baseline }, progress)
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
      { master: masterA, own: aSet, common: [...pins, ...common], passwordFile: aPasswordFile },
      flags,
    )
  const sideB = (pins: readonly string[]) =>
    gateSide(profileName, { master: masterB, own: bSet, common: [...pins, ...common], passwordFile }, flags)
  const [a, b] = [await sideA([]), await sideB([])]
  progress.note('looking at both masters')
  const facts = { a: await factsOf(a), b: await factsOf(b) }
  const same = isSame(a, b, facts.a, facts.b)
  if (same && flags.aa !== true)
    throw new HarnessError(
      'USAGE',
      `both sides are the same: ${facts.a.version}, ${facts.a.mailboxDatabase}, with the same programs and settings`,
      'give another --b or --b-set; or --aa, to see how much noise there is',
    )
  if (!same && flags.aa === true)
    throw new HarnessError('USAGE', '--aa, and the two sides differ', 'leave out --aa, or what makes them differ')
  const pinned = pinnedSettings([a, b], facts.a, facts.b)
  const pins = pinsOf(pinned, progress)
  if (pins.length === 0) return { profile, a, b, facts, baseline: undefined, pinned, isSame: same }
  const sides = { a: await sideA(pins), b: await sideB(pins) }
  const seen = { a: await factsOf(sides.a), b: await factsOf(sides.b) }
  return { profile, ...sides, facts: seen, baseline: undefined, pinned, isSame: same }
}

async function prepareOne(
  profileName: string,
  profile: Profile,
  common: readonly string[],
  flags: SidesFlags & { readonly baseline: string },
  progress: Progress,
): Promise<Prepared> {
  const { baseline: directory, a, aSet, aa, aPasswordFile, b: master = DEFAULT_MASTER, bSet, bPasswordFile } = flags
  if (a !== undefined || aSet.length > 0 || aa === true || aPasswordFile !== undefined)
    throw new HarnessError('USAGE', '--baseline is A: it was measured before', 'leave out --a, --a-set and --aa')
  const baseline = readBaseline(directory, profile)
  const facts = masterFacts(baseline[0])
  const { harness } = baseline[0].result
  const sideB = (pins: readonly string[]) =>
    gateSide(profileName, { master, own: bSet, common: [...pins, ...common], passwordFile: bPasswordFile }, flags)
  const b = await sideB([])
  progress.note('looking at the master')
  const seen = await factsOf(b)
  if (facts.kind !== seen.kind)
    throw new HarnessError(
      'USAGE',
      `the baseline’s master is ${facts.kind}, and B is ${seen.kind}`,
      'measure a baseline of the same kind',
    )
  const { cpuModel, cores } = describeHost()
  if (harness.host.cpuModel !== cpuModel || harness.host.cores !== cores)
    progress.warn(
      `the baseline is of another host (${harness.host.cores} × ${harness.host.cpuModel}; this is ${cores} × ${cpuModel}): the ratio is of hosts too`,
    )
  const pinned = pinnedSettings([b], facts, seen)
  const pins = pinsOf(pinned, progress)
  if (pins.length === 0)
    return { profile, a: undefined, b, facts: { a: facts, b: seen }, baseline, pinned, isSame: false }
  const side = await sideB(pins)
  return {
    profile,
    a: undefined,
    b: side,
    facts: { a: facts, b: await factsOf(side) },
    baseline,
    pinned,
    isSame: false,
  }
}

/** As `--set` takes them; said, too. */
function pinsOf(pinned: Readonly<Record<string, string>>, progress: Progress): string[] {
  return Object.entries(pinned).map(([key, value]) => {
    progress.line(`pinned, since the defaults differ: ${key}: ${value}`)
    return `master.settings.${key}=${value}`
  })
}
