import type { PhaseResult, RunResult } from '../../metrics/run-result.js'

/** A step as it was planned. */
export interface PlannedStep {
  /** Of its phase. */
  readonly name: string
  /** `move 1,000 mailboxes from be1 to be2` */
  readonly what: string
  readonly mailboxesPerSecond: number
  /** Its key in the profile, such as `undo`. */
  readonly kind: string
  /** Mail is copied meanwhile, which sets its pace. */
  readonly copies?: boolean
}

/** A run of steps, and what was planned: all that its page says. */
export interface Rehearsal {
  readonly run: RunResult
  readonly steps: readonly PlannedStep[]
  /** Mailboxes of each server in the dump; null where there was none. */
  readonly before: Readonly<Record<string, number>> | null
  /** Of the whole site, before the first step. */
  readonly mailboxes: number
  /** How long the frontends took to merge a mailbox of a list, as the profile says; 0: none did. */
  readonly mergeNsPerMailbox: number
  /** Phases in which it was killed, and gone on with: their figures are those of the rest. */
  readonly brokenOff?: readonly string[]
  /** What was tried for the highest rate; absent where that was not asked for. */
  readonly rates?: Rates
}

export interface Rates {
  /** The highest that was a go; null: none. */
  readonly low: number | null
  /** The lowest that was none, by the master's own fault. */
  readonly high: number | null
  /** Why it is not known to a tenth: the budget, Ctrl-C, or what went wrong, in words; null: it is. */
  readonly cutShort: string | null
  readonly tried: readonly {
    readonly mailboxesPerSecond: number
    readonly outcome: 'held' | 'failed' | 'harness'
    readonly why: string
  }[]
}

/** A step and the phase in which it was done. */
export interface DoneStep extends PlannedStep {
  /** As on the page: `2 quickly`. */
  readonly label: string
  readonly phase: PhaseResult
}

/** Those that were reached, in their order. */
export function doneSteps({ run, steps }: Rehearsal): DoneStep[] {
  return steps.flatMap((step, i) => {
    const phase = run.phases.find(({ name }) => name === step.name)
    return phase === undefined ? [] : [{ ...step, label: labelOf(step, i), phase }]
  })
}

/** @param index among all steps */
export function labelOf({ name }: PlannedStep, index: number): string {
  return `${index + 1} ${name}`
}

/** A piece of the page: sentences, and then figures. */
export interface Part {
  /** Empty for that which needs none. */
  readonly title: string
  readonly lines?: readonly string[]
  readonly table?: PartTable
}

export interface PartTable {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** So many columns, from the left, hold words. */
  readonly words: number
}
