import { EXIT } from '../core/exit-status.js'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Ctrl-C once: what is under way may come to an end of its own; twice: the process ends as soon as `leave` has settled.
 *
 * @returns how not to listen any more
 */
export function onInterrupt(once: () => void, leave: () => Promise<unknown>): () => void {
  let count = 0
  const handler = () => {
    count++
    if (count === 1) once()
    else void Promise.allSettled([leave()]).then(() => process.exit(EXIT.interrupted))
  }
  for (const signal of SIGNALS) process.on(signal, handler)
  return () => {
    for (const signal of SIGNALS) process.off(signal, handler)
  }
}
