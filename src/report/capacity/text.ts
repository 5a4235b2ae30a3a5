import pc from 'picocolors'
import { wrap } from '../../core/text-width.js'
import type { CapacityResult } from '../../metrics/capacity-result.js'
import { plainTable } from '../plain-table.js'
import {
  causeSentences,
  COST_HEAD,
  costRow,
  headlineOf,
  limitNotes,
  limitSentence,
  methodSentences,
  NO_POINT,
  pointTexts,
  predictionSentences,
  TRIAL_HEAD,
  trialRow,
} from './sentences.js'

const COLUMNS = 80

export function capacityText(result: CapacityResult): string {
  const { axis, frontier, trials, costs, state } = result
  const predictions = predictionSentences(result)
  return [
    `${pc.bold(limitSentence(axis, result))}`,
    `  ${headlineOf(result)}`,
    ...(state === 'interrupted' ? indented('interrupted: go on with --resume', '  ') : []),
    ...[...limitNotes(result), ...causeSentences(result)].flatMap(sentence => indented(sentence, '  ')),
    '',
    ...(predictions.length === 0 ? [] : ['formulas say', ...predictions.flatMap(text => indented(text, '  ')), '']),
    ...(frontier === null
      ? []
      : [
          'frontier',
          ...(frontier.points.length === 0 ? indented(NO_POINT, '  ') : []),
          ...frontier.points.flatMap(point => {
            const { at, limit, cause } = pointTexts(axis, frontier.axis, point)
            return indented(`${at}: ${limit}${point.cause === null ? '' : ` (${cause})`}`, '  ')
          }),
          '',
        ]),
    ...methodSentences(result).flatMap(sentence => indented(sentence, '')),
    '',
    table(TRIAL_HEAD, trials.map(trialRow), ['left', 'left', 'left']),
    ...(costs.length === 0 ? [] : ['', table(COST_HEAD, costs.map(costRow), ['left', 'left'])]),
    '',
  ].join('\n')
}

function table(head: readonly string[], rows: readonly string[][], left: readonly 'left'[]): string {
  const drawn = plainTable(
    head,
    head.map((_, column) => left[column] ?? 'right'),
  )
  drawn.push(...rows)
  return drawn.toString()
}

function indented(sentence: string, indent: string): string[] {
  return wrap(sentence, COLUMNS - indent.length - 2).map((line, i) => `${indent}${i === 0 ? '' : '  '}${line}`)
}
