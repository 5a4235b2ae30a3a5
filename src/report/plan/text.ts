import pc from 'picocolors'
import { wrap } from '../../core/text-width.js'
import type { PlanEvent, PlanLimit, SitePlan } from '../../metrics/site-plan-result.js'
import { plainTable } from '../plain-table.js'
import {
  bearsText,
  calibrationText,
  costSentences,
  headlineOf,
  isPlenty,
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
const LIMIT_COLUMNS = 24

/** A site's plan in 80 columns. What is as planned as it is today is said once. */
export function planText(plan: SitePlan): string {
  return `${[
    pc.bold(headlineOf(plan)),
    ...[...plan.summary, bearsText(plan)].flatMap(sentence => ['', ...indented(sentence, '')]),
    ...eventSections(plan),
    ...limitSections(plan),
    ...section(`Recommended, for the site ${STATE_WORDS[plan.site.states.at(-1)!.name]}`),
    ...plan.recommendations.flatMap(recommendation => [
      ...indented(recommendationTitle(recommendation), recommendation.change ? '→ ' : '  '),
      ...recommendationParts(recommendation).flatMap(([name, text]) => indented(`${name}: ${text}`, '    ')),
    ]),
    ...section('What users notice'),
    ...plan.users.flatMap(sentence => indented(sentence, '  ')),
    ...section('What things cost, and where that comes from'),
    ...[...costSentences(plan), calibrationText(plan)].flatMap(sentence => indented(sentence, '  ')),
    ...(plan.unknown.length === 0 ? [] : section('Unknown')),
    ...plan.unknown.flatMap(text => indented(text, '  ')),
  ].join('\n')}\n`
}

function eventSections({ site, events }: SitePlan): string[] {
  const known = new Set<string>()
  return site.states.flatMap(state => {
    const own = events.filter(event => event.state === state.name)
    const fresh = own.filter(event => !known.has(sayingOf(event)))
    const same = own.filter(event => known.has(sayingOf(event))).map(({ title }) => title)
    for (const event of own) known.add(sayingOf(event))
    return [
      ...section(`What can happen, ${STATE_WORDS[state.name]}: ${stateText(state)}`),
      ...fresh.flatMap(eventLines),
      ...(same.length === 0 ? [] : indented(`as today: ${same.join('; ')}`, '  ')),
    ]
  })
}

function sayingOf({ title, arithmetic, timeOuts }: PlanEvent): string {
  return [title, arithmetic, timeOuts].join('\n')
}

function eventLines(event: PlanEvent): string[] {
  const head = `${event.title}: ${verdictWords(event)}${event.margin === null ? '' : `, ${marginText(event)}`}`
  const [first, ...more] = wrap(head, COLUMNS - 6)
  const isTrouble = event.timeOuts !== 'cannot' || event.kind === 'restart'
  return [
    `  ${COLOURS[event.timeOuts](SIGNS[event.timeOuts])} ${first}`,
    ...more.map(line => `    ${line}`),
    ...indented(event.arithmetic, '      '),
    ...(isTrouble ? indented(`users: ${event.users}`, '      ') : []),
  ]
}

function limitSections({ site, limits }: SitePlan): string[] {
  const known = new Set<string>()
  return site.states.flatMap(({ name }) => {
    const own = limits.filter(({ state }) => state === name)
    const shown = own.filter(limit => !isPlenty(limit))
    const fresh = shown.filter(({ arithmetic }) => !known.has(arithmetic))
    for (const { arithmetic } of shown) known.add(arithmetic)
    const more = own.length - shown.length
    return [
      ...section(`Head-room, ${STATE_WORDS[name]}`),
      limitTable(shown, site.asOf),
      ...fresh.flatMap(({ title, arithmetic }) => indented(`${title}: ${arithmetic}`, '  ')),
      ...(more === 0 ? [] : indented(`${more} others have room for a hundred times as much, or more`, '  ')),
    ]
  })
}

function limitTable(limits: readonly PlanLimit[], asOf: string): string {
  const table = plainTable(LIMIT_HEAD, ['left', 'right', 'right', 'right', 'right', 'left'])
  for (const limit of limits) {
    const [title, ...others] = limitRow(limit, asOf)
    table.push([wrap(title!, LIMIT_COLUMNS).join('\n'), ...others])
  }
  return table
    .toString()
    .split('\n')
    .map(line => line.trimEnd())
    .join('\n')
}

function section(title: string): string[] {
  return ['', ...wrap(title, COLUMNS).map(line => pc.bold(line))]
}

/** What follows a first line stands a little further in. */
function indented(sentence: string, indent: string): string[] {
  const blank = ' '.repeat(indent.length)
  return wrap(sentence, COLUMNS - indent.length - 2).map((line, i) =>
    i === 0 ? `${indent}${line}` : `${blank}  ${line.trimStart()}`,
  )
}
