import type { Command } from '../core/operation.js'

export interface SentCommand {
  /** A number stands for `X` and that number. */
  readonly tag: string | number
  /** Of a batch, the last one. */
  readonly command: Command
}

/** What was said last on a connection that was lost. */
export interface LastCommands {
  /** Oldest first: what the master was at is the first of them, or one that it had read ahead of its replies. */
  readonly unanswered: readonly SentCommand[]
  /** Newest first, the last two. */
  readonly answered: readonly SentCommand[]
}

const MOST_SHOWN = 3

/** `unanswered X7 DELETE user.x; before it X6 RESERVE user.y` */
export function lastCommandsText({ unanswered, answered }: LastCommands): string {
  const before = answered.map(taggedText).join(', ')
  if (unanswered.length === 0) return before === '' ? 'nothing unanswered' : `nothing unanswered; the last ${before}`
  const more = unanswered.length > MOST_SHOWN ? ` and ${unanswered.length - MOST_SHOWN} more` : ''
  const shown = unanswered.slice(0, MOST_SHOWN).map(taggedText).join(', ')
  return `unanswered ${shown}${more}${before === '' ? '' : `; before it ${before}`}`
}

/** Kind and name alone: an AUTHENTICATE's argument is a password. */
export function commandText(command: Command): string {
  return 'name' in command ? `${command.kind} ${readable(command.name)}` : command.kind
}

function taggedText({ tag, command }: SentCommand): string {
  return `${typeof tag === 'number' ? `X${tag}` : tag} ${commandText(command)}`
}

/** Names are bytes; those beyond ASCII are UTF-8 where they are anything, and control characters are escaped. */
function readable(name: string): string {
  return JSON.stringify(Buffer.from(name, 'latin1').toString()).slice(1, -1)
}
