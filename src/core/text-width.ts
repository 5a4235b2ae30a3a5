/**
 * Columns that text takes on a terminal. Wide: what East Asian Width (UAX 11) calls wide or fullwidth, in blocks, and
 * what is shown as a picture. A terminal that thinks otherwise of some sign shows a line a little short.
 */
const WIDE =
  /[\u1100-\u115f\u231a\u231b\u2329\u232a\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{16fe0}-\u{18dff}\u{1aff0}-\u{1b2ff}\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]/u
const NO_WIDTH = /[\p{M}\p{Cf}\u1160-\u11ff]/u
/** C0, DEL, C1, and the separators that some terminals break a line at. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/gu
/** Colours: all that our own lines hold. */
const STYLE = /\x1b\[[0-9;]*m/g

export function widthOf(text: string): number {
  let width = 0
  for (const sign of text.replace(STYLE, '')) width += signWidth(sign)
  return width
}

/** @param text plain: cutting through a colour would leave the terminal in it */
export function clip(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text
  if (columns < 1) return ''
  let clipped = ''
  let width = 0
  for (const sign of text) {
    width += signWidth(sign)
    if (width > columns - 1) break
    clipped += sign
  }
  return `${clipped}…`
}

/** What others have written must not steer the terminal. */
export function printable(text: string): string {
  return text.replace(CONTROL, ' ')
}

function signWidth(sign: string): number {
  return NO_WIDTH.test(sign) ? 0 : WIDE.test(sign) ? 2 : 1
}

/**
 * Breaks at blanks, and inside a word only if that is longer than a line. All lines are indented as the first is, those
 * after it by two more.
 *
 * @param line plain text
 */
export function wrap(line: string, columns: number): string[] {
  const lead = /^ */.exec(line)![0]
  const lines: string[] = []
  let current = ''
  for (let word of line.slice(lead.length).split(' ')) {
    if (current !== '' && widthOf(`${current} ${word}`) <= columns) {
      current += ` ${word}`
      continue
    }
    if (current !== '') lines.push(current)
    for (;;) {
      const indent = lines.length === 0 ? lead : `${lead}  `
      const head = startOf(word, columns - indent.length)
      current = indent + head
      word = word.slice(head.length)
      if (word === '') break
      lines.push(current)
    }
  }
  return [...lines, current]
}

/** At least one sign, or nobody would get on. */
function startOf(word: string, columns: number): string {
  let start = ''
  for (const sign of word) {
    if (start !== '' && widthOf(start + sign) > columns) break
    start += sign
  }
  return start
}
