import { mkdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { Command, Option } from 'commander'
import { HarnessError } from '../core/errors.js'
import { EXIT, type ExitStatus, gravest } from '../core/exit-status.js'
import type { GateResult } from '../metrics/gate-result.js'
import { type GateVerdict, judgeGate, tooFew } from '../verdict/gate.js'
import { LEVEL } from '../verdict/comparison.js'
import { loadProfile } from '../profile/load.js'
import { writeReportFile } from '../report/write-report.js'
import { GATE_FORMATS, type GateFormatName } from '../report/gate/formats.js'
import { gateHtml } from '../report/gate/html.js'
import { readBaseline } from './baseline.js'
import { VERDICT_STATUS } from './final-result.js'
import { measurePairs, type Measured, type MeasuredRun } from './gate-measure.js'
import { factsOf, type GateSide, gateSide, isSame, type MasterFacts, pinnedSettings } from './gate-side.js'
import { folderOf, newIdentity } from './identity.js'
import { chosenMeasures, type MeasureFlags, measureOptions } from './measure-flags.js'
import { noiseLines, saveNoise } from './noise.js'
import { collect } from './options.js'
import { Progress } from './progress.js'
import { GATE_FILE, GATE_PAGE } from './read-gate.js'

interface GateFlags extends MeasureFlags {
  readonly a?: string
  readonly b?: string
  readonly aSet: string[]
  readonly bSet: string[]
  readonly aPasswordFile?: string
  readonly bPasswordFile?: string
  readonly baseline?: string
  readonly set: string[]
  readonly seed?: string
  readonly pairs: string
  readonly aa?: true
  readonly out: string
  readonly format: GateFormatName
  readonly json?: true
  readonly quiet?: true
  readonly allowLoad: string[]
  readonly allowMutations: string[]
}

export function gateCommand(): Command {
  const command = new Command('gate')
    .description('measure two masters in turn, and say whether the second is worse')
    .argument('<profile>', 'a ready profile’s name, such as ci, or a YAML file')
    .option('--a <master>', 'the one to measure against: as run’s --master (cyrus)')
    .option('--b <master>', 'the one that is judged (as --a)')
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
  return measureOptions(command)
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

/** What is known before anything is measured. */
interface Prepared {
  readonly a: GateSide | undefined
  readonly b: GateSide
  readonly facts: { readonly a: MasterFacts; readonly b: MasterFacts }
  readonly baseline: readonly MeasuredRun[] | undefined
  readonly pinned: Readonly<Record<string, string>>
  readonly isSame: boolean
}

async function gate(profileName: string, flags: GateFlags, progress: Progress): Promise<GateOutcome> {
  const startedMs = Date.now()
  const pairs = pairsOf(flags.pairs)
  const { measures, gating } = chosenMeasures(flags)
  const paired = flags.baseline === undefined
  const common = flags.seed === undefined ? flags.set : [...flags.set, `seed=${flags.seed}`]
  const profile = loadProfile(profileName, common)
  const baseline = flags.baseline === undefined ? undefined : readBaseline(flags.baseline, profile)
  const few = tooFew(baseline?.length ?? pairs, pairs, paired, gating.size)
  if (few !== undefined) throw new HarnessError('USAGE', few, 'give more --pairs, or fewer --gating measures')
  const prepared = await prepare(profileName, flags, common, baseline, progress)
  const identity = newIdentity(profile)
  const folder = `${folderOf(flags.out, identity)}.gate`
  makeFolder(folder)
  for (const line of noiseLines(flags.out, profile.name, prepared.facts.a)) progress.line(line)
  const judge = (a: readonly MeasuredRun[], b: readonly MeasuredRun[]) =>
    judgeGate(
      a.map(({ result }) => result),
      b.map(({ result }) => result),
      { measures, gating, paired },
    )
  const measured = await measurePairs({
    sides: { ...(prepared.a === undefined ? {} : { a: prepared.a }), b: prepared.b },
    pairs,
    folder,
    progress,
    keep: false,
    allowLoad: flags.allowLoad,
    allowMutations: flags.allowMutations,
    onFirst: first => requireMeasured(judge(first.a === undefined ? (baseline ?? []) : [first.a], [first.b!]), gating),
  })
  const a = baseline ?? measured.a
  const verdict = judge(a, measured.b)
  const { result, reasons } = overall(verdict, measured)
  const { harness } = a[0]?.result ?? measured.b[0]?.result ?? { harness: undefined }
  const json: GateResult = {
    schema: 'mupdate-bench/gate/1',
    command: 'gate',
    id: identity.id,
    profile: identity.profile,
    startedAt: identity.startedAt.toISOString(),
    durationMs: Date.now() - startedMs,
    state: measured.interrupted ? 'interrupted' : 'ended',
    result,
    reasons: [...reasons],
    pairs,
    paired,
    aa: prepared.isSame,
    level: LEVEL,
    a: {
      label: prepared.a?.label ?? `baseline ${flags.baseline}`,
      master: prepared.facts.a,
      runs: a.map(run => (baseline === undefined ? relative(folder, run.folder) : run.folder)),
    },
    b: { label: prepared.b.label, master: prepared.facts.b, runs: measured.b.map(run => relative(folder, run.folder)) },
    pinned: { ...prepared.pinned },
    discarded: measured.discarded,
    damage: { a: [...verdict.damage.a], b: [...verdict.damage.b] },
    metrics: verdict.metrics.map(metric => ({ ...metric })) as GateResult['metrics'],
    harness: harness ?? { version: identity.version, node: process.version, host: { ...identity.host } },
  }
  writeReportFile(join(folder, GATE_FILE), `${JSON.stringify(json, null, 2)}\n`)
  writeReportFile(join(folder, GATE_PAGE), gateHtml(json))
  if (prepared.isSame && measured.b.length > 1) saveNoise(flags.out, json)
  return { result: json, folder, status: statusOf(json, measured) }
}

/** @throws {HarnessError} `USAGE` for two sides that are one */
async function prepare(
  profileName: string,
  flags: GateFlags,
  common: readonly string[],
  baseline: readonly MeasuredRun[] | undefined,
  progress: Progress,
): Promise<Prepared> {
  if (baseline !== undefined && (flags.a !== undefined || flags.aSet.length > 0))
    throw new HarnessError('USAGE', '--baseline is A: it was measured before', 'leave out --a and --a-set')
  const masterA = flags.a ?? 'cyrus'
  const sideA = (extra: readonly string[]) =>
    gateSide(profileName, {
      master: masterA,
      own: flags.aSet,
      common: [...extra, ...common],
      ...(flags.aPasswordFile === undefined ? {} : { passwordFile: flags.aPasswordFile }),
    })
  const sideB = (extra: readonly string[]) =>
    gateSide(profileName, {
      master: flags.b ?? masterA,
      own: flags.bSet,
      common: [...extra, ...common],
      ...(flags.bPasswordFile === undefined ? {} : { passwordFile: flags.bPasswordFile }),
    })
  const b = sideB([])
  progress.note('looking at both masters')
  const factsB = await factsOf(b)
  if (baseline !== undefined) {
    const { kind, version, mailboxDatabase, settings, binaries } = baseline[0].result.master
    if (kind !== factsB.kind)
      throw new HarnessError(
        'USAGE',
        `the baseline’s master is ${kind}, and B is ${factsB.kind}`,
        'measure a baseline of the same kind',
      )
    return {
      a: undefined,
      b,
      facts: { a: { kind, version, mailboxDatabase, settings, binaries }, b: factsB },
      baseline,
      pinned: {},
      isSame: false,
    }
  }
  const a = sideA([])
  const factsA = await factsOf(a)
  const same = isSame(a, b, factsA, factsB)
  if (same && flags.aa !== true)
    throw new HarnessError(
      'USAGE',
      `both sides are the same: ${factsA.version}, ${factsA.mailboxDatabase}, with the same programs and settings`,
      'give another --b or --b-set; or --aa, to see how much noise there is',
    )
  if (!same && flags.aa === true)
    throw new HarnessError('USAGE', '--aa, and the two sides differ', 'leave out --aa, or what makes them differ')
  const pinned = pinnedSettings(a, b, factsA, factsB)
  const pins = Object.entries(pinned)
  for (const [key, value] of pins) progress.line(`pinned for both, since their defaults differ: ${key}: ${value}`)
  if (pins.length === 0) return { a, b, facts: { a: factsA, b: factsB }, baseline, pinned, isSame: same }
  const sets = pins.map(([key, value]) => `master.settings.${key}=${value}`)
  const [pinnedA, pinnedB] = [sideA(sets), sideB(sets)]
  return {
    a: pinnedA,
    b: pinnedB,
    facts: { a: await factsOf(pinnedA), b: await factsOf(pinnedB) },
    baseline,
    pinned,
    isSame: same,
  }
}

/** Ten minutes for nothing are spared. */
function requireMeasured({ metrics }: GateVerdict, gating: ReadonlySet<string>): void {
  const missing = [...gating].filter(name => !metrics.some(metric => metric.name === name))
  if (missing.length === 0) return
  const there = metrics.map(({ name }) => name).join(', ')
  throw new HarnessError(
    'USAGE',
    `this profile and master give no ${missing.join(', ')}, which should decide`,
    `choose among those that they give with --gating: ${there}`,
  )
}

function overall(verdict: GateVerdict, measured: Measured): Pick<GateResult, 'result' | 'reasons'> {
  const { failure } = measured
  if (failure?.side === 'b')
    return { result: 'fail', reasons: [`only in B: no run: ${failure.message}`, ...verdict.reasons] }
  if (verdict.result === 'fail') return { result: 'fail', reasons: [...verdict.reasons] }
  if (measured.invalid)
    return {
      result: 'invalid',
      reasons: [
        'the harness was the limit in more pairs than may be measured again',
        ...measured.discarded.flatMap(({ reasons }) => reasons),
      ],
    }
  if (failure !== undefined) return { result: 'inconclusive', reasons: [`A: no run: ${failure.message}`] }
  if (measured.interrupted) return { result: 'inconclusive', reasons: ['interrupted', ...verdict.reasons] }
  return { result: verdict.result, reasons: [...verdict.reasons] }
}

function statusOf({ result }: GateResult, { interrupted, failure }: Measured): ExitStatus {
  const statuses: ExitStatus[] = [VERDICT_STATUS[result]]
  if (interrupted) statuses.push(EXIT.interrupted)
  if (failure?.side === 'a') statuses.push(EXIT.master)
  return gravest(statuses)
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    throw new HarnessError(
      'RESULTS',
      `cannot write results to ${folder}: ${(error as Error).message}`,
      'choose another folder with --out',
    )
  }
}

/** @throws {HarnessError} `USAGE` */
function pairsOf(text: string): number {
  const pairs = Number(text)
  if (Number.isInteger(pairs) && pairs > 0 && pairs <= 100) return pairs
  throw new HarnessError('USAGE', `--pairs ${text}: not a number of pairs`, 'give 5 to 100')
}
