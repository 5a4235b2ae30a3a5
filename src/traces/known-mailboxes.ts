import type { MailboxRecord } from '../core/mailbox.js'
import type { Answer, TracedCommand } from './trace.js'

/** What a master is known to hold, by what was put there and what it has answered since. */
export class KnownMailboxes {
  private readonly states = new Map<string, MailboxRecord['state']>()

  add({ name, state }: Pick<MailboxRecord, 'name' | 'state'>): void {
    this.states.set(name, state)
  }

  /**
   * A DELETE of a name that is not there, and a DEACTIVATE of one that is not there or is reserved, kill mupdate (imap/mupdate.c
   * cmd_set).
   *
   * @returns why it may kill the master; undefined where it does not
   */
  danger(command: TracedCommand): string | undefined {
    if (command.kind !== 'DELETE' && command.kind !== 'DEACTIVATE') return undefined
    const state = this.states.get(command.name)
    if (state === undefined) return `${command.kind} of a mailbox that is not known to be there`
    return command.kind === 'DEACTIVATE' && state === 'reserved'
      ? 'DEACTIVATE of a mailbox that is reserved'
      : undefined
  }

  /** @param answer undefined where its connection was lost first */
  answered(command: TracedCommand, answer: Answer | undefined): void {
    if (answer === 'NO' || answer === 'BAD' || !('name' in command)) return
    const { kind, name } = command
    // One that was not answered may be carried out later than all else: then there is nothing to be sure of.
    if (kind === 'DELETE' || (kind === 'DEACTIVATE' && answer === undefined)) this.states.delete(name)
    else if (kind === 'DEACTIVATE') this.states.set(name, 'reserved')
    else if (kind === 'ACTIVATE' && answer === 'OK') this.states.set(name, 'active')
    // What is there is so still, and reserved at worst.
    else if (kind === 'RESERVE' && (answer === 'OK' || this.states.has(name))) this.states.set(name, 'reserved')
  }
}
