import pc from 'picocolors'
import { wrap } from '../../core/text-width.js'
import type { PlanEvent, PlanLimit, SitePlan } from '../../metrics/site-plan-result.js'
import { plainTable } from '../plain-table.js'
import {
  calibrationText,
  costText,
  headlineOf,
  LIMIT_HEAD,
  limitRow,
  marginText,
  recommendationParts,
  recommendationTitle,
  SIGNS,
  STATE_WORDS,
  stateText,
  verdictWords,
} from './figures.js'

const COLUMNS = 80
const COLOURS = { cannot: pc.green, can: pc.yellow, must: pc.red } as const

/** A site's plan in 80 columns. */
export function planText(plan: SitePlan): string {
  const { states } = plan.site
  return `${[
    pc.bold(headlineOf(plan)),
    '',
    ...plan.summary.flatMap(sentence => [...indented(sentence, ''), '']),
    ...states.flatMap(({ name }) => [
      ...section(`What can happen, ${STATE_WORDS[name]}: ${stateText(states.find(state => state.name === name)!)}`),
      ...plan.events.filter(({ state }) => state === name).flatMap(eventLines),
      '',
    ]),
    ...states.flatMap(({ name }) => [
      ...section(`Head-room, ${STATE_WORDS[name]}`),
      ...limitLines(plan.limits.filter(({ state }) => state === name)),
      '',
    ]),
    ...section('Recommended'),
    ...plan.recommendations.flatMap(recommendation => [
      ...indented(recommendationTitle(recommendation), recommendation.change ? '→ ' : '  '),
      ...recommendationParts(recommendation).flatMap(([name, text]) => indented(`${name}: ${text}`, '    ')),
    ]),
    '',
    ...section('What users notice'),
    ...plan.users.flatMap(sentence => indented(sentence, '  ')),
    '',
    ...section('What it costs, and where that comes from'),
    ...states.flatMap(({ name }) =>
      plan.costs
        .filter(({ state }) => state === name)
        .flatMap(cost => [
          ...indented(`${STATE_WORDS[name]}, ${costText(cost)}`, '  '),
          ...indented(cost.source, '    '),
        ]),
    ),
    ...indented(calibrationText(plan), '  '),
    ...(plan.unknown.length === 0
      ? []
      : ['', ...section('Unknown'), ...plan.unknown.flatMap(text => indented(text, '  '))]),
  ].join('\n')}\n`
}

function section(title: string): string[] {
  return wrap(title, COLUMNS).map(line => pc.bold(line))
}

function eventLines(event: PlanEvent): string[] {
  const colour = COLOURS[event.timeOuts]
  const head = `${event.title}: ${verdictWords(event)}${event.margin === null ? '' : `, ${marginText(event.margin)}`}`
  const [first, ...more] = wrap(head, COLUMNS - 6)
  return [
    `  ${colour(SIGNS[event.timeOuts])} ${first}`,
    ...more.map(line => `    ${line}`),
    ...indented(event.arithmetic, '      '),
    ...(event.timeOuts === 'cannot' && event.kind !== 'restart' ? [] : indented(`users: ${event.users}`, '      ')),
  ]
}

function limitLines(limits: readonly PlanLimit[]): string[] {
  const table = plainTable(LIMIT_HEAD, ['left', 'right', 'right', 'right', 'right', 'left'])
  for (const limit of limits) {
    const [title, ...others] = limitRow(limit)
    table.push([wrap(title!, 28).join('\n'), ...others])
  }
  return [table.toString(), ...limits.flatMap(({ title, arithmetic }) => indented(`${title}: ${arithmetic}`, '  '))]
}

function indented(sentence: string, indent: string): string[] {
  return wrap(sentence, COLUMNS - indent.length - 2).map(
    (line, i) => `${i === 0 ? indent : ' '.repeat(indent.length)}${i === 0 ? '' : '  '}${line.trimStart()}`,
  )
}
