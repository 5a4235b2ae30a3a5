import type { Command } from '../core/operation.js'

/**
 * A command as Cyrus's own client library sends it: every argument a non-synchronising literal, whatever it holds
 * (imap/mupdate-client.c), but for the names of mechanisms (lib/saslclient.c) and of what compresses.
 *
 * @returns a byte string (latin1), line end included
 */
export function encodeCommand(tag: string, command: Command): string {
  switch (command.kind) {
    case 'ACTIVATE':
      return encodeActivate(tag, command.name, command.location, command.acl)
    case 'RESERVE':
    case 'DEACTIVATE':
      return `${tag} ${command.kind} ${literal(command.name)} ${literal(command.location)}\r\n`
    case 'DELETE':
    case 'FIND':
      return `${tag} ${command.kind} ${literal(command.name)}\r\n`
    case 'LIST':
      return command.locationPrefix === undefined
        ? `${tag} LIST\r\n`
        : `${tag} LIST ${literal(command.locationPrefix)}\r\n`
    case 'UPDATE':
      return `${tag} UPDATE${(command.servers ?? []).map(server => ` ${literal(server)}`).join('')}\r\n`
    case 'AUTHENTICATE':
      return command.initialResponse === undefined
        ? `${tag} AUTHENTICATE ${quoted(command.mechanism)}\r\n`
        : `${tag} AUTHENTICATE ${quoted(command.mechanism)} ${literal(command.initialResponse)}\r\n`
    case 'COMPRESS':
      return `${tag} COMPRESS ${quoted(command.algorithm)}\r\n`
    case 'STARTTLS':
    case 'NOOP':
    case 'LOGOUT':
      return `${tag} ${command.kind}\r\n`
  }
}

export function encodeActivate(tag: string, name: string, location: string, acl: string): string {
  return `${tag} ACTIVATE {${name.length}+}\r\n${name} {${location.length}+}\r\n${location} {${acl.length}+}\r\n${acl}\r\n`
}

export function literal(bytes: string): string {
  return `{${bytes.length}+}\r\n${bytes}`
}

/** For words that hold neither line ends nor 8-bit bytes: mechanism names, texts of replies. */
export function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}
