import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs'
import type { Operation } from '../core/operation.js'
import { OperationStream } from '../generators/operations.js'
import { stepOperations } from '../generators/steps.js'
import type { Plan, PlanPhase } from './plan.js'

/** Who has drawn an operation: what arrives by chance, or a step. */
export type Drawer = 'arrival' | 'step'

const LETTERS = { arrival: 'a', step: 's' } as const

/** The operations that were drawn in a phase of the plan, each a letter. */
export interface PhaseDraws {
  readonly phase: number
  readonly letters: string
}

/**
 * In which order operations were drawn, noted before each is sent. With the plan that is all that it takes to know, after
 * the harness was killed, what its operations have made of the site: they come from one seed, and only their order is
 * chance. A line for each phase, its index and its letters.
 */
export class Draws {
  /** Of a run that this one goes on with. */
  readonly past: readonly PhaseDraws[]
  private readonly fd: number

  constructor(path: string) {
    this.past = readDraws(path)
    this.fd = openSync(path, 'a', 0o600)
  }

  enter(phase: number): void {
    writeSync(this.fd, `\n${phase} `)
  }

  /** The same operations, each noted as it is drawn. */
  *noted(drawer: Drawer, operations: Iterator<Operation>): Generator<Operation, void, undefined> {
    for (;;) {
      // The end of a step is a draw as well: it lets go of the user that it held.
      const { value, done } = operations.next()
      writeSync(this.fd, LETTERS[drawer])
      if (done) return
      yield value
    }
  }

  close(): void {
    closeSync(this.fd)
  }
}

/** Empty where there is no such file: nothing was drawn then. */
export function readDraws(path: string): PhaseDraws[] {
  if (!existsSync(path)) return []
  return readFileSync(path, 'latin1')
    .split('\n')
    .flatMap(line => {
      const [phase, letters] = line.split(' ')
      return letters === undefined ? [] : [{ phase: Number(phase), letters }]
    })
}

/** The phase in which the run was broken off. */
export function lastPhase(draws: readonly PhaseDraws[]): number {
  return draws.reduce((last, { phase }) => Math.max(last, phase), 0)
}

/** A site as operations have left it. */
export interface Replayed {
  readonly stream: OperationStream
  /** The step of the last phase, as far as it came; undefined where that has none. */
  readonly step: Iterator<Operation> | undefined
}

/** Draws the same once more. @param plan its site with what is in its dump */
export function replay(plan: Pick<Plan, 'site' | 'mix' | 'seed' | 'phases'>, draws: readonly PhaseDraws[]): Replayed {
  const stream = new OperationStream(plan.site, plan.mix, plan.seed)
  let reached = -1
  let step: Iterator<Operation> | undefined
  for (const { phase, letters } of draws) {
    // One that was gone on with has a line for each time, and frontends came anew before it.
    if (phase > reached) step = stepOf(plan.phases[phase], stream)
    reached = Math.max(reached, phase)
    for (const letter of letters)
      if (letter === LETTERS.arrival) stream.next()
      else step?.next()
  }
  return { stream, step }
}

function stepOf(phase: PlanPhase | undefined, stream: OperationStream): Iterator<Operation> | undefined {
  return phase?.step && stepOperations(stream, phase.step.spec)
}
