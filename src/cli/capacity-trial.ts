import { relative } from 'node:path'
import { EXIT, exitStatusOf } from '../core/exit-status.js'
import { messageOf } from '../core/errors.js'
import type { Calibration } from '../masters/model/calibration.js'
import type { CapacityJournalLine } from '../metrics/capacity-result.js'
import type { RunResult } from '../metrics/run-result.js'
import { outcomeOf } from '../verdict/capacity/outcome.js'
import type { CapacityAxis } from '../metrics/capacity-result.js'
import type { VariedTrial, WantedTrial } from './capacity-vary.js'
import type { MasterChoice } from './choose-master.js'
import type { FindElsewhere } from './elsewhere.js'
import type { Permissions } from './permission.js'
import { Progress } from './progress.js'
import { runProfile } from './run-profile.js'
import { simulateProfile } from './simulate-profile.js'

/** What trials are made on. */
export type CapacityMaster =
  | { readonly kind: 'simulated'; readonly calibration: Calibration }
  | ({ readonly kind: 'real'; readonly choice: MasterChoice; readonly findElsewhere: FindElsewhere } & Permissions)

export interface TrialOptions {
  readonly master: CapacityMaster
  readonly axis: CapacityAxis
  readonly wanted: WantedTrial
  readonly varied: VariedTrial
  /** Folder of the search. */
  readonly folder: string
  readonly out: string
  /** Time that is left before the budget is overdrawn: beyond it the trial is cut off. */
  readonly limitMs: number
  readonly signal: AbortSignal
  readonly progress: Progress
}

/** One trial on a fresh master. @returns undefined where it was cut off: it then says nothing */
export async function makeTrial(options: TrialOptions): Promise<CapacityJournalLine | undefined> {
  const { wanted, varied, axis, folder } = options
  const made = await (options.master.kind === 'simulated'
    ? simulated(options, options.master.calibration)
    : realTwice(options, options.master))
  if (made === undefined || made.result.state !== 'ended') return undefined
  const { result, durationMs } = made
  const { at, value, length } = wanted
  const { kind, version, mailboxDatabase, settings } = result.master
  return {
    trial: {
      axis,
      at,
      value,
      length,
      seed: varied.profile.seed,
      ...outcomeOf(result, varied.objective, varied.profile.site.mailboxes),
      durationMs: Math.round(durationMs),
      run: made.folder === undefined ? null : relative(folder, made.folder),
    },
    master: { kind, version, mailboxDatabase, settings },
  }
}

interface Made {
  readonly result: RunResult
  readonly folder: string | undefined
  readonly durationMs: number
}

/** Its time is virtual, that of the budget too: so the same search comes to the same end on any machine. */
async function simulated(
  { varied, out, limitMs, signal }: TrialOptions,
  calibration: Calibration,
): Promise<Made | undefined> {
  const cut = new AbortController()
  const { result, folder } = await simulateProfile({
    profile: varied.profile,
    calibration,
    out,
    signal: AbortSignal.any([signal, cut.signal]),
    onProgress({ atNs }, { startNs }) {
      if ((atNs - startNs) / 1e6 > limitMs) cut.abort()
    },
  })
  return { result, folder, durationMs: result.durationMs }
}

/** A master that does not start may have met a busy host; one that does not start twice will not do so again. */
async function realTwice(options: TrialOptions, master: CapacityMaster & { kind: 'real' }): Promise<Made> {
  const startedMs = performance.now()
  try {
    return await real(options, master, startedMs)
  } catch (error) {
    if (exitStatusOf(error) !== EXIT.master || options.signal.aborted) throw error
    options.progress.line(`no run: ${messageOf(error)}; once more`)
    return real(options, master, startedMs)
  }
}

/** For the run to end, and its master. */
const LEAVE_MS = 5_000

async function real(
  { varied, out, limitMs, signal }: TrialOptions,
  { choice, findElsewhere, allowLoad, allowMutations }: CapacityMaster & { kind: 'real' },
  startedMs: number,
): Promise<Made> {
  const cut = new AbortController()
  const leftMs = Math.max(0, limitMs - LEAVE_MS - (performance.now() - startedMs))
  const timer = setTimeout(() => cut.abort(), leftMs)
  try {
    const elsewhere = await findElsewhere(choice)
    const { result, folder } = await runProfile({
      ...(elsewhere && { elsewhere }),
      profile: varied.profile,
      master: choice,
      out,
      keep: false,
      allowLoad,
      allowMutations,
      // Its own view would be drawn twenty times over.
      progress: new Progress(process.stderr, true),
      signal: AbortSignal.any([signal, cut.signal]),
    })
    return { result, folder, durationMs: performance.now() - startedMs }
  } finally {
    clearTimeout(timer)
  }
}
