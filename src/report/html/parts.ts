import { escapeHtml } from './escape.js'

/** Pieces of HTML; all text that goes in is escaped here. */
export function list(lines: readonly string[], style = ''): string {
  const items = lines.map(line => `<li>${escapeHtml(line)}</li>`).join('')
  return lines.length === 0 ? '' : `<ul class="${style}">${items}</ul>`
}

/** Names and what they are; those without a value are left out. */
export function facts(entries: readonly (readonly [string, string | undefined])[]): string {
  const known = entries.filter(([, value]) => value !== undefined && value !== '')
  return `<dl class="facts">${known.map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value!)}</dd>`).join('')}</dl>`
}

export interface Table {
  readonly caption: string
  readonly head: readonly string[]
  readonly body: readonly (readonly string[])[]
  /** Columns that hold sentences. */
  readonly words?: readonly number[]
}

export function table({ caption, head, body, words = [] }: Table): string {
  const style = (column: number) => (words.includes(column) ? ' class="words"' : '')
  const header = head.map((text, i) => `<th scope="col"${style(i)}>${escapeHtml(text)}</th>`).join('')
  const rows = body.map(
    ([first, ...others]) =>
      `<tr><th scope="row">${escapeHtml(first)}</th>${others.map((text, i) => `<td${style(i + 1)}>${escapeHtml(text)}</td>`).join('')}</tr>`,
  )
  return `<div class="wide" tabindex="0" role="region" aria-label="${escapeHtml(caption)}"><table><thead><tr>${header}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`
}

export function folded(summary: string, html: string, isOpen = false): string {
  return `<details${isOpen ? ' open' : ''}><summary>${escapeHtml(summary)}</summary>${html}</details>`
}
