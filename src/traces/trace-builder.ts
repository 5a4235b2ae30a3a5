import type { Expectation } from './expectation.js'
import type { TelemetryEvent } from './reading.js'
import type { TelemetryEnd } from './telemetry.js'
import type { Answer, ConnectionTrace, TraceStep } from './trace.js'

/** A command whose answer may come. */
interface Waiting {
  /** Undefined where it is no part of a replay. */
  readonly step: { -readonly [key in keyof TraceStep]: TraceStep[key] } | undefined
  isFound: boolean
}

/** Makes a connection's trace of what was said on it, and tells what that implies of the master before. */
export class TraceBuilder {
  private readonly steps: TraceStep[] = []
  private readonly leftOut = new Map<string, number>()
  private readonly waiting = new Map<string, Waiting>()
  private startS: number | undefined

  /**
   * @param namedS when it began, as the log's name says; undefined where it does not
   * @param isExact whether times are to the µs; else they are whole seconds
   */
  constructor(
    private readonly path: string,
    private readonly namedS: number | undefined,
    private readonly expectation: Expectation,
    private readonly isExact = false,
  ) {}

  add(event: TelemetryEvent): void {
    switch (event.kind) {
      case 'command':
        this.addCommand(event)
        break
      case 'answer':
        this.addAnswer(event.tag, event.status)
        break
      case 'record': {
        const asking = this.waiting.get(event.tag)
        if (asking !== undefined) asking.isFound = true
        this.expectation.addRecord(event.record, event.atS, this.isExact)
      }
    }
  }

  /** @param end what it holds has been added */
  end({ endS, isCutOff, unread }: TelemetryEnd): ConnectionTrace {
    for (const waiting of this.waiting.values()) this.imply(waiting, undefined)
    this.leaveOut('cut off at the end of its log', isCutOff ? 1 : 0)
    this.leaveOut('no command', unread)
    const { path, steps, leftOut, isExact } = this
    const startS = this.startS ?? this.namedS ?? endS ?? 0
    return { path, startS, endS: Math.max(startS, endS ?? 0, steps.at(-1)?.atS ?? 0), steps, leftOut, isExact }
  }

  private addCommand({ tag, verb, atS, command, isPipelined }: TelemetryEvent & { kind: 'command' }): void {
    this.startS ??= this.beginning(atS)
    if (command === undefined) this.leaveOut(verb, 1)
    // A clock may have been set back.
    const notBefore = this.steps.at(-1)?.atS ?? this.startS
    const step = command && { command, atS: Math.max(atS, notBefore), isPipelined, answer: undefined }
    if (step !== undefined) this.steps.push(step)
    this.waiting.set(tag, { step, isFound: false })
  }

  private addAnswer(tag: string, status: Answer): void {
    const answered = this.waiting.get(tag)
    if (answered === undefined) return
    this.waiting.delete(tag)
    if (answered.step !== undefined) answered.step.answer = status
    this.imply(answered, status)
  }

  private imply({ step, isFound }: Waiting, answer: Answer | undefined): void {
    if (step !== undefined) this.expectation.addCommand(step.command, step.atS, answer, isFound)
  }

  private leaveOut(reason: string, count: number): void {
    if (count > 0) this.leftOut.set(reason, (this.leftOut.get(reason) ?? 0) + count)
  }

  /** A log that was given another name did not begin then. */
  private beginning(firstS: number): number {
    const { namedS } = this
    return namedS !== undefined && namedS < firstS + 1 && namedS > firstS - MOST_SILENT_S ? namedS : firstS
  }
}

/** mupdate gives up a client that says nothing for three hours. */
const MOST_SILENT_S = 3 * 3600
