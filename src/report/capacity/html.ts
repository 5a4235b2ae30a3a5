import { formatCount } from '../../core/units.js'
import type { CapacityCost, CapacityResult, CapacityTrial } from '../../metrics/capacity-result.js'
import { costAt } from '../../verdict/capacity/laws.js'
import { stillDocument } from '../html/document.js'
import { escapeHtml } from '../html/escape.js'
import { list, table } from '../html/parts.js'
import { plotSvg, type PlotPoint } from './plot.js'
import {
  causeSentences,
  COST_HEAD,
  costForm,
  costRow,
  headlineOf,
  isLaw,
  lawText,
  limitNotes,
  limitSentence,
  loadText,
  methodSentences,
  OUTCOMES,
  pointTexts,
  predictionSentences,
  TRIAL_HEAD,
  trialRow,
} from './sentences.js'

/** How far beyond a threshold the drawing goes: what is ten times as much is as bad. */
const MOST_SHARE = 2

/** The limit, the way to it, its frontier, and what loads cost; drawings without a script. */
export function capacityHtml(result: CapacityResult): string {
  const { axis, startedAt, harness, costs, trials, simulated } = result
  const predictions = predictionSentences(result)
  const parts = [
    `<header>
<p class="eyebrow">mupdate-bench ${escapeHtml(harness.version)}, ${escapeHtml(startedAt)}</p>
<h1>${escapeHtml(limitSentence(axis, result))}</h1>
<p>${escapeHtml(headlineOf(result))}</p>
${simulated ? callout('SIMULATED: no master ran and nothing was measured. All figures are those of a model, in virtual time.') : ''}${result.state === 'interrupted' ? callout('INTERRUPTED: this search goes on with --resume.') : ''}
${list([...limitNotes(result), ...causeSentences(result)])}</header>`,
    predictions.length === 0 ? '' : `<h2>What formulas say</h2>${list(predictions)}`,
    objectivePlot(result),
    frontierPart(result),
    costs.length === 0
      ? ''
      : `<h2>What it costs</h2>${costs.map(costPlot).join('')}${table({ caption: 'Costs', head: COST_HEAD, body: costs.map(costRow), words: [4] })}`,
    `<h2>Trials</h2>${table({ caption: 'Trials', head: TRIAL_HEAD, body: trials.map(trialRow) })}`,
    `<h2>How it was searched</h2>${list(methodSentences(result))}`,
  ]
  return stillDocument(
    `${headlineOf(result)}: ${limitSentence(axis, result)}`,
    parts.filter(part => part !== '').join('\n'),
  )
}

function callout(text: string): string {
  return `<p class="callout">${escapeHtml(text)}</p>`
}

const KINDS: Readonly<Record<CapacityTrial['outcome'], PlotPoint['kind']>> = {
  held: 'good',
  failed: 'bad',
  harness: 'odd',
}

/** How much of what is allowed each load used: the threshold that was nearest to it. */
function objectivePlot({ axis, trials }: CapacityResult): string {
  const points = trials
    .filter(({ at }) => at === null)
    .map(trial => ({
      x: trial.value,
      y: shareOf(trial),
      kind: KINDS[trial.outcome],
      title: `${loadText(axis, trial.value)}: ${OUTCOMES[trial.outcome]}`,
    }))
    .sort((a, b) => a.x - b.x)
  if (new Set(points.map(({ x }) => x)).size < 2) return ''
  const svg = plotSvg({
    label: 'How much of the objective each load used',
    points,
    limitY: 1,
    isLogX: true,
    xText: value => loadText(axis, value),
    yText: value => `${Math.round(value * 100)} %`,
  })
  return `<h2>The way to the limit</h2><section class="panel">
<p class="note">What was measured as a share of what the objective allows, of the threshold that was nearest to it; more than ${MOST_SHARE * 100} % is drawn as that, and so is what may not happen at all. A disk: it held; a cross: it failed; a ring: the harness was the limit.</p>
${svg}</section>`
}

function shareOf({ objective, outcome }: CapacityTrial): number {
  const shares = objective.map(({ share, result, lowerBound }) =>
    result === 'broken' && (share === null || lowerBound) ? MOST_SHARE : (share ?? 0),
  )
  // A phase that did not come to its end has no figure.
  const least = outcome === 'failed' && shares.every(share => share <= 1) ? MOST_SHARE : 0
  return Math.min(MOST_SHARE, Math.max(least, ...shares))
}

function frontierPart({ axis, frontier, limit }: CapacityResult): string {
  if (frontier === null) return ''
  const known = frontier.points.filter(({ low }) => low !== null)
  const points = known.map(point => ({
    x: point.at,
    y: point.low!,
    kind: 'good' as const,
    title: `${loadText(axis, point.at)}: ${limitSentence(frontier.axis, point)}`,
  }))
  const svg =
    points.length < 2
      ? ''
      : plotSvg({
          label: 'Frontier',
          points,
          isJoined: true,
          isLogX: false,
          xText: value => loadText(axis, value),
          yText: value => loadText(frontier.axis, value),
        })
  const body = frontier.points.map(point => {
    const { at, limit, cause } = pointTexts(axis, frontier.axis, point)
    return [at, limit, cause]
  })
  const alone = limit === null ? '' : `<p class="note">Alone, ${escapeHtml(axis)} reaches ${formatCount(limit)}.</p>`
  return `<h2>Frontier</h2><section class="panel">${alone}${svg}${table({ caption: 'Frontier', head: [axis, frontier.axis, 'cause'], body, words: [1] })}</section>`
}

function costPlot(cost: CapacityCost): string {
  const { points, fit, against } = cost
  const { name, text } = costForm(cost)
  const svg = plotSvg({
    label: `${name} against ${against}`,
    points: points.map(({ x, y, isFitted }) => ({
      x,
      y,
      kind: isFitted ? 'good' : 'bad',
      title: `${text(y)} at ${loadText(against, x)}`,
    })),
    ...(fit === null || !isLaw(cost) ? {} : { curve: (x: number) => costAt(fit, x) }),
    isLogX: false,
    xText: value => loadText(against, value),
    yText: text,
  })
  const law = fit === null ? 'too few loads for a law' : lawText(cost)
  return `<section class="panel"><h3>${escapeHtml(`${name}, against ${against}`)}</h3><p class="note">${escapeHtml(law)}</p>${svg}</section>`
}
