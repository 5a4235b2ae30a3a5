import { ATOM, type Frame, MAX_TOKENS } from '../wire/frame.js'
import type { TracedCommand } from './trace.js'

/** A line of a client's. */
export interface ClientCommand {
  readonly tag: string
  readonly verb: string
  /** Undefined for what is no part of a replay: each connection logs in by itself, and says everything as it is. */
  readonly command: TracedCommand | undefined
}

/** What a client says that is no part of a replay. */
export const LEFT_OUT: readonly string[] = ['AUTHENTICATE', 'STARTTLS', 'COMPRESS']

/** @returns undefined for what is no command */
export function clientCommand(frame: Frame): ClientCommand | undefined {
  if (frame.malformed || frame.count < 2 || frame.count > MAX_TOKENS) return undefined
  if (frame.kinds[0] !== ATOM || frame.kinds[1] !== ATOM) return undefined
  const tag = frame.text(0)
  const verb = frame.text(1).toUpperCase()
  if (LEFT_OUT.includes(verb)) return { tag, verb, command: undefined }
  const args: string[] = []
  for (let i = 2; i < frame.count; i++) {
    // imap/mupdate.c takes strings alone (getstring).
    if (frame.kinds[i] === ATOM) return undefined
    args.push(frame.text(i))
  }
  const command = commandOf(verb, args)
  return command && { tag, verb, command }
}

/** @param verb in capitals. @returns undefined for what is no command */
export function commandOf(verb: string, args: readonly string[]): TracedCommand | undefined {
  const [name, location, acl] = args
  switch (`${verb} ${args.length}`) {
    case 'ACTIVATE 3':
      return { kind: 'ACTIVATE', name: name!, location: location!, acl: acl! }
    case 'RESERVE 2':
      return { kind: 'RESERVE', name: name!, location: location! }
    case 'DEACTIVATE 2':
      return { kind: 'DEACTIVATE', name: name!, location: location! }
    case 'DELETE 1':
      return { kind: 'DELETE', name: name! }
    case 'FIND 1':
      return { kind: 'FIND', name: name! }
    case 'LIST 0':
      return { kind: 'LIST' }
    case 'LIST 1':
      return { kind: 'LIST', locationPrefix: name! }
    case 'UPDATE 0':
      return { kind: 'UPDATE' }
    case 'NOOP 0':
      return { kind: 'NOOP' }
    case 'LOGOUT 0':
      return { kind: 'LOGOUT' }
    default:
      return verb === 'UPDATE' ? { kind: 'UPDATE', servers: args } : undefined
  }
}
