import type { PageData } from '../page/page-data.js'
import { browserScript, uplotStyle } from './browser-script.js'
import { contentPolicy } from './content-policy.js'
import { escapeHtml, scriptJson } from './escape.js'
import { STYLE } from './style.js'

export interface PageParts {
  readonly title: string
  /** HTML above and below the charts. */
  readonly before: string
  readonly after: string
  readonly data: PageData
}

/** One file that needs nothing else and may load nothing else: the policy allows this style and this script alone. */
export function htmlDocument({ title, before, after, data }: PageParts): string {
  const style = `${uplotStyle()}\n${STYLE}`
  const script = browserScript('main')
  const body = `<main>
${before}
<section aria-label="Charts">
<div id="charts"></div>
<noscript><p class="callout">The charts need JavaScript, of which all is in this file; the words and tables do not.</p></noscript>
</section>
${after}
</main>
<script type="application/json" id="data">${scriptJson(data)}</script>
<script>${script}</script>`
  return page(title, style, contentPolicy(style, script), body)
}

/** A page without a script: all that is on it is words, tables and drawings. */
export function stillDocument(title: string, content: string): string {
  return page(title, STYLE, contentPolicy(STYLE), `<main>\n${content}\n</main>`)
}

function page(title: string, style: string, policy: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="mupdate-bench">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
${body}
</body>
</html>
`
}
