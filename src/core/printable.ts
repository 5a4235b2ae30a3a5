/** Of what a peer has said, more than this tells nobody more. */
const MOST_CHARACTERS = 300

/**
 * What a peer said, for people: its bytes are UTF-8 where they are anything. Control characters, which would have a terminal
 * do things, are escaped, and what is endless is cut.
 *
 * @param bytes a byte string (latin1)
 */
export function printable(bytes: string): string {
  const text = Buffer.from(bytes.slice(0, MOST_CHARACTERS * 4), 'latin1').toString()
  const shown = text.replace(
    /[\x00-\x1f\x7f-\x9f\u2028\u2029]/g,
    character => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
  return bytes.length > MOST_CHARACTERS * 4 || shown.length > MOST_CHARACTERS
    ? `${shown.slice(0, MOST_CHARACTERS)}…`
    : shown
}
