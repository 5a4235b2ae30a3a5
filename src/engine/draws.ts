import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs'
import type { Operation } from '../core/operation.js'
import { OperationStream } from '../generators/operations.js'
import { stepOperations } from '../generators/steps.js'
import type { Plan } from './plan.js'

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

/** A site as operations have left it. */
export interface Replayed {
  readonly stream: OperationStream
  /** The last step, as far as it came. */
  readonly begun: { readonly phase: number; readonly operations: Iterator<Operation> } | undefined
}

/** Draws the same once more. @param plan its site with what is in its dump */
export function replay(plan: Pick<Plan, 'site' | 'mix' | 'seed' | 'phases'>, draws: readonly PhaseDraws[]): Replayed {
  const stream = new OperationStream(plan.site, plan.mix, plan.seed)
  let begun: Replayed['begun']
  for (const { phase, letters } of draws) {
    const spec = plan.phases[phase]?.step?.spec
    // One that was gone on with has a line for each time.
    if (spec !== undefined && phase !== begun?.phase) begun = { phase, operations: stepOperations(stream, spec) }
    for (const letter of letters)
      if (letter === LETTERS.arrival) stream.next()
      else begun?.operations.next()
  }
  return { stream, begun }
}
