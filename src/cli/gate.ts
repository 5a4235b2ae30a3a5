import { join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Command, Option } from 'commander'
import { HarnessError } from '../core/errors.js'
import { EXIT, type ExitStatus, gravest } from '../core/exit-status.js'
import { makeFolder } from '../core/make-folder.js'
import type { GateResult } from '../metrics/gate-result.js'
import { cannotWriteResults } from '../report/cannot-write.js'
import { GATE_FORMATS, type GateFormatName } from '../report/gate/formats.js'
import { gateHtml } from '../report/gate/html.js'
import type { RunIdentity } from '../report/run-json.js'
import { writeReportFile } from '../report/write-report.js'
import { LEVEL } from '../verdict/comparison.js'
import { isDamaged } from '../verdict/damage.js'
import { type GateOptions, type GateVerdict, judgeGate, tooFew } from '../verdict/gate.js'
import type { Measure } from '../verdict/measures.js'
import { allowanceOf } from './allowance.js'
import { VERDICT_STATUS } from './final-result.js'
import { type FindElsewhere, withElsewhere } from './elsewhere.js'
import { type Measured, measurePairs } from './gate-measure.js'
import { type Prepared, prepareGate, type SidesFlags } from './gate-prepare.js'
import { factsOf } from './gate-side.js'
import { folderOf, newIdentity } from './identity.js'
import { judgedJson } from './judged-json.js'
import { chosenMeasures, type MeasureFlags, measureOptions } from './measure-flags.js'
import { type NatsFlags, natsOptions } from './nats.js'
import { noiseLines, saveNoise } from './noise.js'
import { collect } from './options.js'
import { Progress } from './progress.js'
import { reachOptions } from './reach-options.js'
import { GATE_FILE, GATE_PAGE } from './read-gate.js'
import { onInterrupt } from './signals.js'
import { isSameMaster, type MasterFacts, masterFacts, resultOf, type StoredRun } from './stored-runs.js'

interface GateFlags extends MeasureFlags, SidesFlags, NatsFlags {
  readonly pairs: string
  readonly out: string
  readonly format: GateFormatName
  readonly json?: true
  readonly quiet?: true
}

export function gateCommand(): Command {
  const command = new Command('gate')
    .description('measure two masters in turn, and say whether the second is worse')
    .argument('<profile>', 'a ready profile’s name, such as ci, or a YAML file')
    .option('--a <master>', 'the one to measure against: as run’s --master (cyrus)')
    .option('--b <master>', 'the one that is judged: as run’s --master (what --a is; beside --baseline, cyrus)')
    .option(
      '--a-set <key=value>',
      'a setting of A’s master alone, such as mupdate_workers_max=20 or master.place=disk',
      collect,
      [],
    )
    .option('--b-set <key=value>', 'the same for B (repeatable)', collect, [])
    .option('--baseline <dir>', 'stored runs in place of A: see mupdate-bench baseline save')
    .option('-n, --pairs <number>', 'pairs of runs, fixed beforehand', '10')
    .option('--aa', 'measure one master against itself: what is found is noise')
  return natsOptions(reachOptions(measureOptions(command)))
    .option('-s, --set <key=value>', 'change one setting of the profile, for both (repeatable)', collect, [])
    .option('--seed <number>', 'seed of everything random, in place of the profile’s')
    .option('-o, --out <dir>', 'where results go', 'results')
    .addOption(
      new Option('-f, --format <name>', 'what goes to standard output; the text then goes to standard error')
        .choices(Object.keys(GATE_FORMATS))
        .default('text'),
    )
    .option('--json', 'the same as --format json')
    .option('-q, --quiet', 'no progress')
    .option('--a-password-file <file>', 'password of a remote A (else MUPDATE_BENCH_PASSWORD, else a prompt)')
    .option('--b-password-file <file>', 'password of a remote B')
    .option('--allow-load <host>', 'let it read whole lists from that host (repeatable)', collect, [])
    .option('--allow-mutations <host>', 'let it create and delete mailboxes there (repeatable)', collect, [])
    .addHelpText(
      'after',
      `
Examples:
  mupdate-bench gate ci --a cyrus --b cyrus:/opt/cyrus-new
  mupdate-bench gate ci --b-set mupdate_workers_max=20
  mupdate-bench gate ci --b-set master.place=disk --gating createRate
  mupdate-bench gate ci --aa
  mupdate-bench gate ci --baseline baselines/3.6.1 --b cyrus:/opt/cyrus-new
  mupdate-bench gate ci --b cyrus:/opt/cyrus-new --format github

What a red one means, and how to set effects: docs/ci.md.

Exit status: 0 pass, 2 usage, 3 a master could not be reached, 4 regression,
5 invalid (the harness was the limit), 6 inconclusive, 7 no baseline, 130 interrupted.`,
    )
    .action(async (profile: string, flags: GateFlags) => {
      const progress = new Progress(process.stderr, flags.quiet === true)
      const { result, folder, status } = await gate(profile, flags, progress)
      progress.clear()
      process.exitCode = status
      const format = flags.json === true ? 'json' : flags.format
      const text = `${GATE_FORMATS.text(result)}\nresults: ${folder}\nreport: ${join(folder, GATE_PAGE)}\n`
      process.stdout.write(format === 'text' ? text : GATE_FORMATS[format](result))
      if (format !== 'text' && flags.quiet !== true) process.stderr.write(text)
    })
}

interface GateOutcome {
  readonly result: GateResult
  readonly folder: string
  readonly status: ExitStatus
}

async function gate(profileName: string, flags: GateFlags, progress: Progress): Promise<GateOutcome> {
  const pairs = pairsOf(flags.pairs)
  const { measures, gating } = chosenMeasures(flags)
  const paired = flags.baseline === undefined
  if (paired) requireEnough(tooFew(pairs, pairs, true, gating.size))
  const interrupt = listenForInterrupt(progress)
  try {
    const prepared = await prepareGate(profileName, flags, progress)
    const { a, b, baseline } = prepared
    if (baseline !== undefined) requireEnough(tooFew(baseline.length, pairs, false, gating.size))
    const masters = {
      ...(a && { [`--a ${a.label}`]: a.choice }),
      [`--b ${b.label}`]: b.choice,
    }
    return await withElsewhere(flags, masters, { who: 'gate', progress }, find =>
      measureAndJudge(prepared, { flags, pairs, measures, gating, interrupt, progress }, find),
    )
  } finally {
    interrupt.release()
  }
}

interface Measuring {
  readonly flags: GateFlags
  readonly pairs: number
  readonly measures: readonly Measure[]
  readonly gating: ReadonlySet<string>
  readonly interrupt: Interrupt
  readonly progress: Progress
}

async function measureAndJudge(
  prepared: Prepared,
  { flags, pairs, measures, gating, interrupt, progress }: Measuring,
  findElsewhere: FindElsewhere,
): Promise<GateOutcome> {
  const { profile, a, b, baseline, facts } = prepared
  const paired = flags.baseline === undefined
  const identity = newIdentity(profile)
  const folder = `${folderOf(flags.out, identity)}.gate`
  makeGateFolder(folder)
  interrupt.mayFinish = true
  for (const line of noiseLines(flags.out, profile.name, facts.a)) progress.line(line)
  const allowance = allowanceOf(profile)
  const judge = (measured: Measured) =>
    gateResult(identity, prepared, measured, { measures, gating, paired, allowance }, { folder, pairs, flags })
  const measured = await measurePairs({
    sides: { ...(a && { a }), b },
    pairs,
    folder,
    allowance,
    progress,
    signal: interrupt.signal,
    allowLoad: flags.allowLoad,
    allowMutations: flags.allowMutations,
    findElsewhere,
    onPair(soFar) {
      const sound = [...(baseline ?? soFar.a), ...soFar.b].filter(({ result }) => !isDamaged(result, allowance))
      if (soFar.b.length === 1) requireMeasured(measures, gating, sound)
      // A gate that is killed can be told as far as it came.
      if (soFar.b.length < pairs) writeResult(folder, judge({ ...soFar, end: { kind: 'interrupted' } }))
    },
  })
  const status = await statusOf(measured, prepared)
  const result = judge(measured)
  const told = status.isHost ? withoutVerdict(result, measured) : result
  writeResult(folder, told)
  writeReportFile(join(folder, GATE_PAGE), gateHtml(told))
  if (prepared.isSame && paired && measured.end === undefined) saveNoise(flags.out, told)
  return { result: told, folder, status: gravest([...status.statuses, VERDICT_STATUS[told.result]]) }
}

/** For a run to end, when Ctrl-C was pressed twice. */
const LEAVE_MS = 10_000

interface Interrupt {
  readonly signal: AbortSignal
  /** There is something to report: Ctrl-C ends the run that goes on, and no other begins. */
  mayFinish: boolean
  release(): void
}

/** Runs listen too, and end by themselves; this is for what lies between them, and for telling. */
function listenForInterrupt(progress: Progress): Interrupt {
  const controller = new AbortController()
  const interrupt: Interrupt = {
    signal: controller.signal,
    mayFinish: false,
    release: onInterrupt(
      () => {
        if (!interrupt.mayFinish) process.exit(EXIT.interrupted)
        progress.warn('interrupted: ending this run, what was measured follows (Ctrl-C again to leave at once)')
        controller.abort()
      },
      // The run that goes on knows better what not to leave behind.
      () => sleep(LEAVE_MS),
    ),
  }
  return interrupt
}

function gateResult(
  identity: RunIdentity,
  { a, b, baseline, facts, pinned, isSame, doubts }: Prepared,
  measured: Measured,
  options: GateOptions,
  { folder, pairs, flags }: { readonly folder: string; readonly pairs: number; readonly flags: GateFlags },
): GateResult {
  const ours = baseline ?? measured.a
  const { apart, failedStarts, end } = measured
  const verdict = judgeGate(ours.map(resultOf), measured.b.map(resultOf), {
    ...options,
    apart,
    failedStarts,
    isPartial: end !== undefined,
    doubts: [...doubts, ...changed('A', measured.a, facts.a), ...changed('B', measured.b, facts.b)],
  })
  return {
    schema: 'mupdate-bench/gate/1',
    command: 'gate',
    id: identity.id,
    profile: identity.profile,
    startedAt: identity.startedAt.toISOString(),
    durationMs: Date.now() - identity.startedAt.getTime(),
    state: measured.end?.kind === 'interrupted' ? 'interrupted' : 'ended',
    ...overall(verdict, measured),
    pairs,
    paired: options.paired,
    aa: isSame,
    level: LEVEL,
    a: {
      label: a?.label ?? `baseline ${flags.baseline}`,
      master: facts.a,
      runs: ours.map(run => (baseline === undefined ? relative(folder, run.folder) : run.folder)),
    },
    b: { label: b.label, master: facts.b, runs: measured.b.map(run => relative(folder, run.folder)) },
    pinned: { ...pinned },
    discarded: measured.discarded,
    failedStarts,
    ...judgedJson(verdict),
    harness: { version: identity.version, node: process.version, host: { ...identity.host } },
  }
}

/** What runs is looked at beforehand; meanwhile somebody may have installed another. */
function changed(side: string, runs: readonly StoredRun[], facts: MasterFacts): string[] {
  const other = runs.find(run => !isSameMaster(masterFacts(run), facts))
  if (other === undefined) return []
  return [`${side} is no longer what it was at the beginning: see ${other.folder}`]
}

function overall(verdict: GateVerdict, { end, discarded }: Measured): Pick<GateResult, 'result' | 'reasons'> {
  const reasons = [...verdict.reasons]
  if (end?.kind === 'failure' && end.side === 'b')
    return { result: 'fail', reasons: [`only in B: no run: ${end.message}`, ...reasons] }
  if (verdict.result === 'fail') return { result: 'fail', reasons }
  switch (end?.kind) {
    case 'invalid': {
      const why = [...new Set(discarded.flatMap(run => run.reasons))]
      return { result: 'invalid', reasons: ['the harness was the limit in too many pairs', ...why] }
    }
    case 'failure':
      return { result: 'inconclusive', reasons: [`A: no run: ${end.message}`, ...reasons] }
    case 'interrupted':
      return { result: 'inconclusive', reasons: ['interrupted', ...reasons] }
    case undefined:
      return { result: verdict.result, reasons }
  }
}

/** Whether it was the host, and not B: another's master that does not answer, or no master that starts here any more. */
async function statusOf(
  { end }: Measured,
  { a, b }: Prepared,
): Promise<{ readonly statuses: ExitStatus[]; readonly isHost: boolean }> {
  if (end?.kind === 'interrupted') return { statuses: [EXIT.interrupted], isHost: false }
  if (end?.kind !== 'failure') return { statuses: [], isHost: false }
  if (end.side === 'a' || b.choice.kind === 'remote') return { statuses: [EXIT.master], isHost: true }
  if (a === undefined) return { statuses: [], isHost: false }
  const starts = await factsOf(a).then(
    () => true,
    () => false,
  )
  return starts ? { statuses: [], isHost: false } : { statuses: [EXIT.master], isHost: true }
}

function withoutVerdict(result: GateResult, { end }: Measured): GateResult {
  const why = end?.kind === 'failure' ? `${end.side.toUpperCase()}: no run: ${end.message}` : 'no run'
  return { ...result, result: 'inconclusive', reasons: [why] }
}

function writeResult(folder: string, result: GateResult): void {
  writeReportFile(join(folder, GATE_FILE), `${JSON.stringify(result, null, 2)}\n`)
}

/** Ten minutes for nothing are spared: what the first run of a side does not give, none will. */
function requireMeasured(measures: readonly Measure[], gating: ReadonlySet<string>, runs: readonly StoredRun[]): void {
  const isGiven = ({ of }: Measure) => runs.every(({ result }) => of(result) !== undefined)
  const missing = measures.filter(measure => gating.has(measure.name) && !isGiven(measure))
  if (missing.length === 0) return
  const lacking = runs.find(({ result }) => missing[0].of(result) === undefined)!
  throw new HarnessError(
    'USAGE',
    `this profile and master give no ${missing.map(({ name }) => name).join(', ')}, which should decide: see ${lacking.folder}`,
    `choose among those that they give with --gating: ${measures
      .filter(isGiven)
      .map(({ name }) => name)
      .join(', ')}`,
  )
}

function requireEnough(why: string | undefined): void {
  if (why !== undefined) throw new HarnessError('USAGE', why, 'give more --pairs, or fewer --gating measures')
}

function makeGateFolder(folder: string): void {
  try {
    makeFolder(folder)
  } catch (error) {
    throw cannotWriteResults(folder, error)
  }
}

const MOST_PAIRS = 50

/** @throws {HarnessError} `USAGE` */
function pairsOf(text: string): number {
  const pairs = Number(text)
  if (Number.isInteger(pairs) && pairs > 0 && pairs <= MOST_PAIRS) return pairs
  throw new HarnessError('USAGE', `--pairs ${text}: not a number of pairs`, `give 6 to ${MOST_PAIRS}`)
}
