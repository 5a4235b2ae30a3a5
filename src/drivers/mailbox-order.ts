/** Something that must not overtake, or be overtaken by, what touches the same mailboxes. */
export interface Ordered {
  readonly mailboxes: readonly string[]
}

interface Entry<T> {
  readonly item: T
  /** Mailboxes on which an earlier entry is still under way. */
  waitsFor: number
}

/**
 * Keeps operations on the same mailbox in order. Once one has failed, or its outcome is unknown, later ones on that
 * mailbox are not sent: a DELETE of a name that the master does not hold kills real masters.
 */
export class MailboxOrder<T extends Ordered> {
  private readonly queues = new Map<string, Entry<T>[]>()

  /** @param onReady called, at once or later, when nothing earlier is in the way; `possible` is false when it must be skipped */
  constructor(
    private readonly onReady: (item: T, possible: boolean) => void,
    /** Of which it is not known what they are, to begin with; grows. */
    private readonly doubtful = new Set<string>(),
  ) {}

  /** Operations not yet {@link finish}ed hold their mailboxes; this many mailboxes are held. */
  get held(): number {
    return this.queues.size
  }

  /** Those that are held. */
  get names(): Iterable<string> {
    return this.queues.keys()
  }

  add(item: T): void {
    const entry: Entry<T> = { item, waitsFor: 0 }
    for (const mailbox of item.mailboxes) {
      const queue = this.queues.get(mailbox)
      if (queue === undefined) this.queues.set(mailbox, [entry])
      else if (queue[queue.length - 1] !== entry) {
        queue.push(entry)
        entry.waitsFor++
      }
    }
    if (entry.waitsFor === 0) this.ready(entry)
  }

  /** Operations on them are not sent: one before was given up. */
  doubt(mailboxes: readonly string[]): void {
    for (const mailbox of mailboxes) this.doubtful.add(mailbox)
  }

  /** @param known whether the mailboxes are now as the operation meant them to be; `surely`: whatever they were before */
  finish(item: T, known: boolean | 'surely'): void {
    const released: Entry<T>[] = []
    for (const mailbox of new Set(item.mailboxes)) {
      if (known === false) this.doubtful.add(mailbox)
      else if (known === 'surely') this.doubtful.delete(mailbox)
      const queue = this.queues.get(mailbox)
      if (queue === undefined || queue[0].item !== item) continue
      queue.shift()
      if (queue.length === 0) this.queues.delete(mailbox)
      else if (--queue[0].waitsFor === 0) released.push(queue[0])
    }
    for (const entry of released) this.ready(entry)
  }

  private ready(entry: Entry<T>): void {
    this.onReady(entry.item, !entry.item.mailboxes.some(mailbox => this.doubtful.has(mailbox)))
  }
}
