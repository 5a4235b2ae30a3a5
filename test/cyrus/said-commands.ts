import { CLOSES, CONNECTS, type Entry } from '../support/recording-proxy.js'

/**
 * What clients of a master said, a list for each connection: a command is a line, its literals in their places, and of a
 * login only the mechanism is left.
 */
export function commandsOf(log: readonly Entry[]): string[][] {
  const lines = log.filter(({ from, text }) => from === 'slave' && text !== CLOSES).map(({ text }) => text)
  return lines
    .join('\n')
    .split(`${CONNECTS}\n`)
    .slice(1)
    .map(text => text.replace(/\{\d+\+\}\n/g, '').replace(/^(A01 AUTHENTICATE "[A-Z0-9-]+").*/gm, '$1'))
    .map(text => text.trimEnd().split('\n'))
}
