import type { MailboxRecord } from '../core/mailbox.js'
import type { Answer, TracedCommand } from './trace.js'

/** Where those lie, and who may read them, of which the traces do not tell. */
export const DEFAULT_LOCATION = 'replayed.invalid!default'
export const DEFAULT_ACL = 'anyone\tlrs\t'

/** How a name was when it was first spoken of. */
interface FirstMention {
  /** s since 1970, whole */
  readonly atS: number
  /** Within the second: commands, in the order of their connections, before what lists show. */
  readonly place: number
  readonly state: MailboxRecord['state'] | 'absent'
  readonly location?: string | undefined
  readonly acl?: string | undefined
}

/** Where seconds are whole, lists may show what a command of the same second has done: they come after it. */
const AFTER_COMMANDS = 2

/**
 * What a master held before the first command of some traces, as far as they tell: by the first that is said of each mailbox,
 * by its time alone, so that connections may be added in any order. A telemetry log has whole seconds: of two commands of one
 * second on two connections, that of the connection that began first counts.
 */
export class Expectation {
  private readonly mentions = new Map<string, FirstMention>()

  /** @returns all that are spoken of, those too that were not there */
  get names(): Iterable<string> {
    return this.mentions.keys()
  }

  /**
   * @param atS to the µs where it is known
   * @param answer undefined where there is none
   * @param isFound of FIND: there was a record
   */
  addCommand(command: TracedCommand, atS: number, answer: Answer | undefined, isFound: boolean): void {
    const implied = impliedBefore(command, answer, isFound)
    if (implied === undefined || !('name' in command)) return
    const second = Math.floor(atS)
    this.add(command.name, { atS: second, place: atS - second, ...implied })
  }

  /**
   * A record of FIND, LIST or UPDATE.
   *
   * @param isExact whether `atS` is to the µs
   */
  addRecord({ name, state, location, acl }: MailboxRecord, atS: number, isExact: boolean): void {
    const second = Math.floor(atS)
    const place = isExact ? atS - second : AFTER_COMMANDS
    this.add(name, { atS: second, place, state, location, ...(state === 'active' ? { acl } : {}) })
  }

  /** What has to be there before. */
  *mailboxes(): Generator<MailboxRecord, void, undefined> {
    for (const [name, { state, location = DEFAULT_LOCATION, acl = DEFAULT_ACL }] of this.mentions)
      if (state !== 'absent') yield { name, location, acl: state === 'active' ? acl : '', state }
  }

  private add(name: string, mention: FirstMention): void {
    const known = this.mentions.get(name)
    if (known === undefined) {
      this.mentions.set(name, mention)
      return
    }
    const isEarlier = mention.atS < known.atS || (mention.atS === known.atS && mention.place < known.place)
    const [first, later] = isEarlier ? [mention, known] : [known, mention]
    // A DELETE says that there was one, a list later where such a one lies.
    const location = first.location ?? later.location
    const acl = first.acl ?? later.acl
    this.mentions.set(name, { ...first, location, acl })
  }
}

/** @returns how the mailbox was before it; undefined where that cannot be told */
function impliedBefore(
  command: TracedCommand,
  answer: Answer | undefined,
  isFound: boolean,
): Pick<FirstMention, 'state' | 'location' | 'acl'> | undefined {
  if (answer === 'BAD') return undefined
  switch (command.kind) {
    case 'DELETE':
      return answer === 'NO' ? { state: 'absent' } : { state: 'active' }
    case 'DEACTIVATE':
      return answer === 'NO' ? { state: 'absent' } : { state: 'active', location: command.location }
    case 'ACTIVATE':
      // SETACL, or a move: of what is created there was a RESERVE before.
      return { state: 'active', location: command.location, acl: command.acl }
    case 'RESERVE':
      // imap/mupdate.c cmd_set: "mailbox already exists", elsewhere
      return answer === 'NO' ? { state: 'active' } : { state: 'absent' }
    case 'FIND':
      return answer === 'OK' && !isFound ? { state: 'absent' } : { state: 'active' }
    case 'LIST':
    case 'UPDATE':
    case 'NOOP':
    case 'LOGOUT':
      return undefined
  }
}
