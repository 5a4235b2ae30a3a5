/** Lines of a log that say the same of one mailbox or another. */
export interface LogGroup {
  readonly count: number
  /** The first of them. */
  readonly line: string
}

/** What Cyrus says when something is wrong with a list, or is left out of it. */
const GRAVE =
  /error|fail|missing|fatal|can't|invalid|too long|no uniqueid|signaled to death by signal (?!15\b)|corrupt/i

/** Said by each new master, which was not shut down before. */
const HARMLESS = /clean shutdown file missing/

/** The grave ones of a log, however many; the first of each kind is kept. */
export class LogDigest {
  private readonly groups = new Map<string, { count: number; readonly line: string }>()

  add(line: string): void {
    if (!GRAVE.test(line) || HARMLESS.test(line)) return
    const text = line.replace(/\[\d+\]/, '')
    // Names of mailboxes may hold whatever is put around them.
    const kind = text.replace(/(?: for |: (?=\S*[.!])|['"<=]).*$/s, '').replace(/\d+/g, '…')
    const group = this.groups.get(kind)
    if (group !== undefined) group.count++
    else if (this.groups.size < MOST_KINDS) this.groups.set(kind, { count: 1, line: text })
  }

  /** The most frequent first. */
  all(): LogGroup[] {
    return [...this.groups.values()].sort((a, b) => b.count - a.count).slice(0, MOST_TOLD)
  }
}

const MOST_KINDS = 1000
const MOST_TOLD = 4
