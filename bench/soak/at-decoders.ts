import { isHarnessError, messageOf } from '../../src/core/errors.js'
import { entityRandom } from '../../src/core/random.js'
import { DEFAULT_LIMITS } from '../../src/wire/limits.js'
import { RecordScanner, RecordSpan } from '../../src/wire/record-scanner.js'
import { decodeReply, recordOf, replyCode } from '../../src/wire/reply.js'
import { FrameScanner } from '../../src/wire/scanner.js'
import { Mutator } from './mutator.js'
import { replySeeds } from './seeds.js'
import { type State, type Tally, Violation } from './tally.js'

const FRAMES = 40

/** Feeds frames to what a client decodes with, without a socket: each as it comes, none is lost behind another. */
export function feedDecoders(state: State, seed: number, isDone: () => boolean, tally: Tally): void {
  for (let stream = 0; !isDone(); stream++) {
    const mutator = new Mutator(entityRandom(seed, `decoders ${state}`, stream), replySeeds(state))
    const frames = Array.from({ length: FRAMES }, () => mutator.next())
    feed(state, stream, frames, mutator, tally)
    tally.frames += FRAMES
    tally.fed += FRAMES
  }
}

function feed(state: State, stream: number, frames: readonly Buffer[], mutator: Mutator, tally: Tally): void {
  let scanner = new FrameScanner()
  const span = new RecordSpan()
  const records = new RecordScanner('U01', DEFAULT_LIMITS, { onRecord: () => void tally.answers++ })
  const lists = state === 'mid-dump' || state === 'streaming'
  for (const [i, frame] of frames.entries()) {
    try {
      if (state === 'mid-literal')
        scanner.feed(Buffer.from(`U01 DELETE {${1 + mutator.below(2 * frame.length + 1)}+}\r\n`))
      while (scanner.next());
      scanner.feed(frame)
      for (;;) {
        if (lists) scanner.takeRecords(records)
        if (!scanner.next()) break
        if (!recordOf(scanner.frame, replyCode(scanner.frame), span)) decodeReply(scanner.frame)
        tally.answers++
      }
    } catch (error) {
      if (!isHarnessError(error) || error.code === 'INTERNAL') {
        throw new Violation(messageOf(error), 'the client’s decoders', state, stream, frames.slice(0, i + 1))
      }
      tally.refused(error.code)
      scanner = new FrameScanner()
    }
  }
}
