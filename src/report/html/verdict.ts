import type { RunResult, Verdict } from '../../metrics/run-result.js'
import { escapeHtml } from './escape.js'

/** A sign and a word beside the colour. */
const SIGNS: Record<Verdict['result'], string> = {
  pass: '✓ PASS',
  fail: '✗ FAIL',
  invalid: '⊘ INVALID',
  inconclusive: '? INCONCLUSIVE',
}
const MARKS = {
  pass: ['✓', 'kept'],
  fail: ['✗', 'failed'],
  inconclusive: ['?', 'undecided'],
  unjudged: ['⊘', 'threshold'],
} as const

export function verdictBadge({ result }: Pick<Verdict, 'result'>): string {
  return `<span class="verdict ${result}">${SIGNS[result]}</span>`
}

/** The verdict's reasons, each with what it says for itself. */
export function verdictReasons({ verdict }: RunResult): string {
  const { reasons, thresholds, result } = verdict
  const all = [...new Set([...reasons, ...thresholds.map(({ reason }) => reason)])]
  const items = all.map(reason => {
    const known = thresholds.find(threshold => threshold.reason === reason)?.result
    // The harness was the limit: that a threshold was kept says nothing about the master.
    const judged = known !== undefined && result === 'invalid' ? 'unjudged' : known
    const kind = judged ?? (result === 'pass' ? 'pass' : result === 'inconclusive' ? 'inconclusive' : 'fail')
    const [mark, words] = MARKS[kind]
    return `<li class="${kind}"><span class="mark" aria-label="${words}: ">${mark}</span>${escapeHtml(kind === 'unjudged' ? `not judged: ${reason}` : reason)}</li>`
  })
  return items.length === 0
    ? '<p>Nothing was to be kept: the profile has no thresholds.</p>'
    : `<ul class="reasons">${items.join('')}</ul>`
}

/** What a reader must know before any figure. */
export function caveats(run: RunResult): string {
  const callout = (text: string) => `<p class="callout">${escapeHtml(text)}</p>`
  const lines: string[] = []
  if (run.simulated)
    lines.push(
      `SIMULATED: no master ran and nothing was measured. All figures are those of a model, the ${run.master.version}, in virtual time.`,
    )
  else if (run.master.kind === 'model')
    lines.push(
      `MODEL: the master was a ${run.master.version}, in real time. Its answers take as long as a model says, not as long as a Cyrus took.`,
    )
  else if (run.master.kind === 'embedded')
    lines.push('The master was the embedded one: it says nothing yet about your own Cyrus.')
  if (run.master.security?.verified === false)
    lines.push('NOT VERIFIED: whoever answered was believed to be the master, as --tls-no-verify has it.')
  if (run.state === 'running')
    lines.push('CUT OFF: the harness did not end this run. What was measured up to then is here.')
  if (run.state === 'interrupted') lines.push('INTERRUPTED: this run was stopped before its end.')
  if (run.verdict.result === 'invalid')
    lines.push(
      'The harness was the limit, not the master: do not draw conclusions about the master from these figures.',
    )
  return lines.map(callout).join('')
}
