import type { RunResult } from '../metrics/run-result.js'

/** What a reader must know before he believes a figure, worst first; the same words in every format. */
export function caveatsOf(run: RunResult): string[] {
  return [
    ...(run.state === 'running' ? ['not ended: cut off, or still going on; figures up to its last second'] : []),
    ...(run.state === 'interrupted' ? ['interrupted: figures up to then'] : []),
    ...(run.verdict.result === 'invalid' ? ['the harness was the limit: figures say nothing about the master'] : []),
    ...(run.simulated ? ['simulated: in virtual time, against a model; no real master'] : []),
    ...(run.master.security?.verified === false
      ? ['the master’s certificate was not verified: whoever answered was believed']
      : []),
    ...(run.master.kind === 'model' ? ['against a model of a master, which waits instead of working'] : []),
    ...(run.master.kind === 'embedded' ? ['against the embedded master, which is no Cyrus'] : []),
  ]
}
