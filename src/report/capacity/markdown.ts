import type { CapacityResult } from '../../metrics/capacity-result.js'
import { markdownList, markdownTable, markdownText } from '../markdown-text.js'
import {
  causeSentences,
  COST_HEAD,
  costRow,
  headlineOf,
  limitNotes,
  limitSentence,
  methodSentences,
  pointTexts,
  predictionSentences,
  TRIAL_HEAD,
  trialRow,
} from './sentences.js'

export function capacityMarkdown(result: CapacityResult): string {
  const { axis, frontier, trials, costs } = result
  const parts = [
    `## ${markdownText(limitSentence(axis, result))}`,
    markdownText(headlineOf(result)),
    markdownList([...limitNotes(result), ...causeSentences(result)]),
    section('What formulas say', markdownList(predictionSentences(result))),
    frontier === null
      ? ''
      : section(
          'Frontier',
          markdownTable(
            [axis, frontier.axis, 'cause'],
            frontier.points.map(point => {
              const { at, limit, cause } = pointTexts(axis, frontier.axis, point)
              return [at, limit, cause]
            }),
            3,
          ),
        ),
    section('What it costs', costs.length === 0 ? '' : markdownTable(COST_HEAD, costs.map(costRow), 2)),
    section('Trials', markdownTable(TRIAL_HEAD, trials.map(trialRow), 3)),
    section('How', markdownList(methodSentences(result))),
  ]
  return `${parts.filter(part => part !== '').join('\n\n')}\n`
}

function section(title: string, body: string): string {
  return body === '' ? '' : `### ${title}\n\n${body}`
}
