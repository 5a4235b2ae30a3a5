import { clip } from '../../core/text-width.js'
import { formatCount, formatDurationUs } from '../../core/units.js'
import { stepMetric } from '../../metrics/recorder.js'
import type { MetricSummary, PhaseResult, TimeSummary } from '../../metrics/run-result.js'
import { basisOf } from './basis.js'
import {
  type DoneStep,
  doneSteps,
  labelOf,
  type Part,
  type PlannedStep,
  type Rates,
  type Rehearsal,
} from './rehearsal.js'
import { doneOf } from './rollback.js'
import { STOP_LETTERS } from './stop-lines.js'

export const RUNBOOK_HEAD = ['step', 'starts', 'takes', 'at', 'highest safe rate', 'stop at']
const MEANWHILE_HEAD = ['step', 'done', 'waits, 1 %', 'lists', 'NOOP, worst']

/** All columns together have room on a line of a terminal. */
const LABEL_COLUMNS = 16

/** What is done when, and how long it takes. */
export function runbookPart(rehearsal: Rehearsal): Part {
  const { run, steps, rates, brokenOff = [] } = rehearsal
  const done = doneSteps(rehearsal)
  const [first] = done
  return {
    title: 'Runbook',
    lines: [
      ...steps.map((step, i) => `${labelOf(step, i)}: ${step.what}${rest(step, brokenOff)}`),
      `starts: after the start of the first step. takes: ${basisOf(run).full}, at so many mailboxes a second; so without an interval`,
    ],
    table: {
      head: RUNBOOK_HEAD,
      rows: steps.map((step, i) => {
        const reached = done.find(({ name }) => name === step.name)
        return [
          clip(labelOf(step, i), LABEL_COLUMNS),
          reached === undefined
            ? 'not reached'
            : reached === first
              ? '+0 s'
              : `+${ms(reached.phase.startMs - first!.phase.startMs)}`,
          reached === undefined ? '–' : takes(reached.phase, basisOf(run).word),
          `${formatCount(step.mailboxesPerSecond)}/s`,
          safeRate(rates),
          STOP_LETTERS,
        ]
      }),
      words: 1,
    },
  }
}

function rest({ name }: PlannedStep, brokenOff: readonly string[]): string {
  return brokenOff.includes(name) ? ' (broken off, and gone on with: figures are of the rest)' : ''
}

/** What master and frontends did while a step was done. */
export function meanwhilePart(rehearsal: Rehearsal): Part {
  const { full } = basisOf(rehearsal.run)
  return {
    title: 'While a step is done',
    lines: [
      `done: the step’s own mailboxes a second; waits, 1 %: one in a hundred of them waits so long or longer; lists that frontends fetch, and their longest NOOP (all ${full})`,
    ],
    table: { head: MEANWHILE_HEAD, rows: doneSteps(rehearsal).map(meanwhileRow), words: 1 },
  }
}

function takes({ durationMs, ended }: PhaseResult, how: string): string {
  return ended === 'condition' ? `${ms(durationMs)}, ${how}` : `≥ ${ms(durationMs)}, ${ended}`
}

function safeRate(rates: Rates | undefined): string {
  if (rates === undefined) return 'not searched'
  return rates.low === null ? 'none found' : `${formatCount(rates.low)}/s`
}

function meanwhileRow({ label, phase }: DoneStep): string[] {
  const { done, waits } = workOf(phase)
  return [
    clip(label, LABEL_COLUMNS),
    `${rateText((done * 1e3) / phase.durationMs)}/s`,
    waits,
    String(phase.commands.UPDATE?.count ?? 0),
    worst(phase.commands['NOOP.slave']),
  ]
}

/** Mailboxes of the step’s own, by what ends the work on one; and the longest that one in a hundred waited. */
function workOf({ steps }: PhaseResult): { done: number; waits: string } {
  const { [stepMetric('moveOut')]: _, [stepMetric('ownerAcl')]: __, ...ending } = steps
  const metrics = Object.values(ending)
  const done = metrics.reduce((sum, metric) => sum + doneOf(metric), 0)
  const [longest] = metrics.flatMap(({ responseTimeUs }) => responseTimeUs ?? []).toSorted((a, b) => b.p99 - a.p99)
  return { done, waits: longest === undefined ? '–' : bounded(longest, 'p99') }
}

function rateText(rate: number): string {
  return rate < 10 ? rate.toFixed(1) : formatCount(Math.round(rate))
}

function worst(metric: MetricSummary | undefined): string {
  const times = metric?.responseTimeUs ?? metric?.serviceTimeUs
  return times === undefined ? '–' : bounded(times, 'max')
}

export function bounded(times: TimeSummary, which: 'p99' | 'max'): string {
  return `${times.lowerBounds.includes(which) ? '≥ ' : ''}${formatDurationUs(times[which])}`
}

function ms(value: number): string {
  return formatDurationUs(value * 1e3)
}
