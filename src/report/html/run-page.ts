import { stripVTControlCharacters } from 'node:util'
import { formatBytes, formatCount, formatDurationUs } from '../../core/units.js'
import type { MetricSummary, PhaseResult, RunResult } from '../../metrics/run-result.js'
import { runPageData, timedPhases } from '../run-page-data.js'
import { boundedTime } from '../page/bounded.js'
import type { RunFiles } from '../run-files.js'
import { agentLine, masterSentences, peopleSentences } from '../summary.js'
import { htmlDocument } from './document.js'
import { escapeHtml } from './escape.js'
import { damagedFiles, omittedEvents } from './left-out.js'
import { facts, folded, list, table } from './parts.js'
import { tiles } from './tiles.js'
import { caveats, verdictBadge, verdictReasons } from './verdict.js'

/** The report of one run: words first, then pictures, then what it was. */
export function runPage(run: RunResult, files: RunFiles): string {
  const data = runPageData(run, files)
  return htmlDocument({
    title: `${run.profile.name} ${run.startedAt}: ${run.verdict.result}`,
    before: `${header(run)}${damagedFiles(files)}${troubles(run)}${omittedEvents(files, data)}`,
    after: `${words(run)}${figures(run)}${conditions(run, files)}`,
    data: { kind: 'run', run: data },
  })
}

function header(run: RunResult): string {
  const { profile, startedAt, durationMs, id } = run
  const what = run.simulated ? 'simulation' : 'run'
  return `<header>
<p class="eyebrow">mupdate-bench ${escapeHtml(run.harness.version)}, ${what} ${escapeHtml(id)}, ${escapeHtml(readableTime(startedAt))}, ${formatDurationUs(durationMs * 1e3)}, seed ${profile.seed}</p>
<div class="title"><h1>${escapeHtml(profile.name)}</h1>${verdictBadge(run.verdict)}</div>
${verdictReasons(run)}${caveats(run)}${tiles(run)}
</header>`
}

/** What went wrong, and what would help: before the pictures. */
function troubles(run: RunResult): string {
  const urgent = sentencesOf(run).filter(isUrgent)
  const items = urgent.map(text =>
    text.startsWith('→')
      ? `<p class="advice">${escapeHtml(text)}</p>`
      : `<p class="callout trouble">${escapeHtml(text)}</p>`,
  )
  return items.length === 0 ? '' : `<section aria-label="Trouble"><h2>What went wrong</h2>${items.join('')}</section>`
}

/** The summary's other sentences, after them. */
function words(run: RunResult): string {
  return `<section><h2>In words</h2>${list(
    sentencesOf(run).filter(text => !isUrgent(text)),
    'findings',
  )}</section>`
}

function sentencesOf(run: RunResult): string[] {
  return [...peopleSentences(run), ...masterSentences(run)].map(stripVTControlCharacters)
}

/** A thrash, a condition with its remedy, differences, losses, advice (src/report/slaves-text.ts). */
function isUrgent(sentence: string): boolean {
  return /^THRASH|^→|^[a-z-]+ \(from |DIFFERENCES|NOT COMPARED|^NOT WATCHED|would have LOST/.test(sentence)
}

function figures(run: RunResult): string {
  const phases = run.phases.filter(({ operations, commands }) => Object.keys({ ...operations, ...commands }).length > 0)
  return `<section><h2>Figures of each phase</h2>
<p class="note">r: response time, from the intended start; s: service time, from the sending. ≥: a lower bound, since some never ended.</p>
${phases.map(phase => phaseTable(phase, timedPhases(run).has(phase.name))).join('')}</section>`
}

function phaseTable(phase: PhaseResult, isOpen: boolean): string {
  const metrics = [...Object.entries(phase.operations), ...Object.entries(phase.commands)]
  const caption = `${phase.name}, ${formatDurationUs(phase.durationMs * 1e3)}${phase.ended === 'limit' ? ', stopped at its limit' : ''}`
  return folded(
    caption,
    table({
      caption,
      head: [
        '',
        'count',
        'a second',
        'r half',
        'r 99 %',
        'r max',
        's half',
        's 99 %',
        's max',
        'refused',
        'never ended',
      ],
      body: metrics.map(([name, metric]) => [name, ...metricCells(metric)]),
    }),
    isOpen,
  )
}

function metricCells({
  count,
  ratePerSecond,
  failed,
  unfinished,
  responseTimeUs,
  serviceTimeUs,
}: MetricSummary): string[] {
  const times = [responseTimeUs, serviceTimeUs].flatMap(time =>
    (['p50', 'p99', 'max'] as const).map(statistic => (time === undefined ? '–' : boundedTime(time, statistic))),
  )
  return [
    formatCount(count),
    String(Number(ratePerSecond.toPrecision(3))),
    ...times,
    formatCount(failed),
    formatCount(unfinished),
  ]
}

function conditions(run: RunResult, { profileYaml }: RunFiles): string {
  const { master, harness, noiseFloor, generator } = run
  const settings = Object.entries(master.settings).map(([name, value]) => `${name}: ${value}`)
  const binaries = Object.entries(master.binaries).map(([path, hash]) => `${path} sha256:${hash}`)
  const noise =
    noiseFloor === null
      ? run.simulated
        ? 'none: simulated'
        : 'not measured: the profile has no probes'
      : `half within ${formatDurationUs(noiseFloor.p50Ns / 1e3)}, 99 % within ${formatDurationUs(noiseFloor.p99Ns / 1e3)}, at most ${formatDurationUs(noiseFloor.maxNs / 1e3)} (${formatCount(noiseFloor.count)} echoes on loopback by the same code)`
  return `<section><h2>What was run, and on what</h2>${facts([
    ['master', `${master.kind}: ${master.version}`],
    ['its database', master.mailboxDatabase],
    ['its address', master.address],
    ['its settings', settings.join('; ') || 'its defaults'],
    ['host', hostText(harness.host)],
    ['harness', `mupdate-bench ${harness.version} on Node ${harness.node}`],
    ['noise floor', noise],
    [
      'probes',
      `${run.probes.plain} plain, ${run.probes.streaming} streaming, ${run.probes.ratePerSecond} NOOPs a second each`,
    ],
    [
      'harness itself',
      generator.cpuCores === null
        ? undefined
        : `${generator.cpuCores.toFixed(2)} cores${generator.saturated ? ', SATURATED' : ''}`,
    ],
    ['agents', (generator.agents ?? []).map(agent => stripVTControlCharacters(agentLine(agent))).join(' ')],
  ])}
${binaries.length === 0 ? '' : folded('programs and libraries that ran', list(binaries))}
${profileYaml === undefined ? '<p class="missing">The profile was not kept with this run.</p>' : folded('the profile, as it was read', `<pre tabindex="0">${escapeHtml(profileYaml)}</pre>`)}
</section>`
}

export function hostText(host: RunResult['harness']['host']): string {
  const { cpuModel, cores, cpuLimitCores, memoryBytes, kernel } = host
  const limit = typeof cpuLimitCores === 'number' ? ` (limited to ${cpuLimitCores})` : ''
  const memory = typeof memoryBytes === 'number' ? `, ${formatBytes(memoryBytes)}` : ''
  return `${cpuModel ?? 'unknown CPU'}, ${cores ?? '?'} cores${limit}${memory}, ${kernel ?? ''}`
}

/** 2026-11-27 19:36:03 UTC */
export function readableTime(iso: string): string {
  return iso.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')
}
