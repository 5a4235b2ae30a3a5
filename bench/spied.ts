import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { preloadedCyrus } from './cyrus-tree.js'
import { output } from './pairs.js'

const HEADER_BYTES = 16
const EVENT_BYTES = 16
/** 9 of 40 frontends come back while mailboxes are created: no scenario that the model is held against (bench/scenarios.ts). */
const STORM = [
  'site.mailboxes=150000',
  'slaves.count=40',
  'phases.3.events=[{at: 0s, do: restart, slaves: 9}]',
  'phases.3.duration=20s',
]

export interface SpiedEvent {
  readonly ns: number
  readonly thread: number
  readonly kind: number
}

/**
 * A storm of 40 frontends, on a mupdate with a spy of bench/reference preloaded.
 *
 * @returns what it wrote down, in order of time
 */
export async function spiedStorm(spy: string, seed: number): Promise<SpiedEvent[]> {
  const folder = mkdtempSync(join(tmpdir(), 'mupdate-bench-spy-'))
  try {
    // Cyrus's user writes into it.
    chmodSync(folder, 0o777)
    const file = join(folder, 'events')
    const source = readFileSync(fileURLToPath(new URL(`../../bench/reference/${spy}`, import.meta.url)), 'utf8')
    const tree = preloadedCyrus(join(folder, 'tree'), `#define EVENTS "${file}"\n${source}`)
    await output('node', [
      ...['dist/cli/main.js', 'run', 'resync-storm', ...STORM.flatMap(set => ['--set', set]), '--seed', String(seed)],
      ...['--master', `cyrus:${tree}`, '--out', join(folder, 'out'), '--quiet', '--json'],
    ])
    return eventsIn(readFileSync(file)).sort((a, b) => a.ns - b.ns)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function eventsIn(bytes: Buffer): SpiedEvent[] {
  const count = Math.min(Number(bytes.readBigUInt64LE(0)), Math.floor((bytes.length - HEADER_BYTES) / EVENT_BYTES))
  return Array.from({ length: count }, (_, i) => {
    const at = HEADER_BYTES + i * EVENT_BYTES
    return {
      ns: Number(bytes.readBigUInt64LE(at)),
      thread: bytes.readUInt32LE(at + 8),
      kind: bytes.readUInt32LE(at + 12),
    }
  })
}
