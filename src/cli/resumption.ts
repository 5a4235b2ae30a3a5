import { appendFileSync, existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { HarnessError } from '../core/errors.js'
import type { Clock } from '../core/clock.js'
import { packageVersion } from '../core/package-root.js'
import { putRight } from '../drivers/put-right.js'
import { type PhaseDraws, readDraws, replay } from '../engine/draws.js'
import { listedSite } from '../engine/listed-site.js'
import type { Plan, PlanPhase } from '../engine/plan.js'
import { mailboxes } from '../generators/mailboxes.js'
import type { Master } from '../masters/master.js'
import type { RunResult } from '../metrics/run-result.js'
import { loadProfile, type Profile } from '../profile/load.js'
import { DRAWS, EVENTS, JOURNAL } from '../report/run-folder.js'
import type { MasterChoice } from './choose-master.js'
import { readJournal } from './journal.js'
import { isProcess } from './own-process.js'
import type { Progress } from './progress.js'
import { readRun } from './read-run.js'

/** A rehearsal that was broken off on a master that is still there, and is gone on with. */
export interface Resumption {
  /** Its folder. */
  readonly from: string
  /** Of it, and of all that go on with it: their mailboxes bear it. */
  readonly id: string
  readonly profile: Profile
  readonly draws: readonly PhaseDraws[]
  /** It, and what it had gone on with itself, the first of all first. */
  readonly before: readonly RunResult[]
}

/**
 * @param folder results/<profile>/<time>-<id>
 * @param dump where its dump lies now; undefined where it did then
 * @throws {HarnessError} `RESULTS` where no run lies there, `USAGE` where it cannot be gone on with
 */
export async function readResumption(
  folder: string,
  choice: MasterChoice,
  dump: string | undefined,
): Promise<Resumption> {
  const before = chainOf(folder)
  const run = before.at(-1)!
  checkResumable(folder, run, choice)
  const sets = dump === undefined ? [] : [`site.dump=${JSON.stringify(resolve(dump))}`]
  const profile = { ...loadProfile(join(folder, 'profile.yaml'), sets), name: run.profile.name }
  // Its folder would have the same name.
  if (Date.now() < Date.parse(run.startedAt) + 1000) await setTimeout(1000)
  return { from: resolve(folder), id: run.id, profile, draws: readDraws(join(folder, DRAWS)), before }
}

function chainOf(folder: string): RunResult[] {
  const run = readRun(folder)
  return [...(run.resumes === undefined ? [] : chainOf(run.resumes)), run]
}

function checkResumable(folder: string, { state, harness, master }: RunResult, choice: MasterChoice): void {
  const refuse = (why: string, hint = 'begin a new one, without --resume') => {
    throw new HarnessError('USAGE', why, hint)
  }
  if (master.kind !== 'remote')
    refuse(`it was on a master of its own, which ended with it`, `begin anew: rehearse ${join(folder, 'profile.yaml')}`)
  const address = choice.kind === 'remote' ? `${choice.address.host}:${choice.address.port}` : 'a master of its own'
  if (address !== master.address)
    refuse(`that was on ${master.address}, not on ${address}`, `give --master mupdate://user@${master.address}`)
  if (!existsSync(join(folder, DRAWS)))
    refuse(
      `no rehearsal in ${folder}: there is no ${DRAWS}`,
      'give the folder of one; a search for a rate is begun anew',
    )
  if (harness.version !== packageVersion()) refuse(`${folder} was written by version ${harness.version}`)
  if (state === 'ended') refuse(`the rehearsal in ${folder} has come to its end`)
  if (hasStopped(folder)) refuse(`the rehearsal in ${folder} has stopped itself: that is its result`)
  if (isProcess(harness.pid, 'rehearse'))
    refuse(`the rehearsal in ${folder} is not over: process ${harness.pid}`, 'wait, or end it')
  const next = wentOnWith(folder)
  if (next !== undefined) refuse(`${next} has gone on with it already`, `give that: --resume ${next}`)
}

/** By its own rules; it is in no result until it has ended. */
function hasStopped(folder: string): boolean {
  const path = join(folder, EVENTS)
  return existsSync(path) && readFileSync(path, 'utf8').includes('"kind":"stop-loss"')
}

function wentOnWith(folder: string): string | undefined {
  const siblings = dirname(resolve(folder))
  return readdirSync(siblings)
    .map(name => join(siblings, name))
    .find(path => existsSync(join(path, DRAWS)) && resumedBy(path) === resolve(folder))
}

/** What a run has gone on with; undefined where that cannot be read: it is another night's, and nobody's fault. */
function resumedBy(folder: string): string | undefined {
  try {
    return readRun(folder).resumes
  } catch {
    return undefined
  }
}

/** The plan, without what is over. */
export function planFrom(plan: Plan, { before }: Resumption): Plan {
  const { phases } = plan
  const reached = reachedIn(phases, before)
  // Frontends have to come anew, as when it began.
  const arrival = phases.slice(0, reached).findLastIndex(({ until }) => until === 'streaming')
  const over = phases.slice(0, reached).flatMap((_, index) => (index === arrival ? [] : [index]))
  return { ...plan, over }
}

/** The first phase that did not come to its end; 0 where mailboxes were not all there, so that it begins anew. */
function reachedIn(phases: readonly PlanPhase[], before: readonly RunResult[]): number {
  const isOver = ({ name }: PlanPhase) => phasesOver(before).some(phase => phase.name === name)
  const reached = phases.findIndex(phase => !isOver(phase))
  const isPreloaded = phases.slice(0, Math.max(0, reached)).some(({ until }) => until === 'preloaded')
  return isPreloaded ? reached : 0
}

/** Those that came to their end, by time. */
export function phasesOver(before: readonly RunResult[]): RunResult['phases'] {
  return before.flatMap(({ phases }) => phases.filter(hasEnded))
}

/** Names of those in which it was broken off. */
export function brokenOffIn(before: readonly RunResult[]): string[] {
  const broken = before.flatMap(({ phases }) => phases.filter(phase => !hasEnded(phase)))
  return [...new Set(broken.map(({ name }) => name))]
}

function hasEnded({ ended }: RunResult['phases'][number]): boolean {
  return ended === 'condition' || ended === 'duration'
}

/** What the run before noted is noted in this one's folder too: it may be broken off as well. */
export function copyNotes(plan: Plan, { from, before }: Resumption, to: string): void {
  const journal = join(from, JOURNAL)
  healJournal(journal)
  if (existsSync(journal)) writeFileSync(join(to, JOURNAL), readFileSync(journal))
  const draws = reachedIn(plan.phases, before) === 0 ? '' : readFileSync(join(from, DRAWS))
  writeFileSync(join(to, DRAWS), draws)
}

/** A name that a crash has cut off was not sent; the next one must not be glued to it. */
function healJournal(path: string): void {
  if (!existsSync(path)) return
  const text = readFileSync(path, 'latin1')
  if (!text.endsWith('\n')) truncateSync(path, text.lastIndexOf('\n') + 1)
}

export interface RightAgain {
  /** Mailboxes that the master would not have as they should be. */
  readonly doubtful: readonly string[]
  /** How many there are; absent where they are yet to be loaded. */
  readonly expected?: number
}

/** What was under way may have been done or not, and what was drawn may never have been sent: then it is done now. */
export async function putRightFor(
  { from, draws, before }: Resumption,
  plan: Plan,
  { address, credentials }: Master,
  clock: Clock,
  to: string,
  progress: Progress,
): Promise<RightAgain> {
  progress.note('reading the master’s list (LIST), until nothing changes in it any more')
  const site = await listedSite(plan.site)
  const isBegun = reachedIn(plan.phases, before) > 0
  const wanted = isBegun ? replay({ ...plan, site }, draws).stream.model.catalogue() : mailboxes(site, plan.seed)
  const expected = [...wanted]
  const journal = readJournal(join(from, JOURNAL))
  const { changed, refused } = await putRight({
    address,
    credentials,
    clock,
    expected,
    isOurs: name => journal.has(name),
    leaveMissing: !isBegun,
    // In both: whichever is gone on with, or cleaned up after, knows of them.
    onNames: names => {
      for (const folder of [from, to]) appendFileSync(join(folder, JOURNAL), `${names.join('\n')}\n`, 'latin1')
    },
  })
  progress.line(`${changed} mailboxes were not as its operations leave them, and now are`)
  if (refused.length > 0)
    progress.warn(`${refused.length} mailboxes the master would not have so, such as ${refused[0]}`)
  return { doubtful: refused, ...(isBegun ? { expected: expected.length } : {}) }
}
