import { formatBytes, formatCount, formatDurationUs } from '../../core/units.js'
import type {
  CapacityAxis,
  CapacityCost,
  CapacityLimit,
  CapacityResult,
  CapacityTrial,
} from '../../metrics/capacity-result.js'

/** An axis's load with its unit. */
const LOADS: Readonly<Record<CapacityAxis, (value: string) => string>> = {
  creates: value => `${value} creates/s`,
  slaves: value => `${value} slaves`,
  mailboxes: value => `${value} mailboxes`,
  resyncs: value => `${value} resyncs at once`,
  kicks: value => `${value} kicks/s`,
  connections: value => `${value} connections/s`,
}

export function loadText(axis: CapacityAxis, value: number): string {
  return LOADS[axis](formatCount(value))
}

/** The one line that is wanted. */
export function limitSentence(axis: CapacityAxis, limit: CapacityLimit): string {
  const { low, high, beyond, ceiling } = limit
  if (low === null) {
    if (high !== null) return `none: ${loadText(axis, high)} failed already`
    return beyond === 'harness' ? `unknown: the harness was the limit at ${formatCount(ceiling ?? 0)}` : 'unknown'
  }
  switch (beyond) {
    case 'failed':
      return `${loadText(axis, low)} held, ${formatCount(high!)} failed`
    case 'harness':
      return `at least ${loadText(axis, low)}; beyond it the harness was the limit`
    case 'range':
      return `at least ${loadText(axis, low)}, the most that was asked for, or that the profile can have`
    case 'budget':
      return `at least ${loadText(axis, low)}; then the time was up`
  }
}

/** Of a frontier. */
export const NO_POINT = 'none: no load below the limit of the first axis leaves anything to vary in the second'

/** A point of the frontier, with what a reader has to know of it. */
export function pointTexts(
  axis: CapacityAxis,
  second: CapacityAxis,
  point: CapacityLimit & { readonly at: number },
): { readonly at: string; readonly limit: string; readonly cause: string } {
  const limit = [limitSentence(second, point), ...limitNotes(point)].join('; ')
  return { at: loadText(axis, point.at), limit, cause: point.cause?.resource ?? '–' }
}

/** What a reader has to know of that line. */
export function limitNotes({ confirmed, isCutShort, doubtful, low, high }: CapacityLimit): string[] {
  const unconfirmed = [
    ...(low !== null && !confirmed.low ? ['what held'] : []),
    ...(high !== null && !confirmed.high ? ['what failed'] : []),
  ]
  return [
    ...(unconfirmed.length > 0 ? [`only short trials stand behind ${unconfirmed.join(' and ')}`] : []),
    ...(isCutShort ? ['the time was up before the interval was as small as it could be: give more --budget'] : []),
    ...(doubtful.length > 0
      ? [`trials contradict one another at ${doubtful.map(formatCount).join(', ')}: the interval goes round them`]
      : []),
  ]
}

export function causeSentences({ cause }: CapacityLimit): string[] {
  if (cause === null) return []
  const also = cause.also.length === 0 ? '' : ` (and ${cause.also.join(', ')})`
  return [`cause: ${cause.resource}${also}: ${cause.because}`, ...cause.broken.map(text => `broken: ${text}`)]
}

export function outcomeSentence({ axis, value, length, outcome, marginal, cause, durationMs }: CapacityTrial): string {
  const why = cause === null ? '' : `: ${cause.resource}`
  return `${loadText(axis, value)}: ${OUTCOMES[outcome]}${marginal ? ' by little' : ''}${outcome === 'failed' ? why : ''} (${length}, ${formatDurationUs(durationMs * 1e3)})`
}

export const OUTCOMES: Readonly<Record<CapacityTrial['outcome'], string>> = {
  held: 'held',
  failed: 'failed',
  harness: 'the harness was the limit',
}

export function predictionSentences({ predictions, beyond }: CapacityResult): string[] {
  return predictions.map(({ cause, low, high, arithmetic, agrees }) => {
    const range = low === high ? formatCount(low) : `${formatCount(low)} to ${formatCount(high)}`
    const word =
      agrees === null
        ? beyond === 'failed'
          ? 'not what broke first'
          : 'not reached'
        : agrees
          ? 'agrees'
          : 'DISAGREES with what was found'
    return `${cause}: ${range} (${arithmetic}): ${word}`
  })
}

/** How it was searched, for those who want to judge it. */
export function methodSentences(result: CapacityResult): string[] {
  const { objective, trials, spentMs, budgetMs, ownStreams, master, calibration, simulated } = result
  const settings = Object.entries(master?.settings ?? {}).map(([key, value]) => `${key}: ${value}`)
  return [
    `objective: ${[...objective, 'the harness not saturated'].join('; ')}`,
    ...(master === null
      ? []
      : [`master: ${[`${master.kind} ${master.version}`, master.mailboxDatabase, ...settings].join(', ')}`]),
    `${trials.length} trials, ${master?.kind === 'remote' ? 'one after the other on the same master' : 'each on a fresh master'}, ${formatDurationUs(spentMs * 1e3)} of ${formatDurationUs(budgetMs * 1e3)}${simulated ? ' (virtual time)' : ''}`,
    ...(ownStreams > 0
      ? [`besides the slaves, ${ownStreams} of the harness’s own probes stream, and each keeps a worker`]
      : []),
    `predictions come from the master’s settings, lists as they were measured, and costs of ${calibration}`,
  ]
}

interface CostForm {
  readonly name: string
  text(value: number): string
}

const COSTS: Readonly<Record<CapacityCost['measure'], CostForm>> = {
  dumpMs: { name: 'a list holds the lock', text: value => formatDurationUs(value * 1e3) },
  noopSlaveP99Us: { name: 'NOOP.slave p99', text: formatDurationUs },
  createP99Us: { name: 'create p99', text: formatDurationUs },
  masterCores: { name: 'master’s CPU, cores', text: value => value.toPrecision(3) },
  masterRssBytes: { name: 'master’s RSS', text: value => formatBytes(Math.round(value)) },
}

export function costForm({ measure }: Pick<CapacityCost, 'measure'>): CostForm {
  return COSTS[measure]
}

/** Points that lie so far from it do not follow it. */
const NO_LAW = 0.5

export function isLaw({ fit }: Pick<CapacityCost, 'fit'>): boolean {
  return fit !== null && fit.worstResidual <= NO_LAW
}

/** A law in words: `2.1 ms + 5.6 µs × mailboxes`. */
export function lawText({ measure, against, fit }: CapacityCost): string {
  if (fit === null) return '–'
  if (!isLaw({ fit })) return 'none fits'
  const { text } = costForm({ measure })
  const signed = (value: number) => `${value < 0 ? '−' : ''}${text(Math.abs(value))}`
  const { intercept = 0, slope = 0, alpha = 0, beta = 0, gamma = 1 } = fit.coefficients
  if (fit.law === 'linear') {
    const each = slopeText(measure, Math.abs(slope))
    return `${signed(intercept)} ${slope < 0 ? '−' : '+'} ${each} × ${against}`
  }
  return `USL: ${text(1 / gamma)} × (1 + ${alpha.toPrecision(2)} (N − 1) + ${beta.toPrecision(2)} N (N − 1))`
}

/** Of one mailbox: bytes and times of it are small. */
function slopeText(measure: CapacityCost['measure'], slope: number): string {
  switch (measure) {
    case 'dumpMs':
      return slope < 1e-3 ? `${(slope * 1e6).toPrecision(3)} ns` : formatDurationUs(slope * 1e3)
    case 'noopSlaveP99Us':
    case 'createP99Us':
      return slope < 1 ? `${(slope * 1e3).toPrecision(3)} ns` : formatDurationUs(slope)
    case 'masterCores':
      return slope.toPrecision(3)
    case 'masterRssBytes':
      return slope < 1 ? `${slope.toPrecision(3)} B` : formatBytes(Math.round(slope))
  }
}

export const COST_HEAD = ['cost', 'against', 'from', 'to', 'law', 'off by at most']

/** A cost as a row of that table; the ends are those of the least and the largest load. */
export function costRow(cost: CapacityCost): string[] {
  const { text, name } = costForm(cost)
  const { points, against, fit } = cost
  const at = ({ x, y, isFitted }: (typeof points)[number]) =>
    `${isFitted ? '' : '(failed) '}${text(y)} at ${formatCount(x)}`
  return [
    name,
    against,
    at(points[0]!),
    at(points.at(-1)!),
    lawText(cost),
    fit === null ? '–' : `${(100 * fit.worstResidual).toFixed(0)} %`,
  ]
}

export const TRIAL_HEAD = ['load', 'length', 'outcome', 'list', 'NOOP.slave p99', 'create p99', 'CPU', 'RSS']

export function trialRow(trial: CapacityTrial): string[] {
  const { figures, at, value, length, outcome, marginal, cause } = trial
  const bound = (name: 'noopSlaveP99Us' | 'createP99Us') => (figures.lowerBounds.includes(name) ? '≥' : '')
  const text = (measure: CapacityCost['measure'], prefix = '') => {
    const figure = figures[measure]
    return figure === null ? '–' : `${prefix}${costForm({ measure }).text(figure)}`
  }
  return [
    at === null ? formatCount(value) : `${formatCount(value)} at ${formatCount(at)}`,
    length,
    `${outcome}${marginal ? ', by little' : ''}${outcome === 'failed' && cause !== null ? `: ${cause.resource}` : ''}`,
    text('dumpMs'),
    text('noopSlaveP99Us', bound('noopSlaveP99Us')),
    text('createP99Us', bound('createP99Us')),
    text('masterCores'),
    text('masterRssBytes'),
  ]
}

export function headlineOf({ profile, axis, frontier, simulated, master }: CapacityResult): string {
  const where = simulated ? 'simulated' : master === null ? 'no master' : `${master.kind} ${master.version}`
  const second = frontier === null ? '' : ` and ${frontier.axis}`
  return `capacity of ${profile.name}, ${axis}${second}, seed ${profile.seed}, ${where}`
}
