import { HarnessError } from '../core/errors.js'
import { formatDurationUs, parseDurationNs } from '../core/units.js'
import { AXES, type Axis, type CapacityJournalLine } from '../metrics/capacity-result.js'
import { loadProfile } from '../profile/load.js'
import { durationOf } from '../verdict/capacity/evidence.js'
import { estimateMs } from '../verdict/capacity/search.js'
import { parseThreshold } from '../verdict/threshold.js'
import {
  type CapacityPlan,
  capacityProfilePath,
  changePlan,
  createCapacityFolder,
  dropTornLine,
  readCapacityFolder,
} from './capacity-folder.js'
import { campaignOptionsOf } from './capacity-search.js'
import { VariedProfile } from './capacity-vary.js'
import { folderOf, newIdentity } from './identity.js'
import { siteSets } from './site-sets.js'

/** What is asked for, of a search that begins. */
export interface SearchFlags {
  readonly vary?: string
  readonly objective: string[]
  readonly budget: string
  readonly from?: string
  readonly to?: string
  readonly master: string
  readonly simulate?: true
  readonly calibration?: string
  readonly agents?: number
  readonly set: string[]
  readonly seed?: string
  readonly out: string
}

/** A search before its next trial. */
export interface PreparedSearch {
  readonly folder: string
  readonly plan: CapacityPlan
  readonly varied: VariedProfile
  readonly before: readonly CapacityJournalLine[]
  /** Begins to write it, once all that can be known to fail has been looked at. */
  create(): void
}

/** @throws {HarnessError} `USAGE`, `PROFILE_INVALID` */
export async function newSearch(name: string | undefined, flags: SearchFlags): Promise<PreparedSearch> {
  if (name === undefined)
    throw new HarnessError('USAGE', 'no profile', 'name one, such as capacity; or give --resume DIR')
  const given = flags.seed === undefined ? flags.set : [...flags.set, `seed=${flags.seed}`]
  const sets = await siteSets(name, given)
  const profile = loadProfile(name, sets)
  for (const text of flags.objective) parseThreshold(text)
  const identity = newIdentity(profile)
  const plan: CapacityPlan = {
    schema: 'mupdate-bench/capacity-journal/1',
    id: identity.id,
    startedAt: identity.startedAt.toISOString(),
    profile: identity.profile,
    axes: axesOf(flags.vary),
    objective: flags.objective,
    budgetMs: parseDurationNs(flags.budget) / 1e6,
    lostMs: 0,
    from: loadOf('--from', flags.from),
    to: loadOf('--to', flags.to),
    master: flags.simulate === true ? null : flags.master,
    calibration: flags.calibration ?? null,
    agents: flags.agents ?? null,
  }
  const varied = new VariedProfile(name, sets, plan.axes, plan.objective)
  requireRoom(plan, varied)
  const folder = `${folderOf(flags.out, identity)}.capacity`
  return { folder, plan, varied, before: [], create: () => createCapacityFolder(folder, plan, profile.yaml) }
}

/** What belongs to a search for good; only its budget may become another. */
const FIXED = ['vary', 'objective', 'from', 'to', 'master', 'simulate', 'calibration', 'set', 'seed', 'out'] as const

/**
 * @param isGiven whether a flag was typed
 * @throws {HarnessError} `USAGE`, `RESULTS`
 */
export function oldSearch(
  folder: string,
  name: string | undefined,
  { budget, agents = null }: Pick<SearchFlags, 'budget'> & { readonly agents?: number | null },
  isGiven: (flag: keyof SearchFlags) => boolean,
): PreparedSearch {
  const asked = [...(name === undefined ? [] : ['the profile']), ...FIXED.filter(isGiven).map(flag => `--${flag}`)]
  if (asked.length > 0)
    throw new HarnessError(
      'USAGE',
      '--resume goes on with what was asked for then',
      `leave out ${asked.join(', ')}; only --budget may be another`,
    )
  const { plan: planned, lines } = readCapacityFolder(folder)
  if (agents !== planned.agents)
    throw new HarnessError(
      'USAGE',
      `its trials had ${planned.agents ?? 'no'} agents, and --agents is ${agents ?? 'not given'}`,
      'give as many as then: with others the harness would be another',
    )
  const plan = isGiven('budget') ? { ...planned, budgetMs: parseDurationNs(budget) / 1e6 } : planned
  requireMore(plan, lines)
  const varied = new VariedProfile(capacityProfilePath(folder, plan), [], plan.axes, plan.objective)
  const create = () => {
    dropTornLine(folder)
    if (plan !== planned) changePlan(folder, plan)
  }
  return { folder, plan, varied, before: lines, create }
}

/** @throws {HarnessError} `USAGE` where the budget is used up already */
function requireMore({ budgetMs, lostMs }: CapacityPlan, lines: readonly CapacityJournalLine[]): void {
  const spentMs = durationOf(lines.map(({ trial }) => trial)) + lostMs
  if (spentMs <= budgetMs) return
  const time = (ms: number) => formatDurationUs(ms * 1e3)
  throw new HarnessError(
    'USAGE',
    `its trials have taken ${time(spentMs)} of a budget of ${time(budgetMs)}`,
    'give more --budget: it is for all of the search',
  )
}

/** @throws {HarnessError} `USAGE` */
function axesOf(text: string | undefined): Axis[] {
  const known = `give one of ${AXES.join(', ')}, or two: slaves,creates`
  if (text === undefined) throw new HarnessError('USAGE', '--vary is missing', known)
  const names = text.split(',').map(name => name.trim())
  const axes = names.map(name => AXES.find(axis => axis === name))
  const isKnown = axes.every(axis => axis !== undefined)
  if (!isKnown || axes.length > 2 || new Set(axes).size < axes.length)
    throw new HarnessError('USAGE', `--vary ${text}: not one axis, nor two`, known)
  if (axes.includes('connections') && axes.length > 1 && axes.includes('creates'))
    throw new HarnessError('USAGE', `--vary ${text}: each is all that backends do`, 'vary one of them')
  return axes
}

/** @throws {HarnessError} `USAGE` */
function loadOf(flag: string, text: string | undefined): number | null {
  if (text === undefined) return null
  const load = Number(text)
  if (Number.isInteger(load) && load > 0) return load
  throw new HarnessError('USAGE', `${flag} ${text}: not a load`, 'give a whole number, 1 or more')
}

/** Fewer than these trials bracket nothing. */
const FEWEST_TRIALS = 3

/** @throws {HarnessError} `USAGE` where the budget or the range leave nothing to search */
function requireRoom(plan: CapacityPlan, varied: VariedProfile): void {
  const { first } = campaignOptionsOf(plan, varied)
  if (first.start < first.least || first.start > first.most)
    throw new HarnessError(
      'USAGE',
      `it cannot begin with ${first.start} ${plan.axes[0]}: there are ${first.least} to ${first.most}`,
      'give another --from or --to; the profile has its bounds, too: see docs/capacity.md',
    )
  const searches = plan.axes.length === 1 ? 1 : 4
  const neededMs = FEWEST_TRIALS * searches * estimateMs(first, [], first.start, 'short')
  if (plan.budgetMs >= neededMs) return
  throw new HarnessError(
    'USAGE',
    `--budget ${plan.budgetMs / 1000} s: a short trial takes about ${Math.round(neededMs / FEWEST_TRIALS / searches / 1000)} s, a full one ${Math.round(first.guessMs.full / 1000)} s`,
    `give ${Math.ceil(neededMs / 1000)}s at least, or a profile with shorter phases`,
  )
}
