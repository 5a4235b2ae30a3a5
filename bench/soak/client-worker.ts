import { parentPort, workerData } from 'node:worker_threads'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import { throwAtClient } from './at-client.js'
import { failureText, soakSide } from './side.js'

/** The client's side, in a thread of its own. */
const { seed, frames, limitMs } = workerData as { seed: number; frames: number; limitMs: number }
const clock = monotonicClock(monotonicOriginS())

process.on('uncaughtException', fail)
process.on('unhandledRejection', fail)
try {
  const result = await soakSide(
    (state, isDone, tally) => throwAtClient(clock, state, seed, isDone, tally),
    frames,
    limitMs,
  )
  parentPort!.postMessage({ result })
} catch (error) {
  fail(error)
}

function fail(error: unknown): void {
  parentPort!.postMessage({ failure: failureText(error) })
}
