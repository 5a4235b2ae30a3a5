import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

/**
 * docs/architecture.md: a folder imports only folders of a lower rank, so neither those below it in the list nor its
 * neighbours of the same rank. Files that stand in `src` itself are the package's front and rank above all.
 */
const RANKS: Readonly<Record<string, number>> = {
  core: 0,
  statistics: 1,
  wire: 1,
  sasl: 1,
  metrics: 1,
  generators: 2,
  session: 3,
  recording: 3,
  slaves: 4,
  masters: 5,
  samplers: 5,
  drivers: 6,
  limits: 6,
  dumps: 2,
  traces: 2,
  site: 7,
  engine: 7,
  diagnosis: 7,
  doctor: 8,
  agents: 8,
  simulation: 8,
  verdict: 9,
  report: 10,
  profile: 11,
  live: 11,
  cli: 12,
  '': 13,
}

/** Pure folders: what they do depends on what they are given, so that it can be tested and replayed. */
const PURE = [
  'statistics',
  'wire',
  'sasl',
  'generators',
  'dumps',
  'traces',
  'limits',
  'site',
  'diagnosis',
  'doctor',
  'verdict',
]
const IMPURE_MODULES = /^(node:)?(net|tls|dgram|http|https|http2|child_process|cluster|worker_threads|timers)(\/|$)/

const root = resolve(import.meta.dirname, '../src')

interface Import {
  readonly from: string
  readonly to: string
}

/** `import`, `import type`, `import()`, `export from`; and `new URL('./worker.js', import.meta.url)`, which starts one. */
function importsOf(text: string): string[] {
  const statements = ts.preProcessFile(text, true, true).importedFiles.map(file => file.fileName)
  const urls = [...text.matchAll(/new URL\(\s*['"`]([^'"`$]+\.js)['"`],\s*import\.meta\.url\s*,?\s*\)/g)]
  return [...statements, ...urls.map(match => match[1]!)]
}

function folderOf(path: string): string {
  const [first, second] = relative(root, path).split('/')
  return second === undefined ? '' : first!
}

function allImports(): Import[] {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'))
  return files.flatMap(file => importsOf(readFileSync(join(root, file), 'utf8')).map(to => ({ from: file, to })))
}

function breaksLayers({ from, to }: Import): boolean {
  if (!to.startsWith('.')) return false
  const [own, other] = [folderOf(join(root, from)), folderOf(resolve(root, dirname(from), to))]
  return own !== other && !(RANKS[other]! < RANKS[own]!)
}

describe('layers', () => {
  it('ranks every folder of src', () => {
    const folders = readdirSync(root, { withFileTypes: true }).filter(entry => entry.isDirectory())
    expect(folders.map(folder => folder.name).filter(name => !(name in RANKS))).toEqual([])
  })

  it('imports point to lower ranks', () => {
    const broken = allImports().filter(breaksLayers)
    expect(broken.map(({ from, to }) => `${from} imports ${to}`)).toEqual([])
  })

  it('pure folders open no sockets, start no processes and set no timers', () => {
    const broken = allImports().filter(({ from, to }) => PURE.includes(from.split('/')[0]!) && IMPURE_MODULES.test(to))
    expect(broken.map(({ from, to }) => `${from} imports ${to}`)).toEqual([])
  })
})

describe('the layer test itself', () => {
  it('sees every way to import', () => {
    const text = [
      "import { a } from '../a.js'",
      "import type { B } from '../b.js'",
      "export * from '../c.js'",
      "export type { D } from '../d.js'",
      "const e = await import('../e.js')",
      "import '../f.js'",
      "new Worker(new URL('../g.js', import.meta.url), {})",
      "type H = import('../h.js').H",
      "// import '../no.js'",
      `const text = "import '../neither.js'"`,
    ].join('\n')
    expect(importsOf(text).toSorted()).toEqual('abcdefgh'.split('').map(name => `../${name}.js`))
  })

  it.each([
    ['wire/decode.ts', '../core/errors.js', false],
    ['wire/decode.ts', './limits.js', false],
    ['masters/cyrus/process.ts', '../embedded/server.js', false],
    ['cli/main.ts', '../engine/run.js', false],
    ['core/clock.ts', '../wire/decode.js', true],
    ['wire/decode.ts', '../metrics/latency.js', true],
    ['samplers/host.ts', '../masters/master.js', true],
    ['engine/worker.ts', '../cli/main.js', true],
    ['cli/main.ts', '../index.js', true],
    ['wire/decode.ts', '../elsewhere/file.js', true],
  ])('%s importing %s: broken %s', (from, to, broken) => expect(breaksLayers({ from, to })).toBe(broken))
})
