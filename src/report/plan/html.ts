import type { SitePlan } from '../../metrics/site-plan-result.js'
import { stillDocument } from '../html/document.js'
import { escapeHtml } from '../html/escape.js'
import { facts, folded, list, table } from '../html/parts.js'
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
import { stallPlot } from './stall-plot.js'

/** A site's plan as a page: what can happen, drawn; head-room; what to set, and why. */
export function planHtml(plan: SitePlan): string {
  const { site, harnessVersion, recommendations } = plan
  return stillDocument(
    `plan of ${site.path}`,
    `<header>
<p class="eyebrow">mupdate-bench ${escapeHtml(harnessVersion)}, plan of ${escapeHtml(site.path)}</p>
<div class="title"><h1>${escapeHtml(headlineOf(plan))}</h1></div>
${plan.summary.map(sentence => `<p class="callout">${escapeHtml(sentence)}</p>`).join('')}<p class="note">${escapeHtml(bearsText(plan))}</p></header>
${site.states.map(state => stateHtml(plan, state)).join('\n')}
<h2>Recommended</h2>
${recommendations.map(one => `<section class="panel"><h3>${one.change ? '→ ' : ''}${escapeHtml(recommendationTitle(one))}</h3>${facts(recommendationParts(one))}</section>`).join('')}
<h2>What users notice</h2>
${list(plan.users)}
<h2>What it costs, and where that comes from</h2>
${list([...costSentences(plan), calibrationText(plan)])}
${plan.unknown.length === 0 ? '' : `<h2>Unknown</h2>${list(plan.unknown)}`}`,
  )
}

function stateHtml(plan: SitePlan, state: SitePlan['site']['states'][number]): string {
  const events = plan.events.filter(event => event.state === state.name)
  const limits = plan.limits.filter(limit => limit.state === state.name)
  const listMs = plan.costs.find(({ name, state: of, used }) => name === 'list' && of === state.name && used)?.ms
  const named = STATE_WORDS[state.name]
  const plot =
    listMs === undefined || listMs === null
      ? ''
      : stallPlot({
          title: `A restart of some slaves, ${named}`,
          slaves: state.slaves,
          retryDelayMs: plan.site.retryDelayMs,
          listMs,
        })
  return `<h2>What can happen, ${named}</h2>
<p class="note">${escapeHtml(stateText(state))}</p>
${plot}
${table({ caption: `events, ${named}`, head: [...EVENT_HEAD, 'arithmetic', 'users'], body: events.map(event => [...eventRow(event), event.arithmetic, event.users]), words: [1, 2, 4, 5] })}
<h3>Head-room, ${named}</h3>
${table({ caption: `limits, ${named}`, head: LIMIT_HEAD, body: limits.map(limit => limitRow(limit, plan.site.asOf)) })}
${folded('Arithmetic', list(limits.map(({ title, arithmetic }) => `${title}: ${arithmetic}`)))}`
}
