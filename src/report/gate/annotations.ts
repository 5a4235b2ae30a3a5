import type { GateResult } from '../../metrics/gate-result.js'
import { headlineOf } from './figures.js'

const LEVELS = { pass: 'notice', fail: 'error', inconclusive: 'warning', invalid: 'error' } as const

/** Workflow commands of GitHub Actions: what failed stands beside the change that made it fail. */
export function annotations(result: GateResult): string {
  const level = LEVELS[result.result]
  const title = `${result.result.toUpperCase()}: ${headlineOf(result)}`
  return result.reasons.map(reason => `::${level} title=${property(title)}::${data(reason)}\n`).join('')
}

/** As actions/toolkit's `escapeData` and `escapeProperty` do. */
function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
