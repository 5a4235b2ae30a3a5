import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { packageRoot } from '../../core/package-root.js'

/** Which page: a finished report has `main`, a run that goes on `live`. */
export type BrowserEntry = 'main' | 'live'

/**
 * The script of a page: uPlot, then the compiled modules below `dist/report/browser` in the order in which they need
 * each other, their imports and exports taken off. That is all a bundler would do here: every import is of a name, and
 * names are different all over.
 */
export function browserScript(entry: BrowserEntry): string {
  const modules = new Map<string, string>()
  collect(join(packageRoot(), 'dist/report/browser', `${entry}.js`), modules)
  const text = [...modules.values()].join('\n')
  refuseDoubles(text)
  return `${uplotFile('uPlot.iife.min.js')}\n;(() => {\n'use strict'\n${text}\n})()`
}

export function uplotStyle(): string {
  return uplotFile('uPlot.min.css')
}

function uplotFile(name: string): string {
  const main = createRequire(import.meta.url).resolve('uplot')
  return readFileSync(join(dirname(main), name), 'utf8').trim()
}

const IMPORT = /^import\s+(?:[^'"]*?\s+from\s+)?['"]([^'"]+)['"];?$/gm

function collect(path: string, modules: Map<string, string>): void {
  if (modules.has(path)) return
  const text = readFileSync(path, 'utf8')
  // Its place is kept first: two modules that need each other would never end.
  modules.set(path, '')
  for (const [, name] of text.matchAll(IMPORT)) if (name.startsWith('.')) collect(resolve(dirname(path), name), modules)
  modules.delete(path)
  modules.set(path, withoutModuleSyntax(text))
}

function withoutModuleSyntax(text: string): string {
  return text
    .replace(IMPORT, '')
    .replace(/^export (?=(?:async )?(?:function|class|const|let)\b)/gm, '')
    .replace(/^export \{\};?$/gm, '')
    .replace(/^\/\/# sourceMappingURL=.*$/gm, '')
    .replace(/^\s*\/\*\*(?:[^*]|\*(?!\/))*\*\/\s*$/gm, '')
    .trim()
}

/** The later of two functions of one name would take the place of the other, in silence. */
function refuseDoubles(text: string): void {
  const seen = new Set<string>()
  for (const [, name] of text.matchAll(/^(?:async )?(?:function\*?|class|const|let) (\w+)/gm)) {
    if (seen.has(name)) throw new Error(`two modules of the page declare ${name}`)
    seen.add(name)
  }
}
