import { copyFileSync, existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { HarnessError } from '../core/errors.js'
import type { Clock } from '../core/clock.js'
import { putRight } from '../drivers/put-right.js'
import { lastPhase, type PhaseDraws, readDraws, replay } from '../engine/draws.js'
import { listedSite } from '../engine/listed-site.js'
import type { Plan, PlanPhase } from '../engine/plan.js'
import { mailboxes } from '../generators/mailboxes.js'
import type { Master } from '../masters/master.js'
import { loadProfile, type Profile } from '../profile/load.js'
import { DRAWS, JOURNAL } from '../report/run-folder.js'
import type { MasterChoice } from './choose-master.js'
import { readJournal } from './journal.js'
import type { Progress } from './progress.js'
import { readRun } from './read-run.js'

/** A run that was broken off on a master that is still there, and is gone on with. */
export interface Resumption {
  readonly from: string
  /** Of the run: its mailboxes bear it. */
  readonly id: string
  readonly profile: Profile
  readonly draws: readonly PhaseDraws[]
}

/**
 * @param folder results/<profile>/<time>-<id>
 * @returns undefined where the run's master ended with it, so that there is nothing to go on with; with the profile to begin anew
 * @throws {HarnessError} `RESULTS` where no run lies there, `USAGE` where it has ended, or was on another master
 */
export async function readResumption(
  folder: string,
  choice: MasterChoice,
): Promise<{ readonly profile: Profile; readonly resumes?: Resumption }> {
  const { id, state, startedAt, master, profile: named } = readRun(folder)
  if (state === 'ended')
    throw new HarnessError(
      'USAGE',
      `the rehearsal in ${folder} has come to its end`,
      'begin a new one, without --resume',
    )
  const profile = { ...loadProfile(join(folder, 'profile.yaml')), name: named.name }
  const isRemote = choice.kind === 'remote'
  const address = isRemote ? `${choice.address.host}:${choice.address.port}` : undefined
  if (isRemote !== (master.kind === 'remote') || (isRemote && address !== master.address))
    throw new HarnessError(
      'USAGE',
      `that was on ${master.kind === 'remote' ? master.address : `a ${master.kind} master of its own`}`,
      master.kind === 'remote' ? `give it: --master mupdate://user@${master.address}` : `give --master ${master.kind}`,
    )
  if (!isRemote) return { profile }
  const path = join(folder, DRAWS)
  if (!existsSync(path))
    throw new HarnessError('USAGE', `no rehearsal in ${folder}: there is no ${DRAWS}`, 'give the folder of one')
  // Its folder would have the same name.
  if (Date.now() < Date.parse(startedAt) + 1000) await setTimeout(1000)
  return { profile, resumes: { from: resolve(folder), id, profile, draws: readDraws(path) } }
}

/** The plan, without what is over. */
export function planFrom(plan: Plan, { draws }: Resumption): Plan {
  const reached = reachedIn(plan.phases, draws)
  const { phases } = plan
  // Frontends have to come anew, as when it began.
  const arrival = phases.slice(0, reached).findLastIndex(({ until }) => until === 'streaming')
  const over = phases.slice(0, reached).flatMap((_, index) => (index === arrival ? [] : [index]))
  return { ...plan, over }
}

/** The phase in which it was broken off; 0 where its mailboxes were not all there, and it begins anew. */
function reachedIn(phases: readonly PlanPhase[], draws: readonly PhaseDraws[]): number {
  const last = lastPhase(draws)
  return phases.slice(0, last).some(({ until }) => until === 'preloaded') ? last : 0
}

/** What the run before noted is noted in this one's folder too: it may be broken off as well. */
export function copyNotes(plan: Plan, { from, draws }: Resumption, to: string): void {
  for (const note of reachedIn(plan.phases, draws) === 0 ? [JOURNAL] : [JOURNAL, DRAWS])
    if (existsSync(join(from, note))) copyFileSync(join(from, note), join(to, note))
}

/**
 * What was under way may have been done or not, and what was drawn may never have been sent: then it is done now.
 *
 * @returns mailboxes that the master would not have as they should be
 */
export async function putRightFor(
  { from, draws }: Resumption,
  plan: Plan,
  { address, credentials }: Master,
  clock: Clock,
  progress: Progress,
): Promise<readonly string[]> {
  progress.note('reading the master’s list (LIST), to see how far the run came')
  const site = await listedSite(plan.site)
  const isBegun = reachedIn(plan.phases, draws) > 0
  const expected = isBegun ? replay({ ...plan, site }, draws).stream.model.catalogue() : mailboxes(site, plan.seed)
  const journal = readJournal(join(from, JOURNAL))
  const { changed, refused } = await putRight({
    address,
    credentials,
    clock,
    expected,
    isOurs: name => journal.has(name),
    leaveMissing: !isBegun,
  })
  progress.line(`${changed} mailboxes were not as its operations leave them, and now are`)
  if (refused.length > 0)
    progress.warn(`${refused.length} mailboxes the master would not have so, such as ${refused[0]}`)
  return refused
}
