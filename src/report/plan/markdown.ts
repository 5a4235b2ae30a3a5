import type { SitePlan } from '../../metrics/site-plan-result.js'
import { markdownList, markdownTable, markdownText } from '../markdown-text.js'
import {
  bearsText,
  calibrationText,
  costSentences,
  EVENT_HEAD,
  eventRow,
  headlineOf,
  LIMIT_HEAD,
  limitRow,
  recommendationParts,
  recommendationTitle,
  STATE_WORDS,
  stateText,
} from './figures.js'

/** A site's plan for a wiki, or a ticket. */
export function planMarkdown(plan: SitePlan): string {
  const { site, events, limits, recommendations } = plan
  const parts = [
    `## ${markdownText(headlineOf(plan))}`,
    markdownList([...plan.summary, bearsText(plan)]),
    ...site.states.flatMap(state => [
      `### What can happen, ${STATE_WORDS[state.name]}: ${markdownText(stateText(state))}`,
      markdownTable(
        [...EVENT_HEAD, 'arithmetic', 'users'],
        events
          .filter(event => event.state === state.name)
          .map(event => [...eventRow(event), event.arithmetic, event.users]),
        6,
      ),
      `### Head-room, ${STATE_WORDS[state.name]}`,
      markdownTable(
        [...LIMIT_HEAD, 'arithmetic'],
        limits
          .filter(limit => limit.state === state.name)
          .map(limit => [...limitRow(limit, site.asOf), limit.arithmetic]),
      ),
    ]),
    '### Recommended',
    ...recommendations.map(
      recommendation =>
        `**${markdownText(recommendationTitle(recommendation))}**\n\n${markdownList(recommendationParts(recommendation).map(([name, text]) => `${name}: ${text}`))}`,
    ),
    '### What users notice',
    markdownList(plan.users),
    '### What it costs, and where that comes from',
    markdownList([...costSentences(plan), calibrationText(plan)]),
    ...(plan.unknown.length === 0 ? [] : ['### Unknown', markdownList(plan.unknown)]),
  ]
  return `${parts.filter(part => part !== '').join('\n\n')}\n`
}
