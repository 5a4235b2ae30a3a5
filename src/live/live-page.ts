import { browserScript, uplotStyle } from '../report/html/browser-script.js'
import { contentPolicy } from '../report/html/content-policy.js'
import { STYLE } from '../report/html/style.js'

export interface LivePage {
  readonly html: string
  /** For its content-security-policy header: what it may load and run. */
  readonly policy: string
}

const OWN_STYLE = `
#stop { color: var(--bad); border-color: currentColor; margin-left: auto; }
#state::before { content: "● "; } #state.live::before { color: var(--good); } #state.lost::before { color: var(--bad); }
`

/** The report's charts, with what stands above them, in one file: a browser asks for nothing else but events. */
export function livePage(): LivePage {
  const style = `${uplotStyle()}\n${STYLE}${OWN_STYLE}`
  const script = browserScript('live')
  const policy = contentPolicy(style, script, ["connect-src 'self'", 'img-src data:', "frame-ancestors 'none'"])
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>mupdate-bench</title>
<style>${style}</style>
</head>
<body>
<main>
<p class="eyebrow">mupdate-bench, as it goes on</p>
<div class="title"><h1 id="name">…</h1><span id="verdict" class="verdict" hidden></span><button type="button" id="stop">Stop the run</button></div>
<p><span id="state" role="status">connecting</span></p>
<ul id="reasons" class="reasons" hidden></ul>
<dl class="tiles" id="tiles"></dl>
<section aria-label="Charts"><div id="charts"></div></section>
<noscript><p class="callout">What happens is shown by JavaScript, all of which is in this page.</p></noscript>
</main>
<script>${script}</script>
</body>
</html>
`
  return { html, policy }
}
