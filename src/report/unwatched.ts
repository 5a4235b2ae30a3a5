import type { RunResult } from '../metrics/run-result.js'

/** Why it is not known what CPU the master used, and what would help. */
export function whyUnwatched({ simulated, master: { kind, probe } }: RunResult): string {
  if (simulated || kind === 'model') return 'this is a model, its costs are time waited'
  if (kind !== 'remote') return 'its process was not seen'
  if (probe === null)
    return 'it is not this run’s own; mupdate-bench probe --nats URL on its host, and run --nats URL here, would do it'
  return `probe ${probe.name} on ${probe.host} ${probe.lost === null ? 'did not see its process' : `was lost: ${probe.lost}`}`
}
