import type { GateResult } from '../../metrics/gate-result.js'
import { annotations } from './annotations.js'
import { bencherMetrics, smallerIsBetter } from './dashboards.js'
import { gateJunit } from './junit.js'
import { gateMarkdown } from './markdown.js'
import { gateText } from './text.js'

/** Of `gate --format` and `compare --format`. */
export const GATE_FORMATS = {
  text: gateText,
  json: result => `${JSON.stringify(result, null, 2)}\n`,
  markdown: gateMarkdown,
  junit: gateJunit,
  github: annotations,
  bmf: bencherMetrics,
  customSmallerIsBetter: smallerIsBetter,
} as const satisfies Readonly<Record<string, (result: GateResult) => string>>

export type GateFormatName = keyof typeof GATE_FORMATS
