import { parentPort, workerData } from 'node:worker_threads'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import { throwAtClient } from './at-client.js'
import { feedDecoders } from './at-decoders.js'
import { failureText, soakSide } from './side.js'
import { STATES, type State, type Tally } from './tally.js'

const SOCKET_SHARE = 0.15

/** The client's side, in a thread of its own. */
const { seed, frames, limitMs } = workerData as { seed: number; frames: number; limitMs: number }
const clock = monotonicClock(monotonicOriginS())

process.on('uncaughtException', fail)
process.on('unhandledRejection', fail)
try {
  const result = await soakSide(throwAndFeed, frames, limitMs)
  parentPort!.postMessage({ result })
} catch (error) {
  fail(error)
}

/** A connection costs as much as hundreds of frames that are fed: so many are thrown over loopback, the rest is fed. */
async function throwAndFeed(state: State, isDone: () => boolean, tally: Tally): Promise<void> {
  const most = (frames / STATES.length) * SOCKET_SHARE
  await throwAtClient(clock, state, seed, () => isDone() || tally.frames >= most, tally)
  feedDecoders(state, seed, isDone, tally)
}

function fail(error: unknown): void {
  parentPort!.postMessage({ failure: failureText(error) })
}
