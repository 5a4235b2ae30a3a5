import { type Copy, FATES, type Fate } from './reconciliation.js'
import type { Outcome } from './reconciliation-run.js'
import { Findings } from './spread.js'

/** Mailboxes with the same fate. */
export interface Foreseen {
  readonly fate: Fate
  /** Of those deleted or left alone: the server on which the master has them, and whether they are there. */
  readonly server?: string
  readonly copy?: Copy
  readonly names: Findings
}

/** What a run of `ctl_mboxlist -m` makes of a backend's mailboxes. */
export class Forecast {
  private readonly kinds = new Map<string, Foreseen>()

  add({ fate, server, copy, name }: Outcome): void {
    const isElsewhere = fate === 'wiped' || fate === 'left'
    const key = isElsewhere ? `${fate}\t${copy}\t${server}` : fate
    let kind = this.kinds.get(key)
    if (kind === undefined) {
      const names = new Findings()
      kind = isElsewhere ? { fate, server, copy, names } : { fate, names }
      this.kinds.set(key, kind)
    }
    kind.names.add(name)
  }

  /** In the order of {@link FATES}. */
  all(): readonly Foreseen[] {
    return [...this.kinds.values()].sort((a, b) => FATES.indexOf(a.fate) - FATES.indexOf(b.fate))
  }

  count(fate: Fate): number {
    return this.all().reduce((sum, kind) => sum + (kind.fate === fate ? kind.names.count : 0), 0)
  }

  /** At which mailbox the run dies; undefined where it does not. */
  get diesAt(): string | undefined {
    return this.kinds.get('fatal')?.names.first[0]
  }

  /** Whether nothing would be lost by it. */
  get isSafe(): boolean {
    return this.diesAt === undefined && this.count('wiped') === 0
  }
}
