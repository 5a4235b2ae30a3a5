import { connect, type Socket } from 'node:net'
import { entityRandom } from '../../src/core/random.js'
import type { Master } from '../../src/masters/master.js'
import { DEFAULT_LIMITS } from '../../src/wire/limits.js'
import { REPLY, replyCode } from '../../src/wire/reply.js'
import { FrameScanner } from '../../src/wire/scanner.js'
import { Mutator } from './mutator.js'
import { commandSeeds } from './seeds.js'
import { type State, type Tally, Violation } from './tally.js'

const SIDE = 'the embedded master'
const FRAMES = 40
const AT_ONCE = 16
/** Silent for so long, it may wait for the rest of a literal: it gets one. */
const IMPATIENCE_MS = 40
const DEADLINE_MS = 10_000
/** More than the largest literal, and the longest frame. */
const FILL_BYTES = 64 * 1024
const MOST_FILL_BYTES = 2 * 1024 * 1024

/** A reset takes what was sent before it along; the master's log has the reason. */
export const UNHEARD = 'closed by a reset'

/** Throws frames at a real master's socket, each followed by a NOOP whose answer shows that the frame is dealt with. */
export async function throwAtMaster(
  master: Master,
  state: State,
  seed: number,
  isDone: () => boolean,
  tally: Tally,
): Promise<void> {
  let connection = 0
  const one = async () => {
    while (!isDone()) await throwOne(master, state, seed, connection++, tally)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, one))
}

async function throwOne(master: Master, state: State, seed: number, connection: number, tally: Tally): Promise<void> {
  const mutator = new Mutator(entityRandom(seed, `master ${state}`, connection), commandSeeds)
  const frames = Array.from({ length: FRAMES }, () => mutator.next())
  const fail = (what: string): Violation =>
    new Violation(what, SIDE, state, connection, frames.slice(0, dialogue.dealtWith + 2))
  const dialogue: Dialogue = new Dialogue(master, FRAMES, fail)
  try {
    await dialogue.begin(state)
    const said = frames.map((frame, i) => [
      ...(state === 'mid-literal' ? [`L${i} FIND {${1 + mutator.below(2 * frame.length + 1)}+}\r\n`] : []),
      frame,
      `\r\nK=${i} NOOP\r\n`,
    ])
    // Along with the frames, or the list would have ended when they come.
    if (state === 'mid-dump') said.unshift(['U01 UPDATE\r\n'])
    dialogue.say(Buffer.concat(said.flat().map(part => Buffer.from(part as string, 'latin1'))))
    await dialogue.end()
    // The frame that it was closed for is dealt with, too.
    tally.frames += Math.min(FRAMES, dialogue.dealtWith + (dialogue.closed === undefined ? 0 : 1))
    tally.answers += dialogue.answers
    tally.closed(dialogue.closed ?? (dialogue.filled ? 'answered, once a literal was filled' : 'answered'))
  } finally {
    dialogue.destroy()
  }
}

/** One connection from the hostile end. */
class Dialogue {
  answers = 0
  /** Frames whose NOOP was answered, or that had swallowed it before one that was. */
  dealtWith = 0
  closed: string | undefined
  filled = false
  private readonly socket: Socket
  /** A tag that looks like a huge literal is none, and comes back in the answer. */
  private readonly scanner = new FrameScanner({ ...DEFAULT_LIMITS, maxLiteralBytes: Number.POSITIVE_INFINITY })
  /** Tags of commands that were answered with OK; the banner's. */
  private readonly accepted = new Set<string>()
  private bye: string | undefined
  private failure: Error | undefined
  private wake = () => {}

  constructor(
    private readonly master: Master,
    private readonly frames: number,
    private readonly fail: (what: string) => Violation,
  ) {
    this.socket = connect({ ...master.address, noDelay: true })
    this.socket.on('data', chunk => this.hear(chunk))
    this.socket.on('error', () => {})
    this.socket.on('close', () => {
      this.closed = this.bye ?? UNHEARD
      this.wake()
    })
  }

  async begin(state: State): Promise<void> {
    if (state === 'banner') return
    await this.until(() => this.accepted.has('*'))
    if (state === 'before login') return
    const { user, password } = this.master.credentials
    this.say(`A01 AUTHENTICATE "PLAIN" "${Buffer.from(`\0${user}\0${password}`).toString('base64')}"\r\n`)
    if (state === 'streaming') this.say('U01 UPDATE\r\n')
    await this.until(() => this.accepted.has(state === 'streaming' ? 'U01' : 'A01'))
  }

  say(bytes: Buffer | string): void {
    this.socket.write(bytes as string, 'latin1')
  }

  /** Until the last NOOP is answered, or it is closed by a reason. */
  async end(): Promise<void> {
    const isOver = () => this.dealtWith === this.frames || this.closed !== undefined
    const isSoon = await this.until(isOver, IMPATIENCE_MS)
    const end = performance.now() + DEADLINE_MS
    for (let filledBytes = 0; !isSoon && !isOver(); filledBytes += FILL_BYTES) {
      if (filledBytes > MOST_FILL_BYTES || performance.now() > end) throw this.fail('no answer, and not closed')
      this.filled = true
      this.say(`${'x'.repeat(FILL_BYTES)}\r\nK=${this.frames - 1} NOOP\r\n`)
      await this.until(isOver, IMPATIENCE_MS)
    }
    if (this.failure !== undefined) throw this.failure
  }

  destroy(): void {
    this.socket.resetAndDestroy()
  }

  private async until(look: () => boolean, limitMs = DEADLINE_MS): Promise<boolean> {
    const isBegun = limitMs === DEADLINE_MS
    for (const end = performance.now() + limitMs; !look(); ) {
      if (this.failure !== undefined) throw this.failure
      const leftMs = end - performance.now()
      if (this.closed !== undefined || leftMs <= 0) {
        if (isBegun) throw this.fail(`${this.closed ?? 'no answer'}, before anything was thrown`)
        return look()
      }
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, leftMs)
        this.wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    return true
  }

  /** What it says has to be well-formed, whatever it was told. */
  private hear(chunk: Buffer): void {
    try {
      this.scanner.feed(chunk)
      while (this.scanner.next()) this.take()
    } catch (error) {
      this.failure = this.fail(`its answer cannot be read: ${String(error)}`)
    }
    this.wake()
  }

  private take(): void {
    const { frame } = this.scanner
    const code = replyCode(frame)
    if (code === REPLY.mailbox || code === REPLY.reserve || code === REPLY.delete) return
    const tag = frame.count > 0 ? frame.text(0) : ''
    if (code === REPLY.bye) this.bye = reasonOf(frame.text(2))
    const isStatus = code === REPLY.ok || code === REPLY.no || code === REPLY.bad
    if (frame.malformed) this.failure = this.fail(`its answer is malformed: ${frame.restOfLine(0).slice(0, 80)}`)
    if (!isStatus) return
    if (code === REPLY.ok) this.accepted.add(tag)
    this.answers++
    const number = /^K=(\d+)$/.exec(tag)?.[1]
    if (number !== undefined) this.dealtWith = Math.max(this.dealtWith, Math.min(this.frames, Number(number) + 1))
    // LOGOUT, however it came about, is answered and closes.
    if (frame.count > 2 && frame.text(2) === 'bye-bye') this.bye = 'LOGOUT'
  }
}

function reasonOf(text: string): string {
  return `BYE "${text.replace(/\d[\d.e+]*/g, 'N')}"`
}
