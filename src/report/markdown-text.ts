/**
 * Text as GitHub-flavoured Markdown shows it: on one line, with nothing in it that is markup, HTML or a table's end.
 * Underscores within a word are none to GitHub, so names of settings stay as they are.
 */
export function markdownText(text: string): string {
  return text
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
    .trim()
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/[\\`*|[\]~$]/g, '\\$&')
    .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '\\_')
    .replace(/^([#+-]|\d+[.)])(?= |$)/, leader => `${leader.slice(0, -1)}\\${leader.slice(-1)}`)
}

/** @param rows cells are text, escaped here; the first column stands left, the others right */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[], leftColumns = 1): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const rule = head.map((_, column) => (column < leftColumns ? '---' : '---:'))
  return [head, rule, ...rows.map(cells => cells.map(markdownText))].map(line).join('\n')
}

export function markdownList(lines: readonly string[]): string {
  return lines.map(line => `- ${markdownText(line)}`).join('\n')
}

/** Before a verdict's word. */
export const VERDICT_SIGNS = { pass: '✅', fail: '❌', inconclusive: '❔', invalid: '🚫' } as const
