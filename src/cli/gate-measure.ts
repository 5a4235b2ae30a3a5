import { join, relative } from 'node:path'
import { messageOf } from '../core/errors.js'
import { EXIT, exitStatusOf } from '../core/exit-status.js'
import type { GateResult } from '../metrics/gate-result.js'
import type { RunResult } from '../metrics/run-result.js'
import { isDamaged } from '../verdict/damage.js'
import type { GateSide } from './gate-side.js'
import type { Permissions } from './permission.js'
import { Progress } from './progress.js'
import { runProfile } from './run-profile.js'

export type SideName = 'a' | 'b'

/** A run of one side. */
export interface MeasuredRun {
  readonly result: RunResult
  readonly folder: string
}

/** Runs as far as they came, those of one pair in the same place of both. */
export interface Measured {
  readonly a: readonly MeasuredRun[]
  readonly b: readonly MeasuredRun[]
  readonly discarded: GateResult['discarded']
  readonly interrupted: boolean
  /** More pairs than may be measured again were worth nothing. */
  readonly invalid: boolean
  /** A run that came to nothing: its master did not start, or nobody could log in. */
  readonly failure?: { readonly side: SideName; readonly message: string }
}

export interface MeasureOptions extends Permissions {
  readonly sides: Readonly<Partial<Record<SideName, GateSide>>>
  readonly pairs: number
  readonly folder: string
  readonly progress: Progress
  readonly keep: boolean
  /** Called once after the first pair. @throws what ends the gate */
  readonly onFirst: (first: Readonly<Partial<Record<SideName, MeasuredRun>>>) => void
}

/** Of the pairs asked for, as many may be measured again. */
const MOST_AGAIN = 0.5

/**
 * Measures both sides in turn, ABBA, so that what drifts meets both alike; one side alone where the other is stored. A
 * pair in which the harness was the limit is measured again. That is told from the harness's own figures, not from what
 * was measured, so it chooses no results.
 */
export async function measurePairs(options: MeasureOptions): Promise<Measured> {
  const { sides, pairs, progress, onFirst } = options
  const kept: Record<SideName, MeasuredRun[]> = { a: [], b: [] }
  const discarded: GateResult['discarded'] = []
  const mayAgain = Math.ceil(pairs * MOST_AGAIN)
  for (let pair = 0, tried = 0; pair < pairs; tried++) {
    const order = (tried % 2 === 0 ? (['a', 'b'] as const) : (['b', 'a'] as const)).filter(side => sides[side])
    const runs: Partial<Record<SideName, MeasuredRun>> = {}
    for (const side of order) {
      progress.note(`pair ${pair + 1} of ${pairs}, ${side.toUpperCase()}: ${sides[side]!.label}`)
      const run = await measure(options, side)
      if (run === 'interrupted') return { ...kept, discarded, interrupted: true, invalid: false }
      if (typeof run === 'string')
        return { ...kept, discarded, interrupted: false, invalid: false, failure: { side, message: run } }
      runs[side] = run
    }
    const invalid = order.filter(side => isWorthless(runs[side]!.result))
    if (invalid.length > 0) {
      for (const side of invalid) {
        const { result, folder } = runs[side]!
        progress.line(`pair ${pair + 1}: ${side.toUpperCase()} is invalid: ${result.verdict.reasons.join('; ')}`)
        discarded.push({ pair: pair + 1, side, run: relative(options.folder, folder), reasons: result.verdict.reasons })
      }
      if (tried - pair >= mayAgain) return { ...kept, discarded, interrupted: false, invalid: true }
      continue
    }
    for (const side of order) kept[side].push(runs[side]!)
    if (pair === 0) onFirst(runs)
    pair++
    progress.line(`pair ${pair} of ${pairs} measured`)
  }
  return { ...kept, discarded, interrupted: false, invalid: false }
}

/** The harness was the limit; a master that broke down is a finding, whatever else was wrong. */
function isWorthless(result: RunResult): boolean {
  return result.verdict.result === 'invalid' && !isDamaged(result)
}

/** @returns `interrupted`, or why there is no run */
async function measure(options: MeasureOptions, side: SideName): Promise<MeasuredRun | string> {
  const { folder, sides, ...permissions } = options
  const { choice, profile, passwordFile } = sides[side]!
  try {
    const {
      result,
      folder: runFolder,
      status,
    } = await runProfile({
      ...permissions,
      profile,
      master: choice,
      out: join(folder, side),
      // Its own view would be drawn twenty times over.
      progress: new Progress(process.stderr, true),
      ...(passwordFile === undefined ? {} : { passwordFile }),
    })
    return status === EXIT.interrupted ? 'interrupted' : { result, folder: runFolder }
  } catch (error) {
    if (exitStatusOf(error) !== EXIT.master) throw error
    return messageOf(error)
  }
}
