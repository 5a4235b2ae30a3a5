import type { LineCursor } from './line-cursor.js'
import { type Copy, type Fate, type Held, stepsOf, type Told } from './reconciliation.js'
import {
  isOfEarlier,
  listedLine,
  parseSourceLine,
  parseStepLine,
  type SourceLine,
  stepLine,
} from './reconciliation-line.js'

/** Makes steps of source lines that come sorted: of a mailbox once it has all lines of it. */
export class NameJoin {
  private name: string | undefined
  private told: Told | undefined
  private held: Held[] = []
  /** To be taken away, and sorted: {@link stepLine}, {@link listedLine}. */
  steps: string[] = []
  listed: string[] = []

  /** @param servers names of the backends, in the order of the runs */
  constructor(private readonly servers: readonly string[]) {}

  add(line: string): void {
    const entry = parseSourceLine(line)
    if (entry.name !== this.name) this.end()
    this.name = entry.name
    // What is twice in a dump is taken once.
    if (entry.source === 0) this.told ??= toldOf(entry)
    else if (this.held.at(-1)?.backend !== entry.source - 1) this.held.push(this.heldOf(entry))
  }

  end(): void {
    const { name, told, held } = this
    if (name === undefined) return
    for (const step of stepsOf(told, held, this.servers)) {
      this.steps.push(stepLine(step, name))
      if (step.listed !== undefined) this.listed.push(listedLine(step.backend, step.listed))
    }
    this.name = this.told = undefined
    this.held = []
  }

  private heldOf({ source, order, state, server, partition, acl }: SourceLine): Held {
    const backend = source - 1
    const isElsewhere = server !== '' && server !== this.servers[backend]
    // Tombstones are left out before.
    const own = isElsewhere && state === 'active' ? 'elsewhere' : (state as Held['state'])
    return { backend, order, partition, acl, state: own }
  }
}

function toldOf({ order, server, partition, acl, state }: SourceLine): Told {
  return { order, server, partition, acl, isReserved: state === 'reserved' }
}

/** What becomes of a mailbox. */
export interface Outcome {
  readonly backend: number
  readonly name: string
  readonly fate: Fate
  /** Of what is deleted or left alone: the server on which the master has it. */
  readonly server: string
  readonly copy: Copy
}

/**
 * Goes through the backends as their runs do: one looks at its own mailboxes in its order, and at the next one on the
 * master's list. It gets on with the list only where both are the same (imap/ctl_mboxlist.c pop_mupdate_cb, act_head).
 *
 * @param steps {@link stepLine}s, sorted
 * @param list {@link listedLine}s, sorted
 * @param isUnified nothing is deleted from a backend that is a slave too (`mupdate_config: unified`)
 */
export async function* outcomesOf(
  steps: AsyncIterable<readonly string[]>,
  list: LineCursor,
  isUnified: boolean,
): AsyncGenerator<readonly Outcome[]> {
  let next = await list.next()
  let dead = -1
  for await (const lines of steps) {
    const outcomes: Outcome[] = []
    for (const line of lines) {
      const { backend, name, listed, fate, late, server, copy } = parseStepLine(line)
      let became = fate
      if (backend === dead) became = 'unreached'
      else if (listed !== undefined) {
        const own = listedLine(backend, listed)
        // A run before this one has left some of its list.
        while (next !== undefined && isOfEarlier(next, own)) next = await list.next()
        if (next === own) next = await list.next()
        else became = late
        if (became === 'fatal') dead = backend
      }
      if (isUnified && became === 'wiped') became = 'left'
      outcomes.push({ backend, name, fate: became, server, copy })
    }
    yield outcomes
  }
}
