import { renameSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { messageOf } from '../core/errors.js'
import { EXIT, exitStatusOf } from '../core/exit-status.js'
import { makeFolder } from '../core/make-folder.js'
import type { GateResult } from '../metrics/gate-result.js'
import type { RunResult } from '../metrics/run-result.js'
import { type Allowance, isDamaged } from '../verdict/damage.js'
import type { FindElsewhere } from './elsewhere.js'
import type { GateSide } from './gate-side.js'
import type { Permissions } from './permission.js'
import { Progress } from './progress.js'
import { DISCARDED } from './read-gate.js'
import { runProfile } from './run-profile.js'
import type { StoredRun } from './stored-runs.js'

export type SideName = 'a' | 'b'

/** Runs as far as they came, those of one pair in the same place of both. */
export interface Measured {
  readonly a: readonly StoredRun[]
  readonly b: readonly StoredRun[]
  readonly discarded: GateResult['discarded']
  /** Of the discarded ones, those that broke something: that counts, their figures do not. */
  readonly apart: { readonly a: readonly RunResult[]; readonly b: readonly RunResult[] }
  /** Tries that came to no run. */
  readonly failedStarts: Readonly<Record<SideName, number>>
  /** Why there are no more; undefined while there will be, and when all pairs are there. */
  readonly end?:
    | { readonly kind: 'interrupted' }
    /** More pairs than may be measured again were worth nothing. */
    | { readonly kind: 'invalid' }
    /** A run that came to nothing, twice: its master did not start, or nobody could log in. */
    | { readonly kind: 'failure'; readonly side: SideName; readonly message: string }
}

export interface MeasureOptions extends Permissions {
  readonly sides: Readonly<Partial<Record<SideName, GateSide>>>
  readonly pairs: number
  readonly folder: string
  readonly allowance: Allowance
  readonly progress: Progress
  readonly signal: AbortSignal
  readonly findElsewhere: FindElsewhere
  /** Called after each pair: what is measured is kept, however this ends. @throws what ends the gate */
  readonly onPair: (measured: Measured) => void
}

/** Of the pairs asked for, as many may be measured again. */
const MOST_AGAIN = 0.5

/**
 * Measures both sides in turn, ABBA, so that what drifts meets both alike; one side alone where the other is stored. A
 * pair in which the harness was the limit is measured again. That is told from the harness's own figures, not from what
 * was measured, so it chooses no results.
 */
export async function measurePairs(options: MeasureOptions): Promise<Measured> {
  const { sides, pairs, folder, progress, allowance, onPair } = options
  const measured = { a: [] as StoredRun[], b: [] as StoredRun[], discarded: [] as GateResult['discarded'] }
  const apart = { a: [] as RunResult[], b: [] as RunResult[] }
  const failedStarts = { a: 0, b: 0 }
  const mayAgain = Math.ceil(pairs * MOST_AGAIN)
  for (let pair = 0, tried = 0; pair < pairs; tried++) {
    // A pair that is measured again keeps its order: as many begin with A as with B.
    const order = (pair % 2 === 0 ? (['a', 'b'] as const) : (['b', 'a'] as const)).filter(side => sides[side])
    const runs: Partial<Record<SideName, StoredRun>> = {}
    for (const side of order) {
      progress.note(`pair ${pair + 1} of ${pairs}, ${side.toUpperCase()}: ${sides[side]!.label}`)
      const run = await measureTwice(options, side, () => failedStarts[side]++)
      if ('kind' in run) return { ...measured, apart, failedStarts, end: run }
      runs[side] = run
    }
    const invalid = order.filter(side => isWorthless(runs[side]!.result, allowance))
    if (invalid.length === 0) {
      for (const side of order) measured[side].push(runs[side]!)
      pair++
      onPair({ ...measured, apart, failedStarts })
      progress.line(`pair ${pair} of ${pairs} measured`)
      continue
    }
    for (const side of order) {
      const { result, folder: from } = runs[side]!
      const to = moveAway(folder, side, from)
      if (isDamaged(result, allowance)) apart[side].push(result)
      if (!invalid.includes(side)) continue
      const { reasons } = result.verdict
      progress.line(`pair ${pair + 1}: ${side.toUpperCase()} is invalid: ${reasons.join('; ')}`)
      measured.discarded.push({ pair: pair + 1, side, run: relative(folder, to), reasons })
    }
    if (tried - pair >= mayAgain) return { ...measured, apart, failedStarts, end: { kind: 'invalid' } }
  }
  return { ...measured, apart, failedStarts }
}

/** The harness was the limit; a master that broke down is a finding, whatever else was wrong. */
function isWorthless(result: RunResult, allowance: Allowance): boolean {
  return result.verdict.result === 'invalid' && !isDamaged(result, allowance)
}

/** So that a side's folder holds what was judged, and nothing else. */
function moveAway(folder: string, side: SideName, from: string): string {
  const to = join(folder, DISCARDED, `${side}-${basename(from)}`)
  makeFolder(join(folder, DISCARDED))
  renameSync(from, to)
  return to
}

type End = NonNullable<Measured['end']>

/** A master that does not start may have met a busy host; one that does not start twice is a finding. */
async function measureTwice(options: MeasureOptions, side: SideName, onFailure: () => void): Promise<StoredRun | End> {
  const first = await measure(options, side)
  if (!('kind' in first) || first.kind !== 'failure') return first
  onFailure()
  options.progress.line(`${side.toUpperCase()}: no run: ${first.message}; once more`)
  const second = await measure(options, side)
  if ('kind' in second && second.kind === 'failure') onFailure()
  return second
}

async function measure(options: MeasureOptions, side: SideName): Promise<StoredRun | End> {
  const { folder, sides, signal, findElsewhere, allowLoad, allowMutations } = options
  const { choice, profile } = sides[side]!
  if (signal.aborted) return { kind: 'interrupted' }
  try {
    const elsewhere = await findElsewhere(choice)
    if (signal.aborted) return { kind: 'interrupted' }
    const {
      result,
      folder: runFolder,
      status,
    } = await runProfile({
      ...(elsewhere && { elsewhere }),
      allowLoad,
      allowMutations,
      keep: false,
      profile,
      master: choice,
      out: join(folder, side),
      // Its own view would be drawn twenty times over.
      progress: new Progress(process.stderr, true),
    })
    return status === EXIT.interrupted ? { kind: 'interrupted' } : { result, folder: runFolder }
  } catch (error) {
    if (exitStatusOf(error) !== EXIT.master) throw error
    return { kind: 'failure', side, message: messageOf(error) }
  }
}
