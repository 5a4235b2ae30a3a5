import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import { HarnessError } from '../core/errors.js'
import { EXIT, type ExitStatus } from '../core/exit-status.js'
import { parseDurationNs } from '../core/units.js'
import { AXES, type Axis } from '../limits/limits.js'
import { type Calibration, loadCalibration } from '../masters/model/load-calibration.js'
import type { CapacityResult } from '../metrics/capacity-result.js'
import { loadProfile } from '../profile/load.js'
import { planOf } from '../profile/plan.js'
import { capacityHtml } from '../report/capacity/html.js'
import { capacityMarkdown } from '../report/capacity/markdown.js'
import { capacityText } from '../report/capacity/text.js'
import { writeReportFile } from '../report/write-report.js'
import { estimateMs } from '../verdict/capacity/search.js'
import { parseThreshold } from '../verdict/threshold.js'
import {
  CAPACITY_PAGE,
  type CapacityPlan,
  capacityProfilePath,
  createCapacityFolder,
  readCapacityFolder,
} from './capacity-folder.js'
import { capacityResult } from './capacity-result-of.js'
import { campaignOptionsOf, searchCapacity, writeResult } from './capacity-search.js'
import type { CapacityMaster } from './capacity-trial.js'
import { VariedProfile } from './capacity-vary.js'
import { parseMaster, readPassword } from './choose-master.js'
import { folderOf, newIdentity } from './identity.js'
import { collect } from './options.js'
import { checkPermissions, requirePermissions } from './permission.js'
import { Progress } from './progress.js'
import { onInterrupt } from './signals.js'

const FORMATS = {
  text: capacityText,
  json: (result: CapacityResult) => `${JSON.stringify(result, null, 2)}\n`,
  markdown: capacityMarkdown,
} as const

interface CapacityFlags {
  readonly vary?: string
  readonly objective: string[]
  readonly budget: string
  readonly from?: string
  readonly to?: string
  readonly master: string
  readonly simulate?: true
  readonly calibration?: string
  readonly set: string[]
  readonly seed?: string
  readonly resume?: string
  readonly out: string
  readonly format: keyof typeof FORMATS
  readonly json?: true
  readonly quiet?: true
  readonly passwordFile?: string
  readonly allowLoad: string[]
  readonly allowMutations: string[]
}

export function capacityCommand(): Command {
  return new Command('capacity')
    .description('find the largest load that a master holds, and what breaks first beyond it')
    .argument('[profile]', 'a ready profile’s name, such as capacity, or a YAML file')
    .option('--vary <axis>', `what grows: ${AXES.join(', ')}; or two of them, such as slaves,creates`)
    .option('--objective <threshold>', 'what a load has to keep, in place of the default (repeatable)', collect, [])
    .option('--budget <duration>', 'the time that it may take', '15m')
    .option('--from <load>', 'where it begins, and the least that is tried')
    .option('--to <load>', 'the most that is tried')
    .option('-m, --master <master>', 'as run’s --master', 'cyrus')
    .option('--simulate', 'in virtual time, against the model: no master, no load')
    .option('-c, --calibration <file>', 'costs for --simulate and for predictions (those of Cyrus 3.6.1)')
    .option('-s, --set <key=value>', 'change one setting of the profile (repeatable)', collect, [])
    .option('--seed <number>', 'seed of everything random, in place of the profile’s')
    .option('--resume <dir>', 'go on with a search that was interrupted, as it was asked for then')
    .option('-o, --out <dir>', 'where results go', 'results')
    .addOption(
      new Option('-f, --format <name>', 'what goes to standard output').choices(Object.keys(FORMATS)).default('text'),
    )
    .option('--json', 'the same as --format json')
    .option('-q, --quiet', 'no progress')
    .option('--password-file <file>', 'password of a remote master (else MUPDATE_BENCH_PASSWORD, else a prompt)')
    .option('--allow-load <host>', 'let it be loaded until it breaks (repeatable)', collect, [])
    .option('--allow-mutations <host>', 'let it create and delete mailboxes there (repeatable)', collect, [])
    .addHelpText(
      'after',
      `
Examples:
  mupdate-bench capacity capacity --vary slaves
  mupdate-bench capacity capacity --vary creates --set master.place=disk
  mupdate-bench capacity resync-storm --vary resyncs --objective 'slaves.timeouts == 0'
  mupdate-bench capacity capacity --vary slaves,creates --budget 1h
  mupdate-bench capacity capacity --vary mailboxes --simulate --calibration ours.json
  mupdate-bench capacity --resume results/capacity/20261128T101500Z-1a2b3c.capacity

By default a load holds while no slave times out, the slaves’ NOOP p99 is below a
quarter of the retry delay, creates’ p99 below 1 s, and the harness not saturated.
How it searches, and how far to believe it: docs/capacity.md.

Exit status: 0 the limit is known, or all that was asked for held, 2 usage,
3 the master could not be reached, 5 the harness was the limit, 6 no time to
find it, 130 interrupted.`,
    )
    .action(async (profile: string | undefined, flags: CapacityFlags) => {
      const progress = new Progress(process.stderr, flags.quiet === true)
      const prepared = flags.resume === undefined ? newSearch(profile, flags) : oldSearch(flags.resume, profile, flags)
      const { result, isInterrupted } = await runSearch(prepared, flags, progress)
      const { folder } = prepared
      writeResult(folder, result)
      writeReportFile(join(folder, CAPACITY_PAGE), capacityHtml(result))
      progress.clear()
      process.exitCode = isInterrupted ? EXIT.interrupted : statusOf(result)
      const format = flags.json === true ? 'json' : flags.format
      process.stdout.write(FORMATS[format](result))
      const where = `results: ${folder}\nreport: ${join(folder, CAPACITY_PAGE)}\n`
      if (format === 'text') process.stdout.write(where)
      else if (flags.quiet !== true) process.stderr.write(where)
    })
}

function statusOf({ beyond }: CapacityResult): ExitStatus {
  switch (beyond) {
    case 'failed':
    case 'range':
      return EXIT.pass
    case 'harness':
      return EXIT.invalid
    case 'budget':
      return EXIT.inconclusive
  }
}

interface Prepared {
  readonly folder: string
  readonly plan: CapacityPlan
  readonly varied: VariedProfile
  readonly before: ReturnType<typeof readCapacityFolder>['lines']
  /** Writes it, once all that can be known to fail has been looked at. */
  create(): void
}

/** @throws {HarnessError} `USAGE`, `PROFILE_INVALID` */
function newSearch(name: string | undefined, flags: CapacityFlags): Prepared {
  if (name === undefined)
    throw new HarnessError('USAGE', 'no profile', 'name one, such as capacity; or give --resume DIR')
  const sets = flags.seed === undefined ? flags.set : [...flags.set, `seed=${flags.seed}`]
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
    from: loadOf('--from', flags.from),
    to: loadOf('--to', flags.to),
    master: flags.simulate === true ? null : flags.master,
    calibration: flags.calibration ?? null,
  }
  const varied = new VariedProfile(name, sets, plan.axes, plan.objective)
  requireRoom(plan, varied)
  const folder = `${folderOf(flags.out, identity)}.capacity`
  return { folder, plan, varied, before: [], create: () => createCapacityFolder(folder, plan, profile.yaml) }
}

function oldSearch(folder: string, name: string | undefined, flags: CapacityFlags): Prepared {
  if (name !== undefined || flags.vary !== undefined)
    throw new HarnessError('USAGE', '--resume goes on with what was asked for then', 'leave out the profile and --vary')
  const { plan, lines } = readCapacityFolder(folder)
  const varied = new VariedProfile(capacityProfilePath(folder, plan), [], plan.axes, plan.objective)
  return { folder, plan, varied, before: lines, create: () => {} }
}

async function runSearch(
  { folder, plan, varied, before, create }: Prepared,
  flags: CapacityFlags,
  progress: Progress,
): Promise<{ readonly result: CapacityResult; readonly isInterrupted: boolean }> {
  const calibration = loadCalibration(plan.calibration ?? undefined)
  const master = await masterOf(plan, varied, calibration, flags)
  create()
  const context = { plan, varied, calibration, calibrationName: calibrationName(plan, calibration) }
  const controller = new AbortController()
  const release = onInterrupt(
    () => {
      progress.warn(`interrupted: ending this trial; go on with --resume ${folder} (Ctrl-C again to leave at once)`)
      controller.abort()
    },
    // The run that goes on knows better what not to leave behind.
    () => sleep(master.kind === 'real' ? LEAVE_MS : 0),
  )
  try {
    const result = await searchCapacity(
      {
        plan,
        folder,
        varied,
        master,
        progress,
        signal: controller.signal,
        resultOf: (lines, end, isOver) => capacityResult(context, lines, end, isOver),
      },
      before,
    )
    return { result, isInterrupted: controller.signal.aborted }
  } finally {
    release()
  }
}

/** For a run to end, when Ctrl-C was pressed twice. */
const LEAVE_MS = 10_000

/** All that can be known to fail is looked at before a trial; a password is asked for once. */
async function masterOf(
  { master, axes }: CapacityPlan,
  varied: VariedProfile,
  calibration: Calibration,
  { allowLoad, allowMutations, passwordFile }: CapacityFlags,
): Promise<CapacityMaster> {
  if (master === null) return { kind: 'simulated', calibration }
  const choice = parseMaster(master)
  const permissions = { allowLoad, allowMutations }
  if (choice.kind !== 'remote') return { kind: 'real', choice, ...permissions }
  const what = [
    ...checkPermissions(planOf(varied.base, ''), choice.address, permissions),
    `look for the number of ${axes.join(' and ')} at which it breaks: it will serve nobody then, and may die`,
  ]
  requirePermissions(what, choice.address, { load: true, mutations: true }, permissions)
  return {
    kind: 'real',
    choice: { ...choice, password: await readPassword(choice.user, passwordFile) },
    ...permissions,
  }
}

function calibrationName({ calibration }: CapacityPlan, { master, madeAt }: Calibration): string {
  return `${master.kind} ${master.version}, ${master.mailboxDatabase}, calibrated ${madeAt.slice(0, 10)}${calibration === null ? ', which comes along' : ` (${calibration})`}`
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
  if (first.least > first.most)
    throw new HarnessError(
      'USAGE',
      `nothing lies between ${first.least} and ${first.most} ${plan.axes[0]}`,
      'give other --from and --to; the profile has its bounds, too: see docs/capacity.md',
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
