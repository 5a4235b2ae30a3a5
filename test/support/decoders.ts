import { isHarnessError } from '../../src/core/errors.js'
import { CommandReader } from '../../src/masters/embedded/command-reader.js'
import { CommandParser } from '../../src/masters/embedded/parse-command.js'
import { spanText } from '../../src/masters/embedded/span.js'
import { RecordSpan } from '../../src/wire/record-scanner.js'
import { decodeReply, recordOf, replyCode } from '../../src/wire/reply.js'
import { FrameScanner } from '../../src/wire/scanner.js'

/** What a decoder makes of bytes, a line for each frame; how it refuses them comes last. */
export type Decoder = (chunks: Iterable<Uint8Array>) => string[]

/** The client's: frames, and what each is as a reply. */
export const asReplies: Decoder = chunks => {
  const scanner = new FrameScanner()
  const span = new RecordSpan()
  return lines(chunks, function* (chunk) {
    scanner.feed(chunk)
    while (scanner.next()) {
      const { frame } = scanner
      recordOf(frame, replyCode(frame), span)
      yield readable(() => decodeReply(frame))
    }
  })
}

/** The embedded master's: commands, or how it answers what is none. Each `+` is a go-ahead. */
export function asCommands(loggedIn: boolean): Decoder {
  return chunks => {
    let goAheads = ''
    const reader = new CommandReader(new CommandParser(), () => {
      goAheads += '+'
    })
    return lines(chunks, function* (chunk) {
      reader.feed(chunk)
      while (reader.next(loggedIn)) {
        const { tag, verb, args, problem } = reader.parser
        yield `${goAheads}${verb === undefined ? problem : JSON.stringify([tag, verb, ...args.map(spanText)])}`
        goAheads = ''
      }
    })
  }
}

/** @param cuts where the bytes are cut, in any order */
export function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [0, ...cuts.map(cut => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end))
}

function lines(chunks: Iterable<Uint8Array>, decode: (chunk: Uint8Array) => Iterable<string>): string[] {
  const found: string[] = []
  try {
    for (const chunk of chunks) {
      // What is kept of a chunk has to be a copy: it is wiped afterwards.
      const lent = Uint8Array.from(chunk)
      for (const line of decode(lent)) found.push(line)
      lent.fill(0xff)
    }
  } catch (error) {
    if (!isHarnessError(error)) throw error
    found.push(error.code)
  }
  return found
}

function readable(decode: () => object): string {
  try {
    return JSON.stringify(Object.values(decode()))
  } catch (error) {
    if (!isHarnessError(error, 'WIRE_SYNTAX')) throw error
    return error.code
  }
}
