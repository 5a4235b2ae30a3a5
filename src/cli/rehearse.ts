import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Command, Option } from 'commander'
import { HarnessError, isHarnessError } from '../core/errors.js'
import { EXIT } from '../core/exit-status.js'
import { formatCount, parseDurationNs } from '../core/units.js'
import type { RunResult } from '../metrics/run-result.js'
import { loadProfile, type Profile } from '../profile/load.js'
import { isQuiet, type StepDocument } from '../profile/schema.js'
import { stepWords } from '../profile/step-words.js'
import { fallenBehind } from '../report/rehearsal/behind.js'
import { rehearsalHtml } from '../report/rehearsal/html.js'
import { rehearsalMarkdown } from '../report/rehearsal/markdown.js'
import type { PlannedStep, Rehearsal } from '../report/rehearsal/rehearsal.js'
import { rehearsalText } from '../report/rehearsal/text.js'
import { writeReportFile } from '../report/write-report.js'
import { type MasterChoice, parseMaster } from './choose-master.js'
import { type ElsewhereFlags, elsewhereOptions, withElsewhere } from './elsewhere.js'
import { findRate } from './find-rate.js'
import { collect, flagWord, WORKERS, workersFrom } from './options.js'
import { refuseBusy, refuseProduction } from './production.js'
import { Progress } from './progress.js'
import { reachOptions, type ReachFlags } from './reach-options.js'
import { brokenOffIn, phasesOver, type Resumption, readResumption } from './resumption.js'
import { type RunProfileOutcome, runProfile } from './run-profile.js'
import { onInterrupt } from './signals.js'
import { siteSets } from './site-sets.js'
import { tryRunReport } from './try-run-report.js'

const FORMATS = {
  text: (rehearsal: Rehearsal) => `${rehearsalText(rehearsal)}\n`,
  markdown: rehearsalMarkdown,
  html: rehearsalHtml,
} as const

interface RehearseFlags extends ReachFlags, ElsewhereFlags {
  readonly dump?: string
  readonly master: string
  readonly undo?: true
  readonly findRate?: true
  readonly budget: string
  readonly notOf: string[]
  readonly resume?: string
  readonly set: string[]
  readonly seed?: string
  readonly out: string
  readonly format: keyof typeof FORMATS | 'json'
  readonly json?: true
  readonly quiet?: true
  readonly keep?: true
  readonly workers?: number
  readonly passwordFile?: string
  readonly allowLoad: string[]
  readonly allowMutations: string[]
}

/** In the run's folder. */
const PAGES = { 'rehearsal.html': rehearsalHtml, 'rehearsal.md': rehearsalMarkdown }

export function rehearseCommand(): Command {
  const command = new Command('rehearse')
    .description('do in advance what is planned for a night: a profile’s steps, on the site’s own mailboxes')
    .argument('[profile]', 'one with steps: a ready one’s name, such as move-users, or a YAML file')
    .option('--dump <file>', 'the site’s mailboxes, of ctl_mboxlist -d, in place of the profile’s')
    .option('-m, --master <master>', 'as of run; a remote one has to be empty', 'cyrus')
    .option('--undo', 'put back in the end what the steps have done, at the last one’s rate')
    .option('--find-rate', 'search the highest rate of all steps at which it is a go, in one rehearsal after the other')
    .option('--budget <time>', 'time for that search', '30m')
    .option(
      '--not-of <file>',
      'imapd.conf of a host in production: its mupdate_server is refused (repeatable)',
      collect,
      [],
    )
    .option('--resume <dir>', 'go on with a rehearsal on a remote master that was killed')
    .option('-s, --set <key=value>', 'change one setting of the profile (repeatable)', collect, [])
    .option('--seed <number>', 'seed of everything random, in place of the profile’s')
    .option(...WORKERS, workersFrom)
    .option('-o, --out <dir>', 'where results go', 'results')
    .addOption(
      new Option('-f, --format <name>', 'what goes to standard output')
        .choices([...Object.keys(FORMATS), 'json'])
        .default('text'),
    )
    .option('--json', 'the same as --format json: run.json')
    .option('-q, --quiet', 'no progress')
    .option('--keep', 'leave the mailboxes on a remote master')
    .option('--password-file <file>', 'password of a remote master (else MUPDATE_BENCH_PASSWORD, else a prompt)')
    .option('--allow-load <host>', 'let it read whole lists from that host (repeatable)', collect, [])
    .option('--allow-mutations <host>', 'let it create and delete mailboxes there (repeatable)', collect, [])
  return elsewhereOptions(reachOptions(command))
    .addHelpText(
      'after',
      `
Examples:
  mupdate-bench rehearse move-users --undo
  mupdate-bench rehearse night.yaml --dump mboxlist.gz --undo --format markdown
  mupdate-bench rehearse night.yaml --dump mboxlist.gz --find-rate --budget 1h
  MUPDATE_BENCH_PASSWORD=… mupdate-bench rehearse night.yaml --dump mboxlist.gz \\
      --master mupdate://murder@staging:3905 --not-of /etc/imapd.conf --allow-load staging --allow-mutations staging
  mupdate-bench rehearse night.yaml --dump mboxlist.gz --master mupdate://murder@staging:3905 --agents 4 \\
      --nats nats://bench --allow-load staging --allow-mutations staging
  mupdate-bench rehearse --resume results/night/20261130T220000Z-1a2b3c \\
      --master mupdate://murder@staging:3905 --allow-load staging --allow-mutations staging

It ends itself, and is no go, when a frontend is given a list that is more than 1 % shorter than one before, or
its NOOP waits longer than half of the retry delay; stopLoss in the profile says otherwise. See docs/rehearse.md.

Exit status: 0 go, 4 no go, 2 usage, 3 master unreachable or lost, 5 invalid (the harness was the limit),
6 inconclusive, 130 interrupted.`,
    )
    .action(rehearse)
}

/** One rehearsal, and where it lies. */
interface Rehearsed extends RunProfileOutcome {
  readonly rehearsal: Rehearsal
}

/** At one rate of a search. */
interface RateRehearsed extends Rehearsed {
  readonly behind: readonly string[]
}

async function rehearse(name: string | undefined, flags: RehearseFlags, command: Command): Promise<void> {
  const progress = new Progress(process.stderr, flags.quiet === true)
  const master = parseMaster(flags.master, flags)
  const budgetMs = parseDurationNs(flags.budget) / 1e6
  if (flags.findRate === true && flags.keep === true)
    throw new HarnessError(
      'USAGE',
      '--find-rate with --keep: each rehearsal begins with an empty master',
      'leave one out',
    )
  if (master.kind === 'remote') {
    await refuseProduction(master.address, flags.notOf, progress)
    await refuseBusy(master.address)
  }
  const { load, resumes } =
    flags.resume === undefined
      ? await newRehearsal(name, flags, progress)
      : await oldRehearsal(flags.resume, name, master, flags, command)
  if (flags.findRate === true) refuseCopying(load([]))
  const given = { [`--master ${flags.master}`]: master }
  const rehearsed = await withElsewhere(flags, given, { who: 'rehearse', progress }, find => {
    const once = async (more: readonly string[], signal?: AbortSignal): Promise<Rehearsed> => {
      const profile = load(more)
      const keep = flags.keep === true
      // A search for a rate is begun anew.
      const ours = { mustBeEmpty: true, isResumable: flags.findRate !== true, resumes }
      const elsewhere = await find(master)
      const others = { ...(signal && { signal }), ...(elsewhere && { elsewhere }) }
      const outcome = await runProfile({ ...flags, ...ours, ...others, profile, master, keep, progress })
      const run = together(outcome.result, resumes?.before)
      const { mailboxes } = profile.site
      const { mergePerMailbox: mergeNsPerMailbox } = profile.slaves
      const planned = { steps: plannedSteps(profile), before: countsOf(profile), mailboxes, mergeNsPerMailbox }
      return { ...outcome, rehearsal: { run, ...planned, brokenOff: brokenOffIn(resumes?.before ?? []) } }
    }
    return flags.findRate === true ? atHighestRate(load([]), budgetMs, once, progress) : once([])
  })
  const { rehearsal, folder, result, status } = rehearsed
  for (const [file, page] of Object.entries(PAGES)) writeReportFile(join(folder, file), page(rehearsal))
  await tryRunReport(folder, result, text => progress.warn(text))
  progress.clear()
  process.exitCode = status
  const format = flags.json === true ? 'json' : flags.format
  const { rates } = rehearsal
  const json = rates === undefined ? result : { ...result, rates }
  process.stdout.write(format === 'json' ? `${JSON.stringify(json, null, 2)}\n` : FORMATS[format](rehearsal))
  const where = `results: ${folder}\npage: ${join(folder, 'rehearsal.html')}\n`
  if (format === 'text') process.stdout.write(where)
  else if (flags.quiet !== true) process.stderr.write(where)
}

interface Prepared {
  /** @param more settings of the profile */
  load(more: readonly string[]): Profile
  readonly resumes?: Resumption | undefined
}

async function newRehearsal(name: string | undefined, flags: RehearseFlags, progress: Progress): Promise<Prepared> {
  if (name === undefined)
    throw new HarnessError('USAGE', 'no profile', 'name one, such as move-users; or give --resume DIR')
  const { dump, seed, undo } = flags
  const given = [
    ...flags.set,
    ...(seed === undefined ? [] : [`seed=${seed}`]),
    ...(dump === undefined ? [] : [`site.dump=${JSON.stringify(dump)}`]),
  ]
  const sets = await siteSets(name, [...given, ...ownSets(loadProfile(name, given), undo === true)], progress)
  return { load: more => loadProfile(name, [...sets, ...more]) }
}

/** What a rehearsal that is gone on with has settled. */
const SETTLED = ['undo', 'findRate', 'budget', 'set', 'seed', 'workers', 'agents', 'onAgentLoss'] as const

async function oldRehearsal(
  folder: string,
  name: string | undefined,
  master: MasterChoice,
  { dump }: RehearseFlags,
  command: Command,
): Promise<Prepared> {
  const isGiven = (flag: string) => command.getOptionValueSource(flag) === 'cli'
  const words = SETTLED.filter(isGiven).map(flagWord)
  const asked = [...(name === undefined ? [] : ['the profile']), ...words]
  if (asked.length > 0)
    throw new HarnessError('USAGE', '--resume goes on with what was asked for then', `leave out ${asked.join(', ')}`)
  const resumes = await readResumption(folder, master, dump)
  return { load: () => resumes.profile, resumes }
}

/** All of it as one; phases of which a part was done before are those that have done the rest. */
function together(run: RunResult, before: readonly RunResult[] = []): RunResult {
  const again = new Set(run.phases.map(({ name }) => name))
  const began = Date.parse((before[0] ?? run).startedAt)
  const phases = [...before, run].flatMap(part => {
    const laterMs = Date.parse(part.startedAt) - began
    const own = part === run ? run.phases : phasesOver([part]).filter(({ name }) => !again.has(name))
    return own.map(phase => ({ ...phase, startMs: phase.startMs + laterMs }))
  })
  const all = [...before, run].map(({ slaves }) => slaves)
  const timeouts = all.reduce((sum, slaves) => sum + slaves.timeouts, 0)
  const leastStreaming = Math.min(...all.map(slaves => slaves.leastStreaming))
  return { ...run, phases, slaves: { ...run.slaves, timeouts, leastStreaming } }
}

/** @returns the rehearsal at the highest rate that was a go, else the last one, with what was tried */
async function atHighestRate(
  { phases }: Profile,
  budgetMs: number,
  once: (more: readonly string[], signal?: AbortSignal) => Promise<Rehearsed>,
  progress: Progress,
): Promise<Rehearsed> {
  const own = phases.flatMap(({ step, events }, index) =>
    step === undefined ? [] : [{ index, rate: step.rate, events }],
  )
  let last: RateRehearsed | undefined
  const controller = new AbortController()
  // While a rehearsal runs, it knows better what not to leave behind.
  const release = onInterrupt(
    () => controller.abort(),
    () => sleep(LEAVE_MS),
  )
  const { signal } = controller
  const startPerSecond = Math.max(...own.map(({ rate }) => rate))
  const { trials, conclusion, broken } = await findRate(startPerSecond, budgetMs, signal, async rate => {
    progress.line(`all steps at ${formatCount(rate)} mailboxes a second`)
    const sets = own.flatMap(step => setsAt(step, rate))
    last = judgedAtRate(await once(sets, signal))
    return last
  }).finally(release)
  const why = isHarnessError(broken) ? broken.message : broken
  if (why !== undefined) progress.warn(`the search ends here: ${why}`)
  const best = trials.find(trial => trial.mailboxesPerSecond === conclusion.low && trial.outcome === 'held')
  const chosen = best?.rehearsed ?? last!
  const { low, high } = conclusion
  const cutShort = why ?? (conclusion.isCutShort ? 'the time was up; give more --budget' : null)
  const tried = trials.map(({ mailboxesPerSecond, outcome, rehearsed }) => ({
    mailboxesPerSecond,
    outcome,
    why: outcome === 'held' ? '' : (rehearsed.behind[0] ?? whyOf(rehearsed.result)),
  }))
  const status = broken === 'interrupted' ? EXIT.interrupted : chosen.status
  return { ...chosen, status, rehearsal: { ...chosen.rehearsal, rates: { low, high, cutShort, tried } } }
}

/** One whose steps were not done at the rate that they were to be done at is no go, whatever it is else. */
function judgedAtRate(rehearsed: Rehearsed): RateRehearsed {
  const behind = rehearsed.status === EXIT.pass ? fallenBehind(rehearsed.rehearsal) : []
  if (behind.length === 0) return { ...rehearsed, behind }
  const { result, rehearsal } = rehearsed
  const judged = <R extends RunResult>(run: R): R => ({
    ...run,
    verdict: { ...run.verdict, result: 'fail', reasons: behind, failures: behind },
  })
  return {
    ...rehearsed,
    behind,
    status: EXIT.threshold,
    result: judged(result),
    rehearsal: { ...rehearsal, run: judged(rehearsal.run) },
  }
}

/** A step at another rate. What befalls meanwhile comes when as much of it is done as was meant to be. */
function setsAt(
  {
    index,
    rate,
    events,
  }: Pick<Profile['phases'][number], 'events'> & { readonly index: number; readonly rate: number },
  mailboxesPerSecond: number,
): string[] {
  const scaled = (ns: number) => `${Math.round((ns * rate) / mailboxesPerSecond / 1e3)}us`
  return [
    `phases.${index}.step.rate=${mailboxesPerSecond}`,
    ...events.flatMap(({ at, every }, i) => [
      `phases.${index}.events.${i}.at=${scaled(at)}`,
      ...(every === undefined ? [] : [`phases.${index}.events.${i}.every=${scaled(every)}`]),
    ]),
  ]
}

/** For a rehearsal to end, when Ctrl-C was pressed twice. */
const LEAVE_MS = 10_000

function whyOf({ verdict, slaves }: RunResult): string {
  const broken = verdict.thresholds.find(({ result }) => result !== 'pass')
  const why = verdict.failures?.[0] ?? broken?.reason ?? verdict.reasons[0] ?? ''
  const [condition] = slaves.conditions
  return condition === undefined ? why : `${why} (${condition.name}: ${condition.remedy})`
}

/** What a rehearsal has that a run has not. @throws {HarnessError} `USAGE` for a profile without steps */
function ownSets({ phases, stopLoss }: Profile, undo: boolean): string[] {
  const last = phases.findLastIndex(({ step }) => step !== undefined)
  if (last === -1)
    throw new HarnessError(
      'USAGE',
      'there is no step in it, so that nothing would be rehearsed',
      'take move-users, or give a phase a step: see docs/rehearse.md',
    )
  const { run, step } = phases[last]!
  const isAdded = undo && step!.undo === undefined
  const name = phases.some(phase => phase.name === UNDO) ? `${UNDO}-all` : UNDO
  const back = { name, run: run.filter(isQuiet), step: { undo: {}, rate: step!.rate }, until: 'done' }
  return [
    ...(stopLoss === undefined ? ['stopLoss={}'] : []),
    // At the end: what runs there, and is compared, is what there is after it.
    ...(isAdded ? [`phases.${phases.length}=${JSON.stringify(back)}`] : []),
  ]
}

/** Name of the phase that `--undo` adds. */
const UNDO = 'undo'

function kindOf({ rate: _, ...step }: StepDocument): string {
  const [kind = 'push'] = Object.entries(step).flatMap(([name, value]) => (value === undefined ? [] : [name]))
  return kind
}

/** @throws {HarnessError} `USAGE` where no rate is the limit */
function refuseCopying(profile: Profile): void {
  const copying = plannedSteps(profile).find(step => step.copies === true)
  if (copying !== undefined)
    throw new HarnessError(
      'USAGE',
      `--find-rate: the copying of mail sets the pace of ${copying.name}, not its rate`,
      'leave its copy out, to find what the master bears',
    )
}

function copies({ move, replace }: StepDocument): boolean {
  return (move ?? replace)?.copy !== undefined
}

function plannedSteps({ phases }: Profile): PlannedStep[] {
  return phases.flatMap(({ name, step }) =>
    step === undefined
      ? []
      : [{ name, what: stepWords(step), mailboxesPerSecond: step.rate, kind: kindOf(step), copies: copies(step) }],
  )
}

/** As siteSets has written them: a server's weight is how many it has. */
function countsOf({ site }: Profile): Record<string, number> | null {
  if (site.dump === undefined) return null
  return Object.fromEntries(site.backends.map(({ server, weight }) => [server, Math.floor(weight)]))
}
