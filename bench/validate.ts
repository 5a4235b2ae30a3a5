/**
 * `npm run validate [-- --quick] [--real N] [--model N] [--only NAME] [--fresh] [--break no-lock|endless-workers]`: each scenario on a real Cyrus, on the model in real
 * time and in simulation, side by side; a table on stdout and in docs/model.md. The model's costs are measured on this host,
 * before the real runs, half-way through them and after them, and these go round all scenarios: a host is not
 * equally fast for an hour. Where they do not all come to the same verdict there are three times as many. What was run is kept in
 * results/validation, so that a validation that was cut off goes on where it was. Status 1 where they disagree, or a run
 * was worth nothing; 2 for options that are none.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { simulateProfile } from '../src/cli/simulate-profile.js'
import { messageOf } from '../src/core/errors.js'
import { type Calibration, loadCalibration } from '../src/masters/model/load-calibration.js'
import { loadProfile } from '../src/profile/load.js'
import { figuresOf, type Figures, isSplit, type Judged, judge, table } from './agreement.js'
import { digestOf, figuresOfRun, keptName, type ValidateOptions, validateOptions } from './kept.js'
import { outcome, output } from './pairs.js'
import { pooled } from './pooled.js'
import { SCENARIOS, type Scenario } from './scenarios.js'

const KEPT = 'results/validation'
const COSTS = join(KEPT, 'calibration.json')
const SEEDS = 20
const MOST_TRIES = 3
/** Where runs do not come to the same verdict a few of them say little of what most do. */
const MORE_OF_SPLIT = 3
const MAIN = 'dist/cli/main.js'
/** Of the model in real time. */
const MODEL_CODE = ['dist/masters/model', 'dist/masters/embedded']
const DOC = 'docs/model.md'
const MARK = { begin: '<!-- validate -->', end: '<!-- /validate -->' }

const { quick, fresh, realRuns, modelRuns, only, broken } = optionsOrExit()
const scenarios = SCENARIOS.filter(({ name, quick: isQuick }) =>
  only === undefined ? !quick || isQuick : name === only,
)

if (fresh) rmSync(KEPT, { recursive: true, force: true })
mkdirSync(KEPT, { recursive: true })
const calibration = await calibratedAlong()
writeFileSync(COSTS, `${JSON.stringify(calibration, undefined, 2)}\n`)

const judged: Judged[] = []
for (const scenario of scenarios) {
  const real = await repeated(scenario, 'cyrus', realRuns)
  const model = await repeated(scenario, `embedded:${COSTS}`, modelRuns)
  const simulated = await simulate(scenario)
  judged.push(judge(scenario.name, real, model, simulated))
}
const text = table(judged)
process.stdout.write(`\n${text}\n`)
if (!quick && only === undefined && broken === undefined) write(text)
process.exitCode = judged.every(({ agrees }) => agrees) ? 0 : 1

function optionsOrExit(): ValidateOptions {
  try {
    return validateOptions(
      process.argv.slice(2),
      SCENARIOS.map(({ name }) => name),
    )
  } catch (error) {
    process.stderr.write(`validate: ${messageOf(error)}\n`)
    process.exit(2)
  }
}

/** The real runs, and what things cost while they were made: of another host or hour it would say nothing about them. */
async function calibratedAlong(): Promise<Calibration> {
  const all: [Calibration, ...Calibration[]] = [await calibrated(1)]
  const calibrates = !quick && only === undefined
  const halfWay = Math.ceil(realRuns / 2)
  for (let seed = 1; seed <= realRuns; seed++) {
    for (const scenario of scenarios) await kept(scenario, 'cyrus', seed, realRuns)
    if (calibrates && seed === halfWay) all.push(await calibrated(2))
  }
  for (const scenario of scenarios) await repeated(scenario, 'cyrus', realRuns)
  if (calibrates) all.push(await calibrated(3))
  return pooled(all)
}

async function calibrated(number: number): Promise<Calibration> {
  const path = join(KEPT, `calibration-${number}.json`)
  if (!existsSync(path)) {
    process.stderr.write('calibrating: mupdate-bench calibrate cyrus\n')
    try {
      await output('node', [MAIN, 'calibrate', 'cyrus', '--quiet', '--output', path])
    } catch (error) {
      process.stderr.write(`validate: ${messageOf(error)}\n`)
      process.exit(1)
    }
  }
  return loadCalibration(path)
}

async function repeated(scenario: Scenario, master: string, count: number): Promise<Figures[]> {
  const all: Figures[] = []
  const more = async (until: number) => {
    for (let seed = all.length + 1; seed <= until; seed++) all.push(await kept(scenario, master, seed, until))
  }
  await more(count)
  if (isSplit(all)) await more(MORE_OF_SPLIT * count)
  return all
}

async function kept(scenario: Scenario, master: string, seed: number, count: number): Promise<Figures> {
  const isModel = master.startsWith('embedded')
  const of = [
    readFileSync(join('profiles', `${scenario.profile}.yaml`), 'utf8'),
    ...(isModel ? [JSON.stringify(calibration), digestOf(...MODEL_CODE)] : []),
  ]
  const path = join(KEPT, keptName(scenario, isModel ? 'model' : master, seed, of))
  if (!existsSync(path)) {
    process.stderr.write(`${scenario.name}: ${master}, run ${seed} of ${count}\n`)
    writeFileSync(path, `${JSON.stringify(await figuresOrExit(scenario, master, seed))}\n`)
  }
  return JSON.parse(readFileSync(path, 'utf8')) as Figures
}

/** Nothing is kept of a run that says nothing: it is made again, since what else the machine does passes. */
async function figuresOrExit(scenario: Scenario, master: string, seed: number): Promise<Figures> {
  for (let tries = 1; ; tries++) {
    const { text } = await outcome('node', [MAIN, 'run', ...argumentsOf(scenario, seed), '--master', master])
    try {
      return figuresOfRun(text, scenario.phase)
    } catch (error) {
      process.stderr.write(`validate: ${scenario.name}: ${master}, run ${seed}: ${messageOf(error)}\n`)
      if (tries === MOST_TRIES) process.exit(1)
    }
  }
}

async function simulate({ profile: name, sets, phase }: Scenario): Promise<Figures[]> {
  const all: Figures[] = []
  for (let seed = 1; seed <= SEEDS; seed++) {
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

function write(text: string): void {
  const doc = readFileSync(DOC, 'utf8')
  const before = doc.slice(0, doc.indexOf(MARK.begin) + MARK.begin.length)
  const after = doc.slice(doc.indexOf(MARK.end))
  writeFileSync(DOC, `${before}\n\n${text}\n\n${after}`)
}
