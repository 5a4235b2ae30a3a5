import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs'
import type { Operation } from '../core/operation.js'
import type { Listed, Paced, Playing } from '../generators/lanes.js'
import { OperationStream } from '../generators/operations.js'
import type { StepSpec } from '../generators/spec.js'
import { stepOperations } from '../generators/steps.js'
import type { Plan } from './plan.js'

/** Who draws an operation: what arrives by chance, or a step. */
export type Drawer = 'arrival' | 'step'

const LETTERS = { arrival: 'a', step: 's' } as const
/** What a step is told when it asks whether what it has sent is settled, or is on a list, before it says what comes next. */
const ANSWERS = { yes: 'y', no: 'n' } as const
const LISTED = { same: 'y', absent: 'n', different: 'd', unknown: 'u' } as const

const LISTED_ANSWERS = Object.keys(LISTED) as Listed[]

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
  /** Since the last draw of a step. */
  private answers = ''

  constructor(path: string) {
    this.past = readDraws(path)
    this.fd = openSync(path, 'a', 0o600)
  }

  enter(phase: number): void {
    writeSync(this.fd, `\n${phase} `)
  }

  /** The same operations, each noted before it is sent, with what a step was told on the way to it. */
  *noted<Drawn>(drawer: Drawer, operations: Generator<Drawn, void, undefined>): Generator<Drawn, void, undefined> {
    for (;;) {
      const { value, done } = operations.next()
      writeSync(this.fd, `${LETTERS[drawer]}${drawer === 'step' ? this.answers : ''}`)
      if (drawer === 'step') this.answers = ''
      // The end of a step is a draw as well: it lets go of the user that it held.
      if (done === true) return
      yield value as Drawn
    }
  }

  /** The same answers, to be noted: what a step does depends on them. */
  answersOf(playing: Playing): Playing {
    return {
      isSettled: (operations, thenNs) => {
        const isSettled = playing.isSettled(operations, thenNs)
        this.answers += isSettled ? ANSWERS.yes : ANSWERS.no
        return isSettled
      },
      listed: (list, record) => {
        const listed = playing.listed(list, record)
        this.answers += LISTED[listed]
        return listed
      },
      nextStale: (list, isOwn) => {
        const name = playing.nextStale(list, isOwn)
        this.answers += name === undefined ? ANSWERS.no : ANSWERS.yes
        return name
      },
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
  readonly begun: BegunStep | undefined
}

/** A step that was broken off: it is told what it was told then, and what is so now once it is gone on with. */
export class BegunStep implements Playing {
  private readonly operations: Paced
  private playing: Playing | undefined
  private letters = ''
  private at = 0

  constructor(
    readonly phase: number,
    private readonly stream: OperationStream,
    readonly spec: StepSpec,
  ) {
    this.operations = stepOperations(stream, spec, this)
  }

  isSettled(operations: readonly Operation[], thenNs: number): boolean {
    if (this.playing !== undefined) return this.playing.isSettled(operations, thenNs)
    return this.letters[this.at++] === ANSWERS.yes
  }

  listed(): Listed {
    const letter = this.letters[this.at++]
    return LISTED_ANSWERS.find(listed => LISTED[listed] === letter) ?? 'unknown'
  }

  /** Which one it was the site does not depend on: it was nobody's. */
  nextStale(): string | undefined {
    return this.letters[this.at++] === ANSWERS.yes ? '' : undefined
  }

  /** Draws once more. @param at in a phase's letters, behind the draw's own @returns where its answers end */
  draw(letters: string, at: number): number {
    this.letters = letters
    this.at = at
    this.operations.next()
    return this.at
  }

  goOn(playing: Playing): Paced {
    // What its LIST said is known no more: it is begun anew, as the program would be.
    if (this.spec.kind === 'push') return stepOperations(this.stream, this.spec, playing)
    this.playing = playing
    return this.operations
  }
}

/** Draws the same once more. @param plan its site with what is in its dump */
export function replay(plan: Pick<Plan, 'site' | 'mix' | 'seed' | 'phases'>, draws: readonly PhaseDraws[]): Replayed {
  const stream = new OperationStream(plan.site, plan.mix, plan.seed)
  let begun: BegunStep | undefined
  for (const { phase, letters } of draws) {
    const spec = plan.phases[phase]?.step?.spec
    // One that was gone on with has a line for each time.
    if (spec !== undefined && (phase !== begun?.phase || spec.kind === 'push'))
      begun = new BegunStep(phase, stream, spec)
    for (let at = 0; at < letters.length; ) {
      const letter = letters[at++]
      if (letter === LETTERS.arrival) stream.next()
      else if (letter === LETTERS.step && begun !== undefined) at = begun.draw(letters, at)
    }
  }
  return { stream, begun }
}
