import type { GateResult } from '../metrics/gate-result.js'
import type { GateVerdict } from '../verdict/gate.js'

/** A verdict's figures, as `gate.json` has them. */
export function judgedJson({ damage, metrics }: GateVerdict): Pick<GateResult, 'damage' | 'metrics'> {
  return {
    damage: { a: [...damage.a], b: [...damage.b] },
    metrics: metrics.map(({ a, b, ci, ...metric }) => ({
      ...metric,
      a: { ...a, values: [...a.values] },
      b: { ...b, values: [...b.values] },
      ci: ci === null ? null : [ci[0], ci[1]],
    })),
  }
}
