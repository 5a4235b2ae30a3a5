import { formatBytes, formatDurationUs } from '../../core/units.js'
import type { GateMetric, GateResult } from '../../metrics/gate-result.js'
import { LEVEL } from '../../verdict/comparison.js'
import { probability } from '../../verdict/gate.js'

/** Verdicts and results in a word each. */
export const WORDS = { regression: 'worse', improvement: 'better', pass: 'same', inconclusive: 'unclear' } as const

export function figure(value: number, unit: GateMetric['unit']): string {
  switch (unit) {
    case 's':
      return formatDurationUs(value * 1e6)
    case 'µs':
      return formatDurationUs(value)
    case 'bytes':
      return formatBytes(Math.round(value))
    case '/s':
      return `${Number(value.toPrecision(3))}/s`
    case 'count':
      return String(Number(value.toPrecision(3)))
  }
}

/** B ÷ A, and its interval. */
function ratioText(metric: GateMetric): string {
  const { ratio, ci } = metric
  if (ratio === null) return '–'
  return ci === null ? ratio.toFixed(3) : `${ratio.toFixed(3)} (${ratioInterval(metric)})`
}

export function ratioInterval({ ci }: GateMetric): string {
  return ci === null ? '' : `${ci[0].toFixed(3)}–${ci[1].toFixed(3)}`
}

/** Of a median; a unit said once. */
export function intervalText({ low, high }: GateMetric['a'], unit: GateMetric['unit']): string {
  const [from, to] = [figure(low, unit), figure(high, unit)]
  const [, number, rest] = /^([\d.-]+)(.*)$/.exec(from) ?? []
  return number !== undefined && to.endsWith(rest) && !/ .* /.test(rest) ? `${number}–${to}` : `${from}–${to}`
}

/** The median and its interval. */
function sideText(side: GateMetric['a'], unit: GateMetric['unit']): string {
  return `${side.bounded ? '≥' : ''}${figure(side.median, unit)} (${intervalText(side, unit)})`
}

export const FIGURE_HEAD = ['', 'A (95 %)', 'B (95 %)', 'B ÷ A (95 %)', 'p', 'effect', 'least found', 'result']

/** A measure as a row of that table. */
export function figureRow(metric: GateMetric): string[] {
  const { title, a, b, unit, p, pAdjusted, effect, smallestDetectable, result } = metric
  return [
    title,
    sideText(a, unit),
    sideText(b, unit),
    ratioText(metric),
    probability(pAdjusted ?? p),
    effect.toFixed(2),
    smallestDetectable === null ? '–' : `${(100 * smallestDetectable).toFixed(1)} %`,
    WORDS[result],
  ]
}

export function headlineOf({ command, profile, pairs, paired, aa, a, b }: GateResult): string {
  const [runsA, runsB] = [a, b].map(({ runs }) => runs.length)
  const many = runsB === pairs ? `${pairs}` : `${runsB} of ${pairs}`
  const how = paired ? `${many} pairs, ABBA` : `${runsA} runs against ${runsB}, not paired`
  return `${command} ${profile.name}, seed ${profile.seed}, ${how}${aa ? ', both the same (A/A)' : ''}`
}

/** How the figures came to be, in sentences. */
export function methodSentences({ paired, level, metrics, pinned, discarded, aa }: GateResult): string[] {
  const deciding = metrics.filter(({ gating }) => gating)
  const test = paired ? 'Wilcoxon’s signed ranks, exact' : 'Mann and Whitney’s test, exact'
  const least = deciding.flatMap(({ title, smallestDetectable }) =>
    smallestDetectable === null ? [] : [`${title} ${(100 * smallestDetectable).toFixed(1)} %`],
  )
  return [
    `p: one-sided, ${test}${deciding.length > 1 ? `, Holm-corrected over the ${deciding.length} that decide` : ''}; a regression has p ≤ ${level} and at least its minimum effect.`,
    'same: the 95 % interval of the ratio lies below the minimum effect.',
    ...(least.length === 0 ? [] : [`Found in 8 of 10 such gates, with this noise, from: ${least.join(', ')}.`]),
    ...harnessSentences(metrics),
    ...Object.entries(pinned).map(([key, value]) => `Pinned for both, since their defaults differ: ${key}: ${value}.`),
    ...(discarded.length === 0
      ? []
      : [`${discarded.length} runs were invalid, and their pairs measured again: ${discarded[0].reasons[0]}.`]),
    ...(aa ? ['Both sides were the same: a regression found here is a false alarm.'] : []),
  ]
}

/** What the harness's own CPU says of the machine, and what was made of it. */
function harnessSentences(metrics: readonly GateMetric[]): string[] {
  const said = { taken: [] as string[], different: [] as string[], useless: [] as string[] }
  for (const { title, harness } of metrics) {
    if (harness === null) continue
    const text = harnessText(title, harness)
    if (harness.used) said.taken.push(text)
    else if (harness.p <= LEVEL) said.different.push(text)
    else said.useless.push(text)
  }
  const sentence = (begin: string, texts: readonly string[]) =>
    texts.length === 0 ? [] : [`${begin}: ${texts.join('; ')}.`]
  return [
    ...sentence('Taken out: the machine’s mood, as the harness’s own CPU for the same work shows it', said.taken),
    ...sentence('Not taken out, since the harness needed more or less CPU itself with B', said.different),
    ...sentence('Not taken out, since pairs then differ no less, or are too few to tell', said.useless),
  ]
}

function harnessText(title: string, { ratio, share, p }: NonNullable<GateMetric['harness']>): string {
  return `${title}, harness’s B ÷ A ${ratio.toFixed(3)} (p ${probability(p)}), ${share} % for each of its`
}

/** What ran on each side, and with what. */
export function sideSentences({ a, b }: GateResult): string[] {
  const of = (name: string, { label, master }: GateResult['a']) => {
    const settings = Object.entries(master.settings).map(([key, value]) => `${key}: ${value}`)
    return `${name}: ${label} — ${[`${master.kind} ${master.version}`, master.mailboxDatabase, ...settings].join(', ')}`
  }
  const [hashesA, hashesB] = [a, b].map(({ master }) => master.binaries)
  const differing = Object.entries(hashesB).filter(([, hash]) => !Object.values(hashesA).includes(hash))
  return [
    of('A', a),
    of('B', b),
    ...(a.master.kind === 'cyrus' && b.master.kind === 'cyrus'
      ? ['TLS: off on both, since a managed Cyrus has no certificate.']
      : []),
    ...(differing.length === 0 || Object.keys(hashesA).length === 0
      ? []
      : [`only in B: ${differing.map(([path, hash]) => `${path} (sha256 ${hash.slice(0, 12)}…)`).join(', ')}`]),
  ]
}
