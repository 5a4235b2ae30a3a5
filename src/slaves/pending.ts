import type { Mutation } from './ledger.js'

/**
 * Mutations that not every slave has yet, by mailbox. An array of them is replaced, not shortened, when one is done with:
 * who walks through it is not disturbed.
 */
export class Pending {
  /** By mailbox: looked at for each update to each slave, for which a Map is slow. */
  private readonly byName: (readonly Mutation[] | undefined)[] = []
  private readonly open = new Set<number>()

  /** Mailboxes that have some. */
  get names(): ReadonlySet<number> {
    return this.open
  }

  of(name: number): readonly Mutation[] | undefined {
    return name < this.byName.length ? this.byName[name] : undefined
  }

  all(): Mutation[] {
    return [...this.open].flatMap(name => this.byName[name]!)
  }

  add(mutation: Mutation): void {
    const { name } = mutation
    while (this.byName.length <= name) this.byName.push(undefined)
    this.byName[name] = [...(this.byName[name] ?? []), mutation]
    this.open.add(name)
  }

  /** @returns whether it was there */
  remove(mutation: Mutation): boolean {
    const { name } = mutation
    const before = this.of(name)
    const left = before?.filter(other => other !== mutation)
    if (left === undefined || left.length === before!.length) return false
    this.byName[name] = left.length === 0 ? undefined : left
    if (left.length === 0) this.open.delete(name)
    return true
  }
}
