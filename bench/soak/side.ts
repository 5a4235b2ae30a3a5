import { STATES, type State, Tally, Violation } from './tally.js'

/** After so many frames of each state a process is warm. */
const WARM_FRAMES = 500

export type Tallies = Readonly<Record<State, Tally>>

export interface SideResult {
  readonly tallies: Tallies
  readonly before: Memory
  readonly after: Memory
}

export interface Memory {
  /** Of this thread, after a collection. */
  readonly heapBytes: number
  /** Of the process at which frames are thrown; absent where that is this one. */
  readonly residentBytes?: number
}

/** Throws frames in one state until it is done. */
export type Throw = (state: State, isDone: () => boolean, tally: Tally) => Promise<void>

/** One side, in all states, one after the other; fewer frames than wanted where time is short. */
export async function soakSide(
  one: Throw,
  frames: number,
  limitMs: number,
  resident?: () => number,
): Promise<SideResult> {
  const endMs = performance.now() + limitMs
  await inAllStates(one, WARM_FRAMES, endMs)
  const before = memory(resident)
  const tallies = await inAllStates(one, frames / STATES.length, endMs)
  return { tallies, before, after: memory(resident) }
}

async function inAllStates(one: Throw, framesEach: number, endMs: number): Promise<Tallies> {
  const tallies = Object.fromEntries(STATES.map(state => [state, new Tally()])) as Record<State, Tally>
  for (const state of STATES) {
    const tally = tallies[state]
    await one(state, () => tally.frames >= framesEach || performance.now() > endMs, tally)
  }
  return tallies
}

function memory(resident: (() => number) | undefined): Memory {
  // There with --expose-gc.
  globalThis.gc!()
  const { heapUsed, external } = process.memoryUsage()
  return { heapBytes: heapUsed + external, ...(resident === undefined ? {} : { residentBytes: resident() }) }
}

/** What is said of a failure, the frames in hexadecimal. */
export function failureText(error: unknown): string {
  if (!(error instanceof Violation)) return error instanceof Error ? (error.stack ?? error.message) : String(error)
  const { message, side, state, connection, frames } = error
  const where = `${message}\nat ${side}, ${state}, connection ${connection}; the last of these frames, or the one before it:`
  return [where, ...frames.map(frame => `  ${frame.toString('hex')}`)].join('\n')
}
