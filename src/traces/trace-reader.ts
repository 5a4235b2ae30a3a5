import { HarnessError } from '../core/errors.js'
import type { MailboxRecord } from '../core/mailbox.js'
import { commandOf, LEFT_OUT } from './client-command.js'
import type { Expectation } from './expectation.js'
import type { ConnectionTrace, Answer } from './trace.js'
import { TraceBuilder } from './trace-builder.js'
import { TRACE_SCHEMA, type TracedMessage, traceHeaderSchema, type TraceLine, traceLineSchema } from './trace-line.js'

const LF = 10
const START = `{"schema":"${TRACE_SCHEMA.replace(/\d+$/, '')}`

/** A connection, as far as it has been read. */
interface Reading {
  readonly builder: TraceBuilder
  unanswered: number
  unread: number
  endS: number
}

/** @param start of a file. @returns whether it is a trace, of this version or another */
export function isTrace(start: Uint8Array): boolean {
  return Buffer.from(start.subarray(0, START.length)).toString('latin1') === START
}

/** Reads a trace of `record` or of `run --trace`. One that was cut off ends with its last whole line. */
export class TraceReader {
  private begun: Buffer[] = []
  private lines = 0
  private startedS: number | undefined
  private readonly connections = new Map<number, Reading>()

  constructor(
    private readonly path: string,
    private readonly expectation: Expectation,
  ) {}

  /** @throws {HarnessError} `RESULTS` for what is no such trace */
  push(chunk: Buffer): void {
    let at = 0
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, at)) {
      const line = Buffer.concat([...this.begun, chunk.subarray(at, end)])
      this.begun = []
      at = end + 1
      this.take(line.toString())
    }
    if (at < chunk.length) this.begun.push(chunk.subarray(at))
  }

  end(): ConnectionTrace[] {
    return [...this.connections.values()].map(({ builder, endS, unread }) =>
      builder.end({ events: [], endS, isCutOff: false, unread }),
    )
  }

  private take(text: string): void {
    this.lines++
    if (this.startedS === undefined) this.startedS = this.startOf(text)
    else this.add(this.parsed(text, traceLineSchema), this.startedS)
  }

  private startOf(text: string): number {
    const { startedAt } = this.parsed(text, traceHeaderSchema)
    const startedS = Date.parse(startedAt) / 1000
    if (!Number.isNaN(startedS)) return startedS
    throw this.noTrace(`startedAt is no time: ${startedAt}`)
  }

  private add(line: TraceLine, startedS: number): void {
    const atS = startedS + line.atUs / 1e6
    if ('event' in line && (line.event === 'unreachable' || line.event === 'looped')) return
    const reading = this.connection(line.connection, atS)
    reading.endS = Math.max(reading.endS, atS)
    if ('undecoded' in line) reading.unread++
    else if ('verb' in line) addMessage(reading, line, atS)
  }

  private connection(number: number, atS: number): Reading {
    let reading = this.connections.get(number)
    if (reading === undefined) {
      const builder = new TraceBuilder(`${this.path}, connection ${number}`, atS, this.expectation, true)
      reading = { builder, unanswered: 0, unread: 0, endS: atS }
      this.connections.set(number, reading)
    }
    return reading
  }

  private parsed<T>(text: string, schema: { parse(value: unknown): T }): T {
    try {
      return schema.parse(JSON.parse(text))
    } catch (error) {
      throw this.noTrace(`it is none of ${TRACE_SCHEMA}`, error)
    }
  }

  private noTrace(why: string, cause?: unknown): HarnessError {
    return new HarnessError(
      'RESULTS',
      `${this.path}, line ${this.lines}: ${why}`,
      'give a trace as mupdate-bench record writes it, of the same version',
      { cause },
    )
  }
}

function addMessage(reading: Reading, { from, tag, verb, arguments: texts = [] }: TracedMessage, atS: number): void {
  const { builder } = reading
  if (from === 'client') {
    const command = LEFT_OUT.includes(verb) ? undefined : commandOf(verb, texts)
    builder.add({ kind: 'command', atS, tag, verb, command, isPipelined: reading.unanswered > 0 })
    reading.unanswered++
    return
  }
  if (tag === '*') return
  if (verb === 'OK' || verb === 'NO' || verb === 'BAD') {
    reading.unanswered = Math.max(0, reading.unanswered - 1)
    builder.add({ kind: 'answer', tag, status: verb satisfies Answer })
  } else if (verb === 'MAILBOX' || verb === 'RESERVE') {
    const [name = '', location = '', acl = ''] = texts
    const state: MailboxRecord['state'] = verb === 'MAILBOX' ? 'active' : 'reserved'
    builder.add({ kind: 'record', atS, tag, record: { name, location, acl, state } })
  }
}
