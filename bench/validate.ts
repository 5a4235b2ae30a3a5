/**
 * `npm run validate [-- --quick] [--real N] [--model N] [--only NAME] [--fresh] [--break no-lock|endless-workers]`: each scenario on a real Cyrus, on the model in real
 * time and in simulation, side by side; a table on stdout and, of all scenarios, in docs/model.md. The model's costs are
 * measured on this host, before the real runs, half-way through them and after them, and these go round all scenarios: a
 * host is not equally fast for an hour. Where they do not all come to the same verdict there are three times as many. What
 * was run is kept in results/validation, so that a validation that was cut off goes on where it was; not on a host that is
 * another by then. Status 1 where they disagree, or runs were worth nothing; 2 for options that are none.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { simulateProfile } from '../src/cli/simulate-profile.js'
import { messageOf } from '../src/core/errors.js'
import { describeHost } from '../src/samplers/host.js'
import { type Calibration, loadCalibration } from '../src/masters/model/load-calibration.js'
import { loadProfile } from '../src/profile/load.js'
import { figuresOf, type Figures, isSplit, type Judged, judge, table, undecided } from './agreement.js'
import {
  digestOf,
  figuresOfRun,
  keep,
  type KeptRun,
  keptName,
  MODEL_RUNS,
  REAL_RUNS,
  readKept,
  runName,
  type ValidateOptions,
  validateOptions,
} from './kept.js'
import { outcome, output } from './pairs.js'
import { pooled } from './pooled.js'
import { SCENARIOS, type Scenario } from './scenarios.js'

/** Odd, so that most of them are of one kind. */
const SEEDS = 21
const MOST_TRIES = 3
/** Where runs do not come to the same verdict a few of them say little of what most do. */
const MORE_OF_SPLIT = 3
const CALIBRATIONS = 3
/** A host that has been left alone for longer may be another one. */
const SAME_HOUR_MS = 3_600_000
const SAME_HOST_WITHIN = 0.15
const MAIN = 'dist/cli/main.js'
/** What a run against the model is made by: all but what only shows it, or is for other commands. */
const OTHERS = ['diagnosis', 'limits', 'live', 'report', 'simulation', 'site']
const DOC = 'docs/model.md'
const MARK = { begin: '<!-- validate -->', end: '<!-- /validate -->' }

/** Whose runs were not worth anything, and why. */
class Worthless extends Error {}

const { quick, fresh, realRuns, modelRuns, only, broken } = optionsOrExit()
const scenarios = SCENARIOS.filter(({ name, quick: isQuick }) =>
  only === undefined ? !quick || isQuick : name === only,
)
const KEPT = quick ? 'results/validation-quick' : 'results/validation'
const COSTS = join(KEPT, 'calibration.json')
const CODE = readdirSync('dist', { withFileTypes: true })
  .filter(entry => entry.isDirectory() && !entry.name.startsWith('.') && !OTHERS.includes(entry.name))
  .map(({ name }) => join('dist', name))
const isWhole = !quick && only === undefined && broken === undefined
const isPublished = isWhole && realRuns >= REAL_RUNS && modelRuns >= MODEL_RUNS
const commit = (await output('git', ['describe', '--always', '--dirty'])).trim()
/** A further real run may be made. */
let isSameHost = false
/** Made, or found, by this validation. */
const used = new Map<string, KeptRun>()

mkdirSync(KEPT, { recursive: true })
if (fresh || (quick && isOld())) forget()
if (isPublished) marksOf(readFileSync(DOC, 'utf8'))
const calibration = await calibratedAlong()
writeFileSync(COSTS, `${JSON.stringify(calibration, undefined, 2)}\n`)

const judged: Judged[] = []
for (const scenario of scenarios) judged.push(await judgedOf(scenario))
const text = `${provenance()}\n\n${table(judged)}`
process.stdout.write(`\n${text}\n`)
if (isPublished) publish(text)
process.exitCode = judged.every(({ agrees }) => agrees) ? 0 : 1

function optionsOrExit(): ValidateOptions {
  try {
    return validateOptions(
      process.argv.slice(2),
      SCENARIOS.map(({ name }) => name),
    )
  } catch (error) {
    return exit(2, messageOf(error))
  }
}

/** What is kept of the scenarios that are to be run; and the costs, which are of all of them. */
function forget(): void {
  const isChosen = (name: string) => scenarios.some(scenario => name.startsWith(`${keptName(scenario)}-`))
  for (const name of readdirSync(KEPT))
    if (isChosen(name) || (only === undefined && name.startsWith('calibration')))
      rmSync(join(KEPT, name), { recursive: true })
}

/** A quick one has no time to look whether the host is still as quick. */
function isOld(): boolean {
  const path = join(KEPT, 'calibration-1.json')
  return existsSync(path) && Date.now() - Date.parse(loadCalibration(path).madeAt) > SAME_HOUR_MS
}

async function judgedOf(scenario: Scenario): Promise<Judged> {
  try {
    const real = await repeated(scenario, 'cyrus', realRuns)
    const model = await repeated(scenario, `embedded:${COSTS}`, modelRuns)
    return judge(scenario.name, real, model, await simulate(scenario, isSplit(real)))
  } catch (error) {
    if (error instanceof Worthless) return undecided(scenario.name, error.message)
    throw error
  }
}

/** The real runs, and what things cost while they were made: of another host or hour it would say nothing about them. */
async function calibratedAlong(): Promise<Calibration> {
  const first = await calibrated('1')
  if (quick) return first
  const all: [Calibration, ...Calibration[]] = [first]
  const halfWay = Math.ceil(realRuns / 2)
  for (let seed = 1; seed <= realRuns; seed++) {
    for (const scenario of scenarios) await ifWorth(() => kept(scenario, 'cyrus', seed, realRuns, first))
    if (only === undefined && seed === halfWay) all.push(await calibrated('2'))
  }
  for (const scenario of scenarios) await ifWorth(() => repeated(scenario, 'cyrus', realRuns, first))
  if (only === undefined) all.push(await calibrated(String(CALIBRATIONS)))
  else all.push(...calibrationNames().slice(1).map(loadCalibration))
  return pooled(all)
}

/** A scenario whose runs are worth nothing is judged later. */
async function ifWorth(act: () => Promise<unknown>): Promise<void> {
  try {
    await act()
  } catch (error) {
    if (!(error instanceof Worthless)) throw error
  }
}

function calibrationNames(): string[] {
  const names = readdirSync(KEPT).filter(name => /^calibration-\d\.json$/.test(name))
  return names.sort().map(name => join(KEPT, name))
}

async function calibrated(name: string): Promise<Calibration> {
  const path = join(KEPT, `calibration-${name}.json`)
  if (!existsSync(path)) {
    process.stderr.write('calibrating: mupdate-bench calibrate cyrus\n')
    try {
      await output('node', [MAIN, 'calibrate', 'cyrus', '--quiet', '--output', path])
    } catch (error) {
      exit(1, messageOf(error))
    }
  }
  return loadCalibration(path)
}

/** Ends where what was kept is of a host, or of an hour, in which lists took another time. */
async function requireSameHost(then: Calibration): Promise<void> {
  if (isSameHost) return
  const { cpuModel, cores } = describeHost()
  if (then.host.cpuModel !== cpuModel || then.host.cores !== cores)
    exit(1, `${KEPT} is of another host: give --fresh, without --only, or go on there`)
  if (Date.now() - Date.parse(then.madeAt) >= SAME_HOUR_MS) await requireSameSpeed(then)
  isSameHost = true
}

async function requireSameSpeed(then: Calibration): Promise<void> {
  rmSync(join(KEPT, 'calibration-now.json'), { force: true })
  const now = await calibrated('now')
  const ratio = now.costs.dumpPerMailbox.p50 / then.costs.dumpPerMailbox.p50
  if (Math.abs(Math.log(ratio)) > Math.log(1 + SAME_HOST_WITHIN))
    exit(1, `a list takes ${ratio.toFixed(2)} times what it took for the runs in ${KEPT}: give --fresh, without --only`)
}

async function repeated(
  scenario: Scenario,
  master: string,
  count: number,
  costs: Calibration = calibration,
): Promise<Figures[]> {
  const all: Figures[] = []
  const more = async (until: number) => {
    for (let seed = all.length + 1; seed <= until; seed++) all.push(await kept(scenario, master, seed, until, costs))
  }
  await more(count)
  if (isSplit(all)) await more(MORE_OF_SPLIT * count)
  return all
}

async function kept(
  scenario: Scenario,
  master: string,
  seed: number,
  count: number,
  costs: Calibration,
): Promise<Figures> {
  const isModel = master.startsWith('embedded')
  // Whatever the words around it, it is the same run.
  const profile = { ...loadProfile(scenario.profile, [...scenario.sets, `seed=${seed}`]), description: '', yaml: '' }
  const of = isModel ? [JSON.stringify(costs), digestOf(...CODE)] : [costs.master.version, ...hostText(costs)]
  const path = join(
    KEPT,
    runName(scenario, isModel ? 'model' : master, seed, [JSON.stringify(profile), figuresOf.toString(), ...of]),
  )
  let run = readKept(path)
  if (run === undefined) {
    if (!isModel) await requireSameHost(costs)
    process.stderr.write(`${scenario.name}: ${master}, run ${seed} of ${count}\n`)
    run = { commit, madeAt: new Date().toISOString(), figures: await figuresOrThrow(scenario, master, seed) }
    keep(path, run)
  }
  used.set(path, run)
  return run.figures
}

function hostText({ host }: Calibration): string[] {
  return [String(host.cpuModel), String(host.cores)]
}

/** Nothing is kept of a run that says nothing: it is made again, since what else the machine does passes. */
async function figuresOrThrow(scenario: Scenario, master: string, seed: number): Promise<Figures> {
  for (let tries = 1; ; tries++) {
    const { text } = await outcome('node', [MAIN, 'run', ...argumentsOf(scenario, seed), '--master', master])
    try {
      return figuresOfRun(text, scenario.phase)
    } catch (error) {
      process.stderr.write(`validate: ${scenario.name}: ${master}, run ${seed}: ${messageOf(error)}\n`)
      if (tries === MOST_TRIES) throw new Worthless(`${MOST_TRIES} runs of ${master} were worth nothing`)
    }
  }
}

async function simulate({ profile: name, sets, phase }: Scenario, isSplit: boolean): Promise<Figures[]> {
  const all: Figures[] = []
  for (let seed = 1; seed <= (isSplit ? MORE_OF_SPLIT : 1) * SEEDS; seed++) {
    const profile = loadProfile(name, [...sets, `seed=${seed}`])
    const { result } = await simulateProfile({ profile, calibration, ...(broken === undefined ? {} : { broken }) })
    all.push(figuresOf(result, phase))
  }
  return all
}

function argumentsOf({ profile, sets }: Scenario, seed: number): string[] {
  return [
    profile,
    ...sets.flatMap(set => ['--set', set]),
    '--seed',
    String(seed),
    '--json',
    '--quiet',
    '--out',
    join(KEPT, 'out'),
  ]
}

/** What the table is of. */
function provenance(): string {
  const { master, costs } = calibration
  const said = (isModel: boolean) => {
    const all = [...used].filter(([path]) => path.includes('-model-') === isModel).map(([, run]) => run)
    const days = all.map(({ madeAt }) => madeAt.slice(0, 16).replace('T', ' ')).sort()
    if (all.length === 0) return 'none'
    return `${all.length} runs of ${[...new Set(all.map(run => run.commit))].join(', ')}, ${days[0]} to ${days.at(-1)}`
  }
  return [
    `Made by \`npm run validate\` of ${commit}, ${new Date().toISOString().slice(0, 10)}, on ${hostText(calibration).join(', ')} cores, where a`,
    `mailbox of a list takes ${costs.dumpPerMailbox.p50.toFixed(2)} µs; Cyrus ${master.version}, ${master.mailboxDatabase}.`,
    `Real: ${said(false)}. Model in real time: ${said(true)}. Simulation: ${SEEDS} seeds,`,
    `${MORE_OF_SPLIT * SEEDS} where real runs did not come to the same verdict.`,
  ].join('\n')
}

function marksOf(doc: string): [number, number] {
  const [begin, end] = [doc.indexOf(MARK.begin), doc.indexOf(MARK.end)]
  if (begin === -1 || end === -1) exit(1, `${DOC} has no ${MARK.begin} … ${MARK.end}`)
  return [begin + MARK.begin.length, end]
}

function publish(content: string): void {
  const doc = readFileSync(DOC, 'utf8')
  const [begin, end] = marksOf(doc)
  writeFileSync(DOC, `${doc.slice(0, begin)}\n\n${content}\n\n${doc.slice(end)}`)
}

function exit(status: number, message: string): never {
  process.stderr.write(`validate: ${message}\n`)
  process.exit(status)
}
