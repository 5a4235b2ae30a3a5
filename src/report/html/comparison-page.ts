import { formatDurationUs } from '../../core/units.js'
import type { RunResult } from '../../metrics/run-result.js'
import { runPageData, timedPhases } from '../run-page-data.js'
import type { RunFiles } from '../run-files.js'
import { htmlDocument } from './document.js'
import { escapeHtml } from './escape.js'
import { damagedFiles } from './left-out.js'
import { table } from './parts.js'
import { ratioRows } from './ratios.js'
import { hostText, readableTime } from './run-page.js'
import { caveats, verdictBadge } from './verdict.js'

export interface ComparedRun {
  readonly run: RunResult
  readonly files: RunFiles
}

/** Two or more runs: what differs between them, their figures as ratios, their charts laid over each other. */
export function comparisonPage(compared: readonly ComparedRun[]): string {
  const runs = compared.map(({ run }) => run)
  const labels = runs.map((_, i) => letter(i))
  return htmlDocument({
    title: `${runs.map(({ profile }) => profile.name).join(' and ')}: a comparison`,
    before: `<header><p class="eyebrow">mupdate-bench, a comparison of ${runs.length} runs</p>
<h1>${escapeHtml([...new Set(runs.map(({ profile }) => profile.name))].join(' and '))}</h1>
${compared.map(({ run, files }, i) => `${runLine(run, labels[i])}${damagedFiles(files)}`).join('')}</header>
${differences(runs, labels)}${ratios(runs, labels)}<h2>Over time</h2><p class="note">Each run’s time begins with its first phase that lasts as long as its profile says; bands are the phases of A.</p>`,
    after: '',
    data: {
      kind: 'comparison',
      comparison: {
        runs: compared.map(({ run, files }, i) => ({
          label: labels[i],
          originS: originS(run),
          data: runPageData(run, files),
        })),
      },
    },
  })
}

function letter(index: number): string {
  return index < 26 ? String.fromCharCode(65 + index) : String(index + 1)
}

function originS(run: RunResult): number {
  const timed = timedPhases(run)
  return (run.phases.find(({ name }) => timed.has(name))?.startMs ?? 0) / 1000
}

function runLine(run: RunResult, label: string): string {
  const { profile, id, startedAt, master, verdict } = run
  return `<p><b>${label}</b> ${verdictBadge(verdict)} ${escapeHtml(`${profile.name} ${id}, seed ${profile.seed}, ${readableTime(startedAt)}, ${master.version}`)}</p>${caveats(run)}`
}

/** Under what the runs differ: what is the same in all is not listed. */
function differences(runs: readonly RunResult[], labels: readonly string[]): string {
  const facts: [string, (run: RunResult) => string][] = [
    ['profile', ({ profile }) => profile.name],
    ['seed', ({ profile }) => String(profile.seed)],
    ['master', ({ master }) => `${master.kind}: ${master.version}`],
    ['database', ({ master }) => master.mailboxDatabase],
    [
      'settings',
      ({ master }) =>
        Object.entries(master.settings)
          .map(([name, value]) => `${name}: ${value}`)
          .join('; '),
    ],
    ['slaves', ({ slaves }) => String(slaves.count)],
    ['retry delay', ({ slaves }) => formatDurationUs(slaves.retryDelayMs * 1e3)],
    ['host', ({ harness }) => hostText(harness.host)],
    ['harness', ({ harness }) => `${harness.version}, Node ${harness.node}`],
  ]
  const body = facts
    .map(([name, of]) => [name, ...runs.map(of)])
    .filter(([, first, ...others]) => others.some(other => other !== first))
  if (body.length === 0) return '<h2>Conditions</h2><p>The same for all: profile, seed, master, settings and host.</p>'
  return `<h2>Conditions that differ</h2>${table({ caption: 'Conditions that differ', head: ['', ...labels], body, words: labels.map((_, i) => i + 1) })}`
}

function ratios(runs: readonly RunResult[], labels: readonly string[]): string {
  const head = ['', labels[0], ...labels.slice(1).flatMap(label => [label, `${label} ÷ ${labels[0]}`])]
  return `<h2>Figures, and their ratio to ${labels[0]}</h2>
<p class="note">One run each: how far runs of the same profile lie apart is not in these ratios. ≥: a lower bound.</p>
${table({ caption: 'Figures and ratios', head, body: ratioRows(runs) })}`
}
