import { join } from 'node:path'
import { HarnessError, isHarnessError } from '../core/errors.js'
import { formatDurationUs } from '../core/units.js'
import type { CapacityJournalLine, CapacityResult } from '../metrics/capacity-result.js'
import { outcomeSentence } from '../report/capacity/sentences.js'
import { writeReportFile } from '../report/write-report.js'
import { type CampaignOptions, type CampaignStep, nextOfCampaign } from '../verdict/capacity/campaign.js'
import { durationOf } from '../verdict/capacity/evidence.js'
import { CAPACITY_FILE, type CapacityPlan, changePlan, noteTrial, resumeText } from './capacity-folder.js'
import { type CapacityMaster, makeTrial } from './capacity-trial.js'
import { searchOptionsOf, type VariedProfile, type WantedTrial } from './capacity-vary.js'
import type { Progress } from './progress.js'

export interface SearchSetup {
  readonly plan: CapacityPlan
  readonly folder: string
  readonly varied: VariedProfile
  readonly master: CapacityMaster
  readonly progress: Progress
  readonly signal: AbortSignal
  /** What the trials so far come to. @param lostMs what a trial took that was cut off */
  readonly resultOf: (
    lines: readonly CapacityJournalLine[],
    end: CampaignEnd,
    isOver: boolean,
    lostMs: number,
  ) => CapacityResult
}

export type CampaignEnd = Extract<CampaignStep, { kind: 'end' }>

/** The budget may be overdrawn by so much. */
const OVERDRAFT = 1.1
/** Where trials are. */
const TRIALS = 'trials'

export function campaignOptionsOf({ axes, budgetMs, from, to }: CapacityPlan, varied: VariedProfile): CampaignOptions {
  const [axis, other] = axes
  const first = searchOptionsOf(varied.variations[0]!, axis!, budgetMs, { from, to })
  if (other === undefined) return { first }
  // How many may restart is a matter of how many there are, and so on.
  const second = (at: number) => {
    const variation = varied.secondAt(at)
    return variation && searchOptionsOf(variation, other, budgetMs, { from: null, to: null })
  }
  return { first, second }
}

/**
 * Trial after trial, each noted when it has ended, until the search knows enough or its time is up.
 *
 * @throws {HarnessError} where a trial could not be made: with the way to go on
 */
export async function searchCapacity(
  setup: SearchSetup,
  before: readonly CapacityJournalLine[],
): Promise<CapacityResult> {
  const { plan, folder, varied, signal, resultOf } = setup
  const options = campaignOptionsOf(plan, varied)
  const lines = [...before]
  for (;;) {
    const trials = lines.map(({ trial }) => trial)
    const step = nextOfCampaign(options, trials)
    if (step.kind === 'end') return resultOf(lines, step, true, plan.lostMs)
    const spentMs = durationOf(trials) + plan.lostMs
    const line = signal.aborted ? undefined : await tryNext(setup, lines, step, spentMs)
    if (line === undefined) {
      const lostMs = plan.lostMs + (signal.aborted ? 0 : Math.max(0, plan.budgetMs * OVERDRAFT - spentMs))
      if (lostMs > plan.lostMs) changePlan(folder, { ...plan, lostMs })
      return resultOf(lines, endNow(options, lines), !signal.aborted, lostMs)
    }
    lines.push(line)
    noteTrial(folder, line)
    writeResult(folder, resultOf(lines, endNow(options, lines), false, plan.lostMs))
  }
}

async function tryNext(
  { plan, folder, varied, master, progress, signal }: SearchSetup,
  lines: readonly CapacityJournalLine[],
  { at, value, length }: Extract<CampaignStep, { kind: 'trial' }>,
  spentMs: number,
): Promise<CapacityJournalLine | undefined> {
  const same = lines.filter(({ trial }) => trial.at === at && trial.value === value)
  const wanted: WantedTrial = { at, value, length, repeat: same.length }
  const axis = plan.axes[at === null ? 0 : 1]!
  const time = (ms: number) => formatDurationUs(ms * 1e3)
  const where = at === null ? '' : `${plan.axes[0]} ${at}, `
  progress.note(
    `trial ${lines.length + 1}, ${time(spentMs)} of ${time(plan.budgetMs)}: ${where}${axis} ${value}, ${length}`,
  )
  const limitMs = plan.budgetMs * OVERDRAFT - spentMs
  const options = { master, axis, wanted, varied: varied.trial(wanted), folder, limitMs, signal, progress }
  const line = await makeTrial({ ...options, out: join(folder, TRIALS) }).catch((error: unknown) => {
    throw lines.length > 0 && isHarnessError(error)
      ? goingOn(error, lines.length, resumeText(folder, plan), folder)
      : error
  })
  if (line !== undefined) progress.line(`${where}${outcomeSentence(line.trial)}`)
  return line
}

/** A search that broke off has lost nothing but that trial. */
function goingOn(error: HarnessError, trials: number, resume: string, folder: string): HarnessError {
  const { code, message, hint } = error
  const kept = `what ${trials === 1 ? 'one trial' : `${trials} trials`} found is in ${join(folder, CAPACITY_FILE)}; go on with ${resume}`
  return new HarnessError(code, message, hint === '' ? kept : `${hint}; ${kept}`, { cause: error.cause })
}

/** What is known without another trial: there is no time for one. */
function endNow({ first, second }: CampaignOptions, lines: readonly CapacityJournalLine[]): CampaignEnd {
  // Each search along the second axis has its part of the first one's budget.
  const options = { first: { ...first, budgetMs: 0 }, ...(second === undefined ? {} : { second }) }
  const step = nextOfCampaign(
    options,
    lines.map(({ trial }) => trial),
  )
  if (step.kind === 'trial')
    throw new HarnessError('INTERNAL', 'a search without time wants another trial', 'report this')
  return step
}

export function writeResult(folder: string, result: CapacityResult): void {
  writeReportFile(join(folder, CAPACITY_FILE), `${JSON.stringify(result, null, 2)}\n`)
}
