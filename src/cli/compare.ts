import { join, resolve } from 'node:path'
import { Command, Option } from 'commander'
import { HarnessError } from '../core/errors.js'
import type { GateResult } from '../metrics/gate-result.js'
import { GATE_FORMATS, type GateFormatName } from '../report/gate/formats.js'
import { gateHtml } from '../report/gate/html.js'
import { loadProfile } from '../profile/load.js'
import { LEVEL } from '../verdict/comparison.js'
import { type Allowance, NO_ALLOWANCE } from '../verdict/damage.js'
import { judgeGate, tooFew } from '../verdict/gate.js'
import type { Measure } from '../verdict/measures.js'
import { allowanceOf } from './allowance.js'
import { VERDICT_STATUS } from './final-result.js'
import { judgedJson } from './judged-json.js'
import { chosenMeasures, type MeasureFlags, measureOptions } from './measure-flags.js'
import { putPage, putText } from './put.js'
import { KEPT_SEPARATOR } from './separator.js'
import {
  hostsOf,
  masterFacts,
  requireFew,
  requireOneMaster,
  requireSound,
  resultOf,
  runsUnder,
  type StoredRun,
  workOf,
} from './stored-runs.js'

interface CompareFlags extends MeasureFlags {
  readonly format: GateFormatName | 'html'
  readonly out?: string
  readonly json?: true
  readonly allowDifferent?: true
}

const PAGE = 'compare.html'

export function compareCommand(): Command {
  const command = new Command('compare')
    .usage('[options] A… -- B…')
    .description('compare two sets of runs of one profile, measure by measure')
    .argument('<runs...>', 'folders of runs, or folders with runs below them; those of A, then --, then those of B')
  return measureOptions(command)
    .addOption(
      new Option('-f, --format <name>', 'html, a page; all others go to standard output')
        .choices(['html', ...Object.keys(GATE_FORMATS)])
        .default('text'),
    )
    .option('-o, --out <file>', `where it goes, in place of standard output, or ./${PAGE}`)
    .option('--json', 'the same as --format json')
    .option('--allow-different', 'also where profiles, seeds or kinds of master differ, or a set is of several masters')
    .addHelpText(
      'after',
      `
Examples:
  mupdate-bench compare results/ci/20261126* -- results/ci/20261127*
  mupdate-bench compare results/ci/…-1a2b3c.gate/a -- results/ci/…-1a2b3c.gate/b --json
  mupdate-bench compare before -- after --format html -o change.html

Runs of the two sets are not paired: Mann and Whitney's test, and the interval of the
shift between the two. It takes 4 runs on each side for one measure to be judged at all,
and 5 for one of four that decide. One that should decide and is in none of the runs leaves
it inconclusive: choose with --gating. So do runs of different hosts: the ratio is of hosts too.

Exit status: 0 no measure that decides is worse, 2 usage, 4 a regression, 6 inconclusive.`,
    )
    .action((given: string[], flags: CompareFlags) => {
      const result = compare(given, flags)
      process.exitCode = VERDICT_STATUS[result.result]
      const format = flags.json === true ? 'json' : flags.format
      if (format === 'html') putPage(gateHtml(result), flags.out ?? PAGE)
      else putText(GATE_FORMATS[format](result), flags.out)
    })
}

function compare(folders: readonly string[], flags: CompareFlags): GateResult {
  const at = folders.indexOf(KEPT_SEPARATOR)
  if (at < 1 || at === folders.length - 1)
    throw new HarnessError('USAGE', 'two sets of runs are needed', 'write mupdate-bench compare A… -- B…')
  if (folders.includes(KEPT_SEPARATOR, at + 1))
    throw new HarnessError('USAGE', 'two sets of runs are compared, and there is more than one --', 'leave one set out')
  const [a, b] = [folders.slice(0, at), folders.slice(at + 1)].map(runsOnce)
  requireApart(a, b)
  requireFew(a, 'A')
  requireFew(b, 'B')
  const [first] = b
  if (flags.allowDifferent !== true) {
    requireAlike([...a, ...b])
    for (const set of [a, b]) requireOneMaster(set, 'give runs of one master on each side, or say --allow-different')
  }
  requireSound([...a, ...b])
  const { measures, gating } = chosenMeasures(flags)
  const given = givenBy([...a, ...b], measures)
  const deciding = [...gating].filter(name => given.has(name))
  if (deciding.length === 0)
    throw new HarnessError(
      'USAGE',
      `these runs have none of ${[...gating].join(', ')}, which should decide`,
      `choose among those that they have with --gating: ${[...given].join(', ')}`,
    )
  const few = tooFew(a.length, b.length, false, deciding.length)
  const verdict = judgeGate(a.map(resultOf), b.map(resultOf), {
    measures,
    gating,
    paired: false,
    allowance: allowanceIn(first.folder),
    doubts: [...(few === undefined ? [] : [few]), ...hostDoubts([...a, ...b])],
  })
  return {
    schema: 'mupdate-bench/gate/1',
    command: 'compare',
    id: first.result.id,
    profile: first.result.profile,
    startedAt: first.result.startedAt,
    durationMs: 0,
    state: 'ended',
    result: verdict.result,
    reasons: [...verdict.reasons],
    pairs: null,
    paired: false,
    aa: false,
    level: LEVEL,
    a: sideJson(a),
    b: sideJson(b),
    pinned: {},
    discarded: [],
    failedStarts: { a: 0, b: 0 },
    ...judgedJson(verdict),
    harness: {
      version: first.result.harness.version,
      node: first.result.harness.node,
      host: first.result.harness.host,
    },
  }
}

/** A run that two of the folders hold is one run. */
function runsOnce(folders: readonly string[]): StoredRun[] {
  const runs = folders.flatMap(runsUnder)
  return [...new Map(runs.map(run => [resolve(run.folder), run])).values()]
}

/** @throws {HarnessError} `USAGE` */
function requireApart(a: readonly StoredRun[], b: readonly StoredRun[]): void {
  const ours = new Set(a.map(({ folder }) => resolve(folder)))
  const both = b.find(({ folder }) => ours.has(resolve(folder)))
  if (both !== undefined)
    throw new HarnessError('USAGE', `${both.folder} is in both sets`, 'give each run to one of them')
}

/** Names of the measures that some of them have. */
function givenBy(runs: readonly StoredRun[], measures: readonly Measure[]): ReadonlySet<string> {
  const given = measures.filter(({ of }) => runs.some(({ result }) => of(result) !== undefined))
  return new Set(given.map(({ name }) => name))
}

function hostDoubts(runs: readonly StoredRun[]): string[] {
  const hosts = hostsOf(runs)
  return hosts.length < 2 ? [] : [`the runs are of different hosts (${hosts.join('; ')}): the ratio is of hosts too`]
}

/** What their profile means to happen; nothing, where it is not beside them. */
function allowanceIn(folder: string): Allowance {
  try {
    return allowanceOf(loadProfile(join(folder, 'profile.yaml')))
  } catch {
    return NO_ALLOWANCE
  }
}

function sideJson(runs: readonly StoredRun[]): GateResult['a'] {
  const master = masterFacts(runs[0])
  return {
    label: `${runs.length} runs, ${master.version}, ${master.mailboxDatabase}`,
    master,
    runs: runs.map(({ folder }) => folder),
  }
}

/** @throws {HarnessError} `USAGE` */
function requireAlike(runs: readonly StoredRun[]): void {
  const facts: [string, (run: StoredRun) => string | undefined][] = [
    ['profile', ({ result }) => result.profile.name],
    ['seed', ({ result }) => String(result.profile.seed)],
    ['kind of master', ({ result }) => result.master.kind],
    ['work (profile.yaml)', ({ folder }) => workOf(folder)],
  ]
  for (const [name, of] of facts) {
    const other = runs.find(run => of(run) !== of(runs[0]))
    if (other !== undefined)
      throw new HarnessError(
        'USAGE',
        `their ${name} differs: ${runs[0].folder} and ${other.folder}`,
        'compare runs of the same work, or say --allow-different',
      )
  }
}
