/**
 * The look of a page. A type scale of 1.2 on 15 px, spaces of 4 px; colours after Okabe and Ito, which are told apart
 * with any colour vision, and never the only sign. Canvases read the same variables (src/report/browser/theme.ts).
 */
const LIGHT = `
  --paper: #ffffff; --raised: #f5f6f8; --text: #1b1f24; --muted: #5a6472; --line: #b9c0ca; --grid: #e6e9ee;
  --phase: #edf0f5; --thrash: #d1335b; --pegged: #e69f00;
  --blue: #0064a8; --orange: #d1480a; --green: #00805c; --purple: #a8437f; --amber: #d99a00; --sky: #4aa8df;
  --brown: #7a5230; --grey: #7b8491;
  --good: #00694b; --bad: #b3261e; --odd: #8a4b00; --void: #7a2f8f;
`
const DARK = `
  --paper: #14171b; --raised: #1d2126; --text: #e7eaee; --muted: #9fa9b6; --line: #4a535f; --grid: #2a3037;
  --phase: #20262d; --thrash: #ff6f91; --pegged: #e6a93c;
  --blue: #4196e0; --orange: #ff8552; --green: #3cc79b; --purple: #e58fc4; --amber: #f0bd4a; --sky: #8ccff5;
  --brown: #c79a72; --grey: #97a1ae;
  --good: #4fd1a5; --bad: #ff8a80; --odd: #ffb95e; --void: #d8a1ec;
`

const INKS = ['text', 'muted', 'blue', 'orange', 'green', 'purple', 'amber', 'sky', 'brown', 'grey']

export const STYLE = `
:root { color-scheme: light dark; ${LIGHT} }
@media screen and (prefers-color-scheme: dark) { :root { ${DARK} } }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0; background: var(--paper); color: var(--text); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 24px 20px 48px; }
h1 { font-size: 26px; line-height: 1.2; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 36px 0 8px; }
h3 { font-size: 15px; margin: 0; }
p { margin: 4px 0; max-width: 75ch; }
ul, ol { margin: 4px 0; padding-left: 1.4em; max-width: 85ch; }
a { color: var(--blue); }
.eyebrow { color: var(--muted); font-size: 12.5px; letter-spacing: .02em; }
.title { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center; margin: 4px 0; }
.verdict { font-weight: 700; border: 2px solid currentColor; border-radius: 6px; padding: 2px 10px; white-space: nowrap; }
.verdict.pass { color: var(--good); } .verdict.fail { color: var(--bad); }
.verdict.invalid { color: var(--void); } .verdict.inconclusive { color: var(--odd); }
.reasons { list-style: none; padding: 0; margin: 12px 0; }
.reasons li { padding-left: 1.6em; text-indent: -1.6em; }
.reasons .mark { display: inline-block; width: 1.6em; text-indent: 0; font-weight: 700; }
.reasons .pass .mark { color: var(--good); } .reasons .fail .mark { color: var(--bad); } .reasons .inconclusive .mark { color: var(--odd); } .reasons .unjudged { color: var(--muted); }
.findings { columns: 2 400px; column-gap: 32px; max-width: none; }
.findings li { break-inside: avoid; }
.callout { border-left: 4px solid var(--odd); background: var(--raised); padding: 8px 12px; border-radius: 0 6px 6px 0; margin: 12px 0; max-width: none; }
.advice { margin: 6px 0 6px 16px; max-width: none; }
.callout.trouble { border-color: var(--thrash); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 8px; margin: 16px 0; padding: 0; }
.tiles div { background: var(--raised); border-radius: 6px; padding: 8px 12px; }
.tiles dt { color: var(--muted); font-size: 12.5px; line-height: 1.3; }
.tiles dd { margin: 2px 0 0; font-size: 20px; font-weight: 600; font-variant-numeric: tabular-nums; }
.tiles dd small { font-size: 13px; font-weight: 400; color: var(--muted); }
.toolbar { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; justify-content: space-between; min-height: 40px; color: var(--muted); font-size: 12.5px; position: sticky; top: 0; background: var(--paper); z-index: 5; }
output { font-weight: 600; color: var(--text); font-variant-numeric: tabular-nums; margin-left: auto; }
button, select { font: inherit; color: inherit; background: var(--raised); border: 1px solid var(--line); border-radius: 6px; padding: 4px 12px; }
button { cursor: pointer; color: var(--text); font-weight: 600; }
:focus-visible { outline: 2px solid var(--blue); outline-offset: 2px; }
.panel { margin: 20px 0; break-inside: avoid; }
.panel.empty { margin: 14px 0; }
.note, .missing { color: var(--muted); font-size: 13px; margin: 2px 0 4px; }
.choice { font-size: 13px; display: inline-block; margin: 4px 0; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 2px 16px; padding: 0; margin: 4px 0; font-size: 13px; max-width: none; }
.legend li { display: flex; align-items: center; gap: 6px; }
.legend .value { font-variant-numeric: tabular-nums; font-weight: 600; min-width: 4.5em; }
.legend .value:empty { min-width: 0; }
.swatch { display: inline-block; width: 20px; height: 0; border-top: 2.5px solid; flex: none; }
.swatch.dashed { border-top-style: dashed; } .swatch.dotted { border-top-style: dotted; }
.swatch.block { border-top-width: 11px; width: 14px; } .swatch.thin { border-top-width: 3px; width: 14px; }
${INKS.map(name => `.swatch.${name} { border-color: var(--${name}); }`).join('\n')}
.events { font-size: 13px; color: var(--muted); columns: 2 320px; }
.events:empty { display: none; }
.events li { break-inside: avoid; overflow-wrap: anywhere; } .events b { color: var(--text); font-variant-numeric: tabular-nums; }
details { margin: 4px 0; } summary { cursor: pointer; color: var(--muted); font-size: 13px; }
.scroll { overflow: auto; max-height: 360px; border: 1px solid var(--grid); border-radius: 6px; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 3px 10px; white-space: nowrap; border-bottom: 1px solid var(--grid); }
th:first-child, td:first-child { text-align: left; } thead th { color: var(--muted); font-weight: 600; }
tbody th { font-weight: 500; } .scroll thead th { position: sticky; top: 0; background: var(--paper); }
td.words, th.words { text-align: left; white-space: normal; min-width: 12em; }
dl.facts { display: grid; grid-template-columns: minmax(110px, max-content) 1fr; gap: 4px 16px; margin: 8px 0; font-size: 14px; }
dl.facts dt { color: var(--muted); } dl.facts dd { margin: 0; overflow-wrap: anywhere; }
pre { background: var(--raised); border-radius: 6px; padding: 12px; overflow-x: auto; font: 12.5px/1.45 ui-monospace, "DejaVu Sans Mono", monospace; }
.plot { width: 100%; height: auto; font-size: 12.5px; } .plot text { fill: var(--text); } .plot .quiet { fill: var(--muted); }
.plot line { stroke: var(--grid); } .plot .zero { stroke: var(--text); } .plot .limit { stroke: var(--odd); stroke-dasharray: 4 3; }
.plot .allowed { fill: color-mix(in srgb, var(--green) 14%, transparent); } .plot circle { fill: var(--muted); fill-opacity: .45; }
.plot .interval { stroke-width: 3; } .plot .regression { stroke: var(--bad); fill: var(--bad); } .plot .improvement { stroke: var(--good); fill: var(--good); }
.plot .pass { stroke: var(--blue); fill: var(--blue); } .plot .inconclusive { stroke: var(--odd); fill: var(--odd); }
.plot.curve { max-width: 640px; } .plot .held { fill: var(--blue); fill-opacity: 1; } .plot .void { fill: var(--paper); fill-opacity: 1; stroke: var(--void); stroke-width: 2; } .plot .failed { fill: none; stroke: var(--bad); stroke-width: 2.5; }
.plot polyline { fill: none; } .plot .trend { fill: none; stroke: var(--blue); stroke-width: 1.5; } .plot .level { stroke: var(--orange); stroke-width: 2; } .plot .change { stroke: var(--thrash); stroke-dasharray: 3 3; }
.timeline { min-width: 680px; } .plot.key { width: 24px; height: 16px; }
.plot .thrash { fill: color-mix(in srgb, var(--thrash) 18%, transparent); } .plot .timeout { fill: var(--thrash); }
.plot .streaming { fill: var(--green); } .plot .away { fill: var(--grey); } .plot .list { fill: var(--amber); } .plot .refusing { fill: var(--bad); } .plot .refused { fill: var(--purple); }
.uplot, .uplot * { font-family: inherit; }
.u-select { background: color-mix(in srgb, var(--blue) 18%, transparent); }
.u-cursor-x { border-right: 1px solid var(--text); }
@media (max-width: 600px) {
  main { padding: 16px 12px 32px; } h1 { font-size: 22px; } .toolbar p { display: none; } .toolbar { min-height: 0; }
  dl.facts { grid-template-columns: 1fr; gap: 0; } dl.facts dd { margin-bottom: 8px; }
  .tiles { grid-template-columns: repeat(2, 1fr); } .tiles dd { font-size: 17px; }
}
@page { margin: 14mm; }
@media print {
  body { font-size: 11pt; } main { max-width: none; padding: 0; }
  .toolbar, details:not([open]) { display: none; }
  .panel { margin: 10px 0; }
  .uplot, .u-wrap { width: 100% !important; height: auto !important; }
  .u-wrap > canvas { position: static; width: 100% !important; height: auto !important; }
  .u-over, .u-under { display: none; }
  h2 { break-after: avoid; } pre { white-space: pre-wrap; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`
