/** Signs that roff takes for something else, or prints as a typographer would. */
const SIGNS: Readonly<Record<string, string>> = {
  '\\': '\\(rs',
  '-': '\\-',
  "'": '\\(aq',
  '"': '\\(dq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
}

/** @returns what roff prints as this text, sign for sign, also at the beginning of a line and as a macro's argument */
export function roffText(text: string): string {
  return text.replaceAll(/[\\\-'"`^~]|[^\n -~]/gu, sign => SIGNS[sign] ?? codePoint(sign)).replaceAll(/^\./gm, '\\&.')
}

function codePoint(sign: string): string {
  return `\\[u${sign.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}]`
}

/** Paragraphs; lines that are indented stay as they are. */
export function roffProse(text: string): string[] {
  const blocks = text.match(/(?:^ .*\n?)+|(?:^[^ \n].*\n?)+/gm) ?? []
  return blocks.flatMap(block => {
    const lines = roffText(block.trimEnd().replaceAll(/^ {2}/gm, ''))
    return block.startsWith(' ') ? ['.PP', '.RS', '.nf', lines, '.fi', '.RE'] : ['.PP', lines]
  })
}

/** Terms, each with what it means below it. */
export function roffList(items: readonly (readonly [term: string, meaning: string])[]): string[] {
  return items.flatMap(([term, meaning]) => ['.TP', `\\fB${roffText(term)}\\fR`, roffText(meaning)])
}
