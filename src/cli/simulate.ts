import { Command } from 'commander'
import { HarnessError } from '../core/errors.js'
import { EXIT } from '../core/exit-status.js'
import { type Calibration, loadCalibration } from '../masters/model/load-calibration.js'
import { loadProfile, type Profile } from '../profile/load.js'
import { VERDICT_STATUS } from './final-result.js'
import { modelledSettings } from './modelled-settings.js'
import { collect } from './options.js'
import { printResult } from './print-result.js'
import { Progress } from './progress.js'
import { onInterrupt } from './signals.js'
import { siteSets } from './site-sets.js'
import { type SimulateOptions, simulateProfile } from './simulate-profile.js'
import { parseSweep, type Sweep, type SweepPoint, sweepText } from './sweep.js'

interface SimulateFlags {
  readonly set: string[]
  readonly seed?: string
  readonly seeds?: string
  readonly sweep?: string
  readonly calibration?: string
  readonly out: string
  readonly json?: true
  readonly quiet?: true
}

/** Runs of each point of a sweep, unless --seeds says how many. */
const SEEDS_OF_A_SWEEP = 5

export function simulateCommand(): Command {
  return new Command('simulate')
    .description('run a profile in virtual time against a calibrated model of Cyrus: no master, no sockets')
    .argument('<profile>', 'a ready profile’s name (mupdate-bench profile list) or a YAML file')
    .option('-s, --set <key=value>', 'change one setting of the profile (repeatable)', collect, [])
    .option('--seed <number>', 'seed of everything random, in place of the profile’s')
    .option('--seeds <number>', 'so many runs, with this seed and the next ones: medians and their spread')
    .option('--sweep <key=a..b>', 'a run for each value, such as slaves=10..300 or slaves.retryDelay=2s,8s')
    .option('-c, --calibration <file>', 'made by mupdate-bench calibrate; else the one of Cyrus 3.6.1 that comes along')
    .option('-o, --out <dir>', 'where results go, of one run; several only print what came out', 'results')
    .option('--json', 'run.json on stdout, everything else on stderr; of several runs a list')
    .option('-q, --quiet', 'no progress')
    .addHelpText(
      'after',
      `
Examples:
  mupdate-bench simulate resync-storm
  mupdate-bench simulate site-10m-day --set slaves.retryDelay=120s
  mupdate-bench simulate resync-storm --sweep slaves=5..45:5
  mupdate-bench simulate seed-2010 --sweep slaves.retryDelay=2s,4s,8s,12s
  mupdate-bench simulate resync-storm --calibration ours.json --seeds 20 --json

Times are those of the host that was calibrated; nothing is said of CPU. How far
to believe it: docs/model.md.`,
    )
    .action(async (name: string, flags: SimulateFlags, command: Command) => {
      const isMany = flags.sweep !== undefined || flags.seeds !== undefined
      if (isMany && command.getOptionValueSource('out') === 'cli') {
        throw new HarnessError(
          'USAGE',
          '--out: --sweep and --seeds write no results',
          'leave --out out; --json prints each run.json',
        )
      }
      const calibration = loadCalibration(flags.calibration)
      const progress = new Progress(process.stderr, flags.quiet === true)
      await (isMany ? simulateMany : simulateOnce)(name, flags, calibration, progress)
    })
}

async function simulateOnce(
  name: string,
  flags: SimulateFlags,
  calibration: Calibration,
  progress: Progress,
): Promise<void> {
  const profile = loadProfile(name, await siteSets(name, setsOf(flags), progress))
  sayUnsimulated(profile, progress)
  const { signal, release } = listenForInterrupt(progress)
  const { result, folder } = await simulateProfile({
    profile,
    calibration,
    signal,
    out: flags.out,
    onProgress: simulatedProgress(profile, progress),
  })
  release()
  progress.clear()
  process.exitCode = signal.aborted ? EXIT.interrupted : VERDICT_STATUS[result.verdict.result]
  await printResult(result, folder, flags, progress)
}

/** As of a real run, where there is something to draw on. */
function simulatedProgress({ name, phases }: Profile, progress: Progress): NonNullable<SimulateOptions['onProgress']> {
  let seen = 0
  progress.begin(`${name}, simulated`)
  return (point, simulation) => {
    if (simulation.phases.length > seen) {
      seen = simulation.phases.length
      progress.phase(point.phase, seen - 1, Math.max(seen, phases.length))
    }
    progress.moves(point.moves)
    progress.second({ ...point, counters: simulation.counters }, simulation.slaveCount)
  }
}

/** Says what came out; judges nothing. */
async function simulateMany(
  name: string,
  flags: SimulateFlags,
  calibration: Calibration,
  progress: Progress,
): Promise<void> {
  const sweep: Sweep | undefined = flags.sweep === undefined ? undefined : parseSweep(flags.sweep)
  const seeds = countOf(flags.seeds)
  const sets = await siteSets(name, setsOf(flags), progress)
  const { seed } = loadProfile(name, sets)
  // All of them first: a mistake in the last one is found before an hour of runs.
  const planned = (sweep?.values ?? ['']).map(value => ({
    value,
    profiles: Array.from({ length: seeds }, (_, i) =>
      loadProfile(name, [...sets, ...(sweep === undefined ? [] : [`${sweep.path}=${value}`]), `seed=${seed + i}`]),
    ),
  }))
  const all = planned.flatMap(({ profiles }) => profiles)
  for (const { master } of all) modelledSettings(master.settings)
  sayUnsimulated(all[0], progress)
  const points: SweepPoint[] = []
  const { signal } = listenForInterrupt(progress)
  progress.line(`${all.length} simulations`)
  for (const { value, profiles } of planned) {
    const results = []
    for (const profile of profiles) {
      progress.note(`${sweep === undefined ? '' : `${sweep.path} ${value}, `}seed ${profile.seed}`)
      const { result } = await simulateProfile({ profile, calibration, signal })
      if (signal.aborted) break
      results.push(result)
    }
    if (results.length > 0) points.push({ value, results })
    if (signal.aborted) break
  }
  progress.clear()
  if (signal.aborted) process.exitCode = EXIT.interrupted
  if (flags.json === true)
    process.stdout.write(`${JSON.stringify(sweep === undefined ? (points[0]?.results ?? []) : points, null, 2)}\n`)
  else process.stdout.write(`${sweepText(sweep ?? { path: name, values: [] }, points)}\n`)
}

/** Ctrl-C once: what there is by then is told; twice: the end. */
function listenForInterrupt(progress: Progress): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController()
  const release = onInterrupt(
    () => {
      progress.line('interrupted: what there is follows')
      controller.abort()
    },
    async () => {},
  )
  return { signal: controller.signal, release }
}

function sayUnsimulated({ phases }: Profile, progress: Progress): void {
  if (phases.some(({ run }) => run.includes('http'))) progress.warn('not simulated: http')
}

function setsOf({ set, seed }: SimulateFlags): string[] {
  return seed === undefined ? set : [...set, `seed=${seed}`]
}

/** @throws {HarnessError} `USAGE` */
function countOf(text: string | undefined): number {
  if (text === undefined) return SEEDS_OF_A_SWEEP
  const count = Number(text)
  if (Number.isInteger(count) && count > 0) return count
  throw new HarnessError('USAGE', `--seeds ${text}: not a number of runs`, 'give 1 or more')
}
