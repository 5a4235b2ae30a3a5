import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import { EXIT, type ExitStatus, gravest } from '../core/exit-status.js'
import { AXES } from '../metrics/capacity-result.js'
import { type Calibration, loadCalibration } from '../masters/model/load-calibration.js'
import type { CapacityResult } from '../metrics/capacity-result.js'
import { planOf } from '../profile/plan.js'
import { capacityHtml } from '../report/capacity/html.js'
import { capacityMarkdown } from '../report/capacity/markdown.js'
import { capacityText } from '../report/capacity/text.js'
import { writeReportFile } from '../report/write-report.js'
import { CAPACITY_PAGE, type CapacityPlan, resumeText } from './capacity-folder.js'
import { newSearch, oldSearch, type PreparedSearch, type SearchFlags } from './capacity-prepare.js'
import { capacityResult } from './capacity-result-of.js'
import { searchCapacity, writeResult } from './capacity-search.js'
import type { CapacityMaster } from './capacity-trial.js'
import type { VariedProfile } from './capacity-vary.js'
import { type MasterChoice, parseMaster, readPassword } from './choose-master.js'
import { type ElsewhereFlags, elsewhereOptions, refuseElsewhere, withElsewhere } from './elsewhere.js'
import { collect } from './options.js'
import { checkPermissions, type Permissions, requirePermissions } from './permission.js'
import { Progress } from './progress.js'
import { reachOptions, type ReachFlags } from './reach-options.js'
import { onInterrupt } from './signals.js'

const FORMATS = {
  text: capacityText,
  json: (result: CapacityResult) => `${JSON.stringify(result, null, 2)}\n`,
  markdown: capacityMarkdown,
} as const

interface CapacityFlags extends SearchFlags, ReachFlags, ElsewhereFlags {
  readonly resume?: string
  readonly format: keyof typeof FORMATS
  readonly json?: true
  readonly quiet?: true
  readonly passwordFile?: string
  readonly allowLoad: string[]
  readonly allowMutations: string[]
}

export function capacityCommand(): Command {
  const command = new Command('capacity')
    .description('find the largest load that a master holds, and what breaks first beyond it')
    .argument('[profile]', 'a ready profile’s name, such as capacity, or a YAML file')
    .option('--vary <axis>', `what grows: ${AXES.join(', ')}; or two of them, such as slaves,creates`)
    .option('--objective <threshold>', 'what a load has to keep, in place of the default (repeatable)', collect, [])
    .option('--budget <duration>', 'the time that it may take', '15m')
    .option('--from <load>', 'where it begins, in place of what the profile has')
    .option('--to <load>', 'the most that is tried')
    .option('-m, --master <master>', 'as run’s --master', 'cyrus')
    .option('--simulate', 'in virtual time, against the model: no master, no load')
    .option('-c, --calibration <file>', 'costs for --simulate and for predictions (those of Cyrus 3.6.1)')
    .option('-s, --set <key=value>', 'change one setting of the profile (repeatable)', collect, [])
    .option('--seed <number>', 'seed of everything random, in place of the profile’s')
    .option('--resume <dir>', 'go on with a search that was interrupted, or, with more --budget, had no time')
    .option('-o, --out <dir>', 'where results go', 'results')
    .addOption(
      new Option('-f, --format <name>', 'what goes to standard output').choices(Object.keys(FORMATS)).default('text'),
    )
    .option('--json', 'the same as --format json')
    .option('-q, --quiet', 'no progress')
    .option('--password-file <file>', 'password of a remote master (else MUPDATE_BENCH_PASSWORD, else a prompt)')
    .option('--allow-load <host>', 'let it be loaded until it breaks (repeatable)', collect, [])
    .option('--allow-mutations <host>', 'let it create and delete mailboxes there (repeatable)', collect, [])
  return elsewhereOptions(reachOptions(command))
    .addHelpText(
      'after',
      `
Examples:
  mupdate-bench capacity capacity --vary slaves
  mupdate-bench capacity capacity --vary creates --set master.place=disk
  mupdate-bench capacity resync-storm --vary resyncs --objective 'slaves.timeouts == 0'
  mupdate-bench capacity capacity --vary slaves,creates --budget 1h
  mupdate-bench capacity capacity --vary mailboxes --simulate --calibration ours.json
  mupdate-bench capacity capacity --vary slaves --to 3000 --agents 4 --nats nats://bench
  mupdate-bench capacity --resume results/capacity/20261128T101500Z-1a2b3c.capacity

By default a load holds while no slave times out, the slaves’ NOOP p99 is below a
quarter of the retry delay, creates’ p99 below 1 s, and the harness not saturated.
How it searches, and how far to believe it: docs/capacity.md.

Exit status: 0 the limit is known, or all that was asked for held, 2 usage,
3 the master could not be reached, 5 the harness was the limit, 6 no time to
find it (5 and 6: or a point of the frontier), 130 interrupted.`,
    )
    .action(async (profile: string | undefined, flags: CapacityFlags, command: Command) => {
      const progress = new Progress(process.stderr, flags.quiet === true)
      const isGiven = (flag: string) => command.getOptionValueSource(flag) === 'cli'
      const prepared =
        flags.resume === undefined ? await newSearch(profile, flags) : oldSearch(flags.resume, profile, flags, isGiven)
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

/** The worst of the limit and the points of its frontier. */
function statusOf({ beyond, frontier }: CapacityResult): ExitStatus {
  return gravest([beyond, ...(frontier?.points ?? []).map(point => point.beyond)].map(end => STATUS[end]))
}

const STATUS: Readonly<Record<CapacityResult['beyond'], ExitStatus>> = {
  failed: EXIT.pass,
  range: EXIT.pass,
  harness: EXIT.invalid,
  budget: EXIT.inconclusive,
}

async function runSearch(
  prepared: PreparedSearch,
  flags: CapacityFlags,
  progress: Progress,
): Promise<{ readonly result: CapacityResult; readonly isInterrupted: boolean }> {
  const { plan, varied } = prepared
  const calibration = loadCalibration(plan.calibration ?? undefined)
  if (plan.master === null) {
    refuseElsewhere(flags, '--simulate: nobody takes part in it')
    return search(prepared, calibration, { kind: 'simulated', calibration }, progress)
  }
  const target = await targetOf(plan.master, plan, varied, flags)
  const masters = { [`--master ${plan.master}`]: target.choice }
  return withElsewhere(flags, masters, { who: 'capacity', progress }, findElsewhere =>
    search(prepared, calibration, { kind: 'real', ...target, findElsewhere }, progress),
  )
}

async function search(
  { folder, plan, varied, before, create }: PreparedSearch,
  calibration: Calibration,
  master: CapacityMaster,
  progress: Progress,
): Promise<{ readonly result: CapacityResult; readonly isInterrupted: boolean }> {
  create()
  const context = { plan, varied, calibration, calibrationName: calibrationName(plan, calibration) }
  const controller = new AbortController()
  const release = onInterrupt(
    () => {
      progress.warn(
        `interrupted: ending this trial; go on with ${resumeText(folder, plan)} (Ctrl-C again to leave at once)`,
      )
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
        resultOf: (lines, end, isOver, lostMs) => capacityResult(context, lines, end, isOver, lostMs),
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
async function targetOf(
  master: string,
  { axes }: CapacityPlan,
  varied: VariedProfile,
  flags: CapacityFlags,
): Promise<{ readonly choice: MasterChoice } & Permissions> {
  const { allowLoad, allowMutations, passwordFile } = flags
  const choice = parseMaster(master, flags)
  const permissions = { allowLoad, allowMutations }
  if (choice.kind !== 'remote') return { choice, ...permissions }
  const what = [
    ...checkPermissions(planOf(varied.base, ''), choice.address, permissions),
    `look for the number of ${axes.join(' and ')} at which it breaks: it will serve nobody then, and may die`,
  ]
  requirePermissions(what, choice.address, { load: true, mutations: true }, permissions)
  return { choice: { ...choice, password: await readPassword(choice, passwordFile) }, ...permissions }
}

function calibrationName({ calibration }: CapacityPlan, { master, madeAt }: Calibration): string {
  return `${master.kind} ${master.version}, ${master.mailboxDatabase}, calibrated ${madeAt.slice(0, 10)}${calibration === null ? ', which comes along' : ` (${calibration})`}`
}
