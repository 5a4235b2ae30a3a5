import { retryDelaySFor } from '../limits/resyncs.js'
import { connectionsFor, MOST_CONNECTIONS, SPARE_WORKERS, workersFor } from '../limits/workers.js'
import { modelSettings } from '../masters/model/settings.js'
import type { RunResult } from '../metrics/run-result.js'

export interface Advice {
  /** Of imapd.conf. */
  readonly setting: string
  readonly value: number
  /** The figures that it comes from. */
  readonly because: string
}

/** What the master's and the slaves' settings would have to be for this many slaves and mailboxes; none where they do. */
export function adviceOf({ slaves, probes, master }: RunResult): Advice[] {
  const advice: Advice[] = []
  const streams = slaves.count + probes.streaming
  const counted =
    probes.streaming > 0 ? `${slaves.count} slaves and ${probes.streaming} probes` : `${slaves.count} slaves`
  if (slaves.dumpHoldMs !== null && slaves.count > 0) {
    const allMs = slaves.count * slaves.dumpHoldMs
    if (allMs > slaves.retryDelayMs)
      advice.push({
        setting: 'mupdate_retry_delay',
        value: retryDelaySFor(allMs),
        because: `${slaves.count} slaves × ${(slaves.dumpHoldMs / 1000).toFixed(2)} s a list, should all fetch it at once`,
      })
  }
  const { workersMax, connectionsMax } = modelSettings(master.settings)
  const workers = workersFor(streams)
  if (master.kind !== 'embedded' && workers > workersMax)
    advice.push({
      setting: 'mupdate_workers_max',
      value: workers,
      because: `${counted} keep a worker each, and ${SPARE_WORKERS} for everybody else`,
    })
  const connections = connectionsFor(streams)
  if (master.kind !== 'embedded' && connections > connectionsMax)
    advice.push({
      setting: 'mupdate_connections_max',
      value: connections,
      because: `${counted}, as many again for backends, and never more than ${MOST_CONNECTIONS}, at which mupdate dies`,
    })
  return advice
}
