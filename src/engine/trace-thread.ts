import { threadId } from 'node:worker_threads'
import type { TraceFile } from '../recording/trace-file.js'
import { startTracing } from '../session/traced.js'

/** Connections of each thread have numbers of their own. */
const CONNECTIONS = 100_000_000

/**
 * From now on all that the connections of this thread say is in the file.
 *
 * @param startNs when the trace began
 * @returns the end of it; then all is in the file
 */
export function traceThread(file: TraceFile, startNs: number): () => Promise<void> {
  let connections = threadId * CONNECTIONS
  startTracing({ startNs, next: () => ++connections, onLine: line => file.add(line) })
  return () => {
    startTracing(undefined)
    return file.close()
  }
}
