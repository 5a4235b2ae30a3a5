import type { RunResult } from '../../metrics/run-result.js'

/** How a figure of the run is known, in a word for a table, and in full. */
export interface Basis {
  readonly word: string
  readonly full: string
}

/** Nothing that was not measured on a Cyrus may look so. */
export function basisOf({ master, verdict }: Pick<RunResult, 'master' | 'verdict'>): Basis {
  if (verdict.result === 'invalid') return { word: 'invalid', full: 'by a harness at its limit' }
  switch (master.kind) {
    case 'cyrus':
    case 'remote':
      return { word: 'once', full: 'measured once' }
    case 'model':
    case 'simulated':
      return { word: 'modelled', full: 'modelled' }
    case 'embedded':
      return { word: 'stand-in', full: 'measured once, on a stand-in' }
  }
}
