import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import type { Clock } from '../core/clock.js'
import { monotonicClock, monotonicOriginS } from '../core/clock.js'
import { HarnessError, messageOf } from '../core/errors.js'
import { EXIT, type ExitStatus, gravest } from '../core/exit-status.js'
import { cleanUp, markerOf } from '../drivers/cleanup.js'
import { countMailboxes, isEmpty } from '../drivers/count.js'
import type { NatsConnection } from '@nats-io/transport-node'
import { AgentCrew, type AgentCrewOptions, dealt } from '../agents/agent-crew.js'
import { ProbeLink } from '../agents/probe-link.js'
import type { ProbeHello } from '../agents/probe-protocol.js'
import type { Hello } from '../agents/protocol.js'
import { packageVersion } from '../core/package-root.js'
import type { CrewListener } from '../engine/crew.js'
import { Fleet } from '../engine/fleet.js'
import { mostSlaves, type Plan, type RunNotes, shardsOf } from '../engine/plan.js'
import { Run, type RunObserver } from '../engine/run.js'
import { bootId } from '../samplers/host.js'
import { Live, type LiveOptions } from '../live/live.js'
import type { RunFacts } from '../report/page/live-facts.js'
import type { Master } from '../masters/master.js'
import { loadHistograms } from '../metrics/latency.js'
import type { RunResult } from '../metrics/run-result.js'
import type { Profile } from '../profile/load.js'
import { planOf } from '../profile/plan.js'
import { DRAWS, JOURNAL, OWN_SPOOL, RunFolder } from '../report/run-folder.js'
import { eventJson, isInterruptedByUser, runJson, type RunIdentity } from '../report/run-json.js'
import { secondLine, slaveLines } from '../report/series.js'
import { createMaster, type MasterChoice } from './choose-master.js'
import { cleanupLine } from './cleanup-line.js'
import { readJournal } from './journal.js'
import { printedLink } from './live-link.js'
import { checkHttpTarget, checkPermissions, type Permissions } from './permission.js'
import { finalResult, VERDICT_STATUS } from './final-result.js'
import { folderOf, newIdentity } from './identity.js'
import type { Progress } from './progress.js'
import { copyNotes, planFrom, putRightFor, type Resumption } from './resumption.js'
import { onInterrupt } from './signals.js'
import { beginTrace } from './run-trace.js'
import { checkDump } from './site-sets.js'
import { tlsDanger } from './tls-danger.js'
import { whyAway } from './why-away.js'

export interface RunProfileOptions extends Permissions {
  readonly profile: Profile
  readonly master: MasterChoice
  readonly out: string
  readonly passwordFile?: string
  /** A remote master with mailboxes is refused, whatever is put there. */
  readonly mustBeEmpty?: boolean
  /** On a remote master: notes what it takes to go on with it, should it be killed. */
  readonly isResumable?: boolean
  /** A run that this one goes on with. */
  readonly resumes?: Resumption | undefined
  /** Leave the run's mailboxes on a remote master. */
  readonly keep: boolean
  readonly progress: Progress
  /** Where its dashboard is served; undefined: nowhere. */
  readonly live?: LiveOptions
  /** A file in which all connections are traced. */
  readonly trace?: string
  /** Threads of load here, at most; if absent one for each 50 slaves, and no more than all CPUs but one; beside agents one. */
  readonly workers?: number
  /** Those on other machines who take part in it. */
  readonly elsewhere?: Elsewhere
  /** Ends it as Ctrl-C does. */
  readonly signal?: AbortSignal
}

export interface RunProfileOutcome {
  readonly result: RunResult
  readonly folder: string
  readonly status: ExitStatus
}

/** The main job: a master, a run, its results; and all that time its dashboard, if one is wanted. */
export async function runProfile(options: RunProfileOptions): Promise<RunProfileOutcome> {
  if (options.live === undefined) return runAlone(options)
  const live = await Live.open(options.live)
  try {
    options.progress.warn(`live: ${printedLink(live.url, options.live)}`)
    return await runAlone(options, live)
  } catch (error) {
    live.feed.fail(messageOf(error))
    throw error
  } finally {
    await live.close()
  }
}

async function runAlone(options: RunProfileOptions, live?: Live): Promise<RunProfileOutcome> {
  const { profile, progress } = options
  const originS = monotonicOriginS()
  const clock = monotonicClock(originS)
  await loadHistograms()
  const { resumes } = options
  const identity = { ...newIdentity(profile), ...(resumes && { id: resumes.id, resumes: resumes.from }) }
  const marker = options.master.kind === 'remote' ? markerOf(identity.id) : ''
  const whole = planOf(profile, marker)
  const plan = resumes === undefined ? whole : planFrom(whole, resumes)
  checkHttpTarget(plan, options)
  const agents = options.elsewhere?.agents
  const here = threadsHere(plan, options)
  const room = agents?.reduce((sum, { capacity }) => sum + capacity, 0) ?? 0
  // What is drawn is noted by one thread, to be gone on with.
  const shards = shardsOf(plan, here + room, options.isResumable === true ? 1 : here)
  const forAgents = shards.filter(({ share }) => share.index >= here)
  if (agents !== undefined && forAgents.length === 0)
    throw new HarnessError(
      'USAGE',
      '--agents: the profile has no slaves to deal out',
      here > 1 ? 'leave it out, or --workers' : 'leave it out',
    )
  const parts = dealt(forAgents, agents ?? [])
  const idle = parts.filter(part => part.length === 0).length
  if (idle > 0) progress.line(`${idle} of the agents have no part: there are not as many slaves`)
  await checkDump(plan.site, resumes !== undefined)
  if (options.master.kind === 'remote') {
    for (const line of checkPermissions(plan, options.master.address, options)) progress.warn(`will ${line}`)
  }
  const master = await createMaster(options.master, profile, clock, options.passwordFile)
  const trace = options.trace === undefined ? undefined : beginTrace(options.trace, options.master, clock, progress)
  const path = folderOf(options.out, identity)
  const folder = new RunFolder(path, identity.startedAt, profile.yaml)
  // Another's that was empty holds nothing but what this run has put there.
  const mayList = options.master.kind !== 'remote' || options.mustBeEmpty === true || plan.site.dump !== undefined
  const journalPath = options.master.kind === 'remote' ? join(path, JOURNAL) : undefined
  const drawsPath = journalPath !== undefined && options.isResumable === true ? join(path, DRAWS) : undefined
  const notes: { -readonly [name in keyof RunNotes]: RunNotes[name] } = {
    ...(journalPath && { journalPath }),
    ...(drawsPath && { drawsPath }),
    ...(trace && { trace: { path: trace.path, startNs: trace.startNs } }),
  }
  if (resumes !== undefined) copyNotes(plan, resumes, path)
  else if (drawsPath !== undefined) writeFileSync(drawsPath, '')
  const writer: RunObserver = {
    onEvent(event) {
      const line = eventJson(run, event)
      folder.addEvents([line])
      progress.event(event)
      live?.feed.event(line)
    },
    onInterval(interval, phases) {
      progress.moves(interval.moves)
      // A worker's first interval begins with the worker; nothing in it is of before the run.
      const startS = Math.max(0, (interval.fromNs - run.startNs) / 1e9)
      const lengthS = (interval.toNs - run.startNs) / 1e9 - startS
      for (const delta of interval.metrics)
        folder.addDelta(phases[delta.phase]?.plan.name ?? '?', delta, startS, lengthS)
      const moves = slaveLines(run, interval.moves)
      folder.addSlaveMoves(moves)
      live?.feed.moves(interval.moves, moves)
    },
    onSecond(second) {
      const line = secondLine(run, second)
      const result = runJson(identity, run, master, clock.nowNs())
      folder.addSecond(line)
      folder.writeRun(result)
      live?.feed.second(line, result)
      if (run.endNs === undefined) progress.second(second, run.slaveCount)
    },
    onPhase(phase, index) {
      // What is over is known to be, should the run be killed.
      if (notes.drawsPath !== undefined) folder.writeRun(runJson(identity, run, master, clock.nowNs()))
      progress.phase(phase, index, plan.phases.length)
      live?.feed.phase(index, (phase.startNs - run.startNs) / 1e6)
    },
  }
  const run = new Run({
    plan,
    master,
    clock,
    originS,
    observer: writer,
    mayList,
    notes,
    shards,
    onAgentLoss: options.elsewhere?.onAgentLoss ?? 'stop',
    crew: listener =>
      options.elsewhere?.agents === undefined
        ? new Fleet(listener)
        : agentCrew(options, parts, identity.id, path, listener),
    probe: probeLink(options, clock, originS),
  })
  folder.onFailure = error => {
    progress.warn(error.message)
    run.interrupt()
  }
  let isOver = false
  const interrupt = () => {
    progress.line(
      isOver
        ? 'the run is over already: Ctrl-C again leaves at once'
        : 'interrupted: stopping, results follow (Ctrl-C again to leave at once)',
    )
    run.interrupt()
  }
  if (live !== undefined) live.onStop = interrupt
  const release = listenForInterrupt(interrupt, run, master, plan, progress, journalPath)
  const onAbort = () => run.interrupt()
  options.signal?.addEventListener('abort', onAbort)
  if (options.signal?.aborted === true) onAbort()
  try {
    progress.line(`starting the ${master.kind} master`)
    await start(master, folder, async () => {
      if (resumes !== undefined) Object.assign(notes, await putRightFor(resumes, plan, master, clock, path, progress))
      else if (options.mustBeEmpty === true || plan.site.dump !== undefined) await requireEmpty(master, clock)
    })
    const danger = tlsDanger(master.describe())
    if (danger !== undefined) progress.warn(danger)
    progress.begin(profile.name)
    live?.feed.begin(runFacts(identity, plan, master))
    // From here on a run that is killed can be shown, and cleaned up after.
    folder.writeRun(runJson(identity, run, master, clock.nowNs()))
    await execute(run, folder)
    const isInterrupted = isInterruptedByUser(run)
    const lost = isInterrupted ? undefined : await masterLoss(run, master, clock)
    if (mayList && !isInterrupted && lost === undefined) await countListed(run, master, clock, plan, progress)
    const result = finalResult(identity, run, master, profile, lost, resumes?.before)
    const status = statusOf(result, run, lost)
    isOver = true
    folder.writeRun(result)
    if (journalPath !== undefined && !options.keep) await removeLeftovers(journalPath, master, clock, plan, progress)
    if (folder.failure !== undefined) throw folder.failure
    live?.feed.end(result)
    return { result, folder: path, status }
  } finally {
    progress.clear()
    await master.stop()
    await trace?.end()
    folder.close()
    release()
    options.signal?.removeEventListener('abort', onAbort)
  }
}

function runFacts({ id, profile, startedAt }: RunIdentity, { phases, slaves }: Plan, master: Master): RunFacts {
  return {
    id,
    profile,
    startedAt: startedAt.toISOString(),
    master: { kind: master.kind, version: master.describe().version },
    slaveCount: slaves.count,
    phases: phases.map(({ name, durationNs, limitNs }) => ({
      name,
      lengthMs: (durationNs ?? limitNs) / 1e6,
      isLimit: durationNs === undefined,
    })),
  }
}

/** Who was to carry it out may refuse. */
async function execute(run: Run, folder: RunFolder): Promise<void> {
  try {
    await run.execute()
  } catch (error) {
    if (run.begunNs === undefined) folder.remove()
    throw error
  }
}

/** A folder without a run is of no use to anybody: what went wrong is in the error. */
async function start(master: Master, folder: RunFolder, prepareRemote: () => Promise<void>): Promise<void> {
  try {
    await master.start()
    if (master.kind === 'remote') await prepareRemote()
  } catch (error) {
    folder.remove()
    throw error
  }
}

/**
 * Names of a dump have no marker of this run's: where there are mailboxes already, some could be the same, and would be
 * changed, and deleted afterwards.
 *
 * @throws {HarnessError} `USAGE`
 */
async function requireEmpty({ address, credentials }: Master, clock: Clock): Promise<void> {
  if (await isEmpty(address, credentials, clock)) return
  throw new HarnessError(
    'USAGE',
    `${address.host}:${address.port} holds mailboxes: a dump, or a rehearsal, needs an empty master`,
    'empty it, or take another; --master cyrus starts one of its own',
  )
}

function statusOf(result: RunResult, run: Run, lost: string | undefined): ExitStatus {
  const statuses: ExitStatus[] = [VERDICT_STATUS[result.verdict.result]]
  if (isInterruptedByUser(run)) statuses.push(EXIT.interrupted)
  if (run.isBroken) statuses.push(EXIT.internal)
  if (lost !== undefined) statuses.push(EXIT.master)
  return gravest(statuses)
}

/** A master that was lost and came back is an event; one that is gone at the end is a failure of its own. */
async function masterLoss(run: Run, master: Master, clock: Clock): Promise<string | undefined> {
  if (run.masterFault !== undefined) return `the master cannot be measured: ${run.masterFault}`
  const why = await whyAway(master, clock)
  return why && `the master was lost and did not come back: ${run.masterDeath ?? why}`
}

async function removeLeftovers(
  journal: string,
  master: Master,
  clock: Clock,
  { site }: Plan,
  progress: Progress,
): Promise<void> {
  try {
    const { address, credentials } = master
    const { checked, deleted } = await cleanUp(address, credentials, clock, readJournal(journal), ({ checked }) =>
      progress.note(`removing this run’s mailboxes: ${checked} checked`),
    )
    progress.line(`removed this run’s mailboxes: ${deleted} of ${checked} names were there`)
  } catch (error) {
    progress.warn(
      `this run’s mailboxes are still on the master: ${messageOf(error)}; try: ${cleanupLine(dirname(journal), master, site.dump !== undefined)}`,
    )
  }
}

/** A LIST of our own, to see that what was created is there. */
async function countListed(
  run: Run,
  master: Master,
  clock: Clock,
  { phases }: Plan,
  progress: Progress,
): Promise<void> {
  // Slaves that were followed were compared with a list already.
  const last = run.comparisons.at(-1)
  if (last?.phase === run.phases.at(-1)?.plan.name) run.mailboxesListed = last?.convergence?.listed
  // What a step has done is seen by where mailboxes are.
  if (run.mailboxesListed !== undefined && phases.every(({ step }) => step === undefined)) return
  progress.note('counting the master’s mailboxes (LIST)')
  try {
    const { all, byServer } = await countMailboxes(master.address, master.credentials, clock)
    run.mailboxesListed = all
    run.serversListed = byServer
  } catch (error) {
    progress.warn(`the master’s mailboxes could not be counted: ${messageOf(error)}`)
  }
}

/** Ctrl-C once: stop, drain, report; twice: now. */
function listenForInterrupt(
  interrupt: () => void,
  run: Run,
  master: Master,
  { site }: Plan,
  progress: Progress,
  journal: string | undefined,
): () => void {
  return onInterrupt(interrupt, () => {
    if (journal !== undefined)
      progress.warn(`its mailboxes stay: ${cleanupLine(dirname(journal), master, site.dump !== undefined)}`)
    return Promise.allSettled([run.kill(), master.stop()])
  })
}

/** Those on other machines who take part in a run. */
export interface Elsewhere {
  readonly nats: NatsConnection
  /** Undefined where all slaves stay here. */
  readonly agents: readonly Hello[] | undefined
  readonly onAgentLoss: 'stop' | 'continue'
  /** Undefined where nobody watches the master's process. */
  readonly probe: ProbeHello | undefined
}

function agentCrew(
  { elsewhere, master }: RunProfileOptions,
  parts: AgentCrewOptions['parts'],
  run: string,
  folder: string,
  listener: CrewListener,
): AgentCrew {
  const { nats, agents } = elsewhere!
  const ownPassword = master.kind === 'remote'
  const spoolPath = join(folder, OWN_SPOOL)
  const options = { run, parts, version: packageVersion(), agents: agents!, ownPassword, bootId: bootId(), spoolPath }
  return new AgentCrew(nats, options, listener)
}

function probeLink({ elsewhere }: RunProfileOptions, clock: Clock, originS: number): ProbeLink | undefined {
  const probe = elsewhere?.probe
  return probe && new ProbeLink(elsewhere!.nats, { probe, bootId: bootId(), clock, originS })
}

/** Fewer need no thread of their own, each of which keeps a list of all mailboxes. */
const SLAVES_A_THREAD = 50

/** Threads of load in this process. */
function threadsHere(plan: Plan, { resumes, workers, elsewhere }: RunProfileOptions): number {
  // Who has sent all knows how far the run before has come.
  if (resumes !== undefined) return 1
  if (elsewhere?.agents !== undefined) return workers ?? 1
  const most = Math.min(availableParallelism() - 1, Math.ceil(mostSlaves(plan) / SLAVES_A_THREAD))
  return workers ?? Math.max(1, most)
}
