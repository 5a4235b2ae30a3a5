import { closeSync, openSync, unlinkSync, write, writeSync } from 'node:fs'
import { HarnessError, messageOf } from '../core/errors.js'
import type { TraceHeader, TraceLine } from '../traces/trace-line.js'

/** A trace that is killed lacks what came later than this. */
const FLUSH_MS = 250
const FLUSH_CHARACTERS = 256 * 1024
/** A disk that takes nothing must not fill the memory. */
const MOST_WAITING_CHARACTERS = 64 * 1024 * 1024

/** A trace that is being written, for its owner's eyes alone: names of mailboxes are private. */
export class TraceFile {
  /** Why there is no more of it. */
  failure: HarnessError | undefined
  onFailure: ((failure: HarnessError) => void) | undefined
  private waiting: string[] = []
  private waitingCharacters = 0
  private isWriting = false
  private isClosed = false
  private readonly timer = setInterval(() => this.flush(), FLUSH_MS).unref()

  private constructor(
    readonly path: string,
    private readonly file: number,
  ) {}

  /** @throws {HarnessError} `USAGE` where it cannot be made, or is there already */
  static create(path: string, header: TraceHeader): TraceFile {
    // Appended to, so that several threads can write whole lines.
    const trace = new TraceFile(path, opened(path, 'ax'))
    writeSync(trace.file, `${JSON.stringify(header)}\n`)
    return trace
  }

  /** The part of another thread, in the same file. */
  static join(path: string): TraceFile {
    return new TraceFile(path, opened(path, 'a'))
  }

  add(line: TraceLine): void {
    if (this.failure !== undefined || this.isClosed) return
    const text = `${JSON.stringify(line)}\n`
    this.waiting.push(text)
    this.waitingCharacters += text.length
    if (this.waitingCharacters > MOST_WAITING_CHARACTERS) this.fail(new Error('the disk does not keep up'))
    else if (this.waitingCharacters > FLUSH_CHARACTERS) this.flush()
  }

  /** @returns when all is in the file */
  async close(): Promise<void> {
    clearInterval(this.timer)
    // Somebody may still have something to say; the descriptor may be another file's then.
    this.isClosed = true
    while (this.isWriting) await new Promise(resolve => setImmediate(resolve))
    this.flush()
    while (this.isWriting) await new Promise(resolve => setImmediate(resolve))
    closeSync(this.file)
  }

  /** There was nothing to record. */
  async discard(): Promise<void> {
    await this.close()
    unlinkSync(this.path)
  }

  private flush(): void {
    if (this.isWriting || this.waiting.length === 0) return
    const bytes = Buffer.from(this.waiting.join(''))
    this.waiting = []
    this.waitingCharacters = 0
    this.isWriting = true
    this.write(bytes)
  }

  private write(bytes: Buffer): void {
    write(this.file, bytes, (error, written) => {
      if (error !== null) this.fail(error)
      else if (written < bytes.length) {
        this.write(bytes.subarray(written))
        return
      }
      this.isWriting = false
      // What has come meanwhile.
      if (this.waitingCharacters > FLUSH_CHARACTERS) this.flush()
    })
  }

  private fail(error: Error): void {
    if (this.failure !== undefined) return
    this.waiting = []
    this.waitingCharacters = 0
    this.failure = new HarnessError(
      'RESULTS',
      `${this.path} cannot be written any more: ${error.message}`,
      'what was written before is whole; make room, and record anew',
      { cause: error },
    )
    this.onFailure?.(this.failure)
  }
}

function opened(path: string, flags: 'ax' | 'a'): number {
  try {
    return openSync(path, flags, 0o600)
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST'
    throw new HarnessError(
      'USAGE',
      isThere ? `${path} is there already` : `cannot write ${path}: ${messageOf(error)}`,
      isThere ? 'give another name, or move it away: a trace cannot be made again' : 'give a file that can be written',
    )
  }
}
