/**
 * `npm run record-gates -- aa|place|slowed GATES`: gates of bench/gate-short.yaml by the command line, one after the other; of
 * their runs what a gate looks at, appended to results/recorded/KIND.ndjson, and when all are there to
 * test/verdict/recorded/KIND.ndjson.gz: what a gate's false alarms and its power are judged by. It can be ended and begun
 * again, with the same code on the same host; wants a quiet machine, some 90 s a gate. GATES is fixed beforehand, and all
 * are judged.
 *
 * `aa`: the real Cyrus on tmpfs against itself. `place`: on tmpfs and on disk. `slowed`: the embedded master, and in turn
 * one that uses 0, 5, 10 and 20 per cent more CPU.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { EXIT } from '../src/core/exit-status.js'
import type { GateResult } from '../src/metrics/gate-result.js'
import type { RunResult } from '../src/metrics/run-result.js'
import { describeHost } from '../src/samplers/host.js'
import { differs, type GateLine, type GateRun, type GateSession, gateRun, wholeLines } from './gate-record.js'
import { digestOf } from './kept.js'

interface Variant {
  readonly name: string
  readonly arguments: readonly string[]
}

/** The embedded master is so much faster that the same work would be some hundredths of a second. */
const MORE = ['site.mailboxes=60000', 'slaves.count=20'].flatMap(set => ['--set', set])
const slowed = (percent: number): Variant => ({
  name: `${percent}%`,
  // Its lists take so little CPU, in a process that has just begun, that they tell nothing of 5 per cent.
  arguments: ['--a', 'embedded', '--b-set', `slowedBy=${percent}%`, '--gating', 'cpuPerCreates', ...MORE],
})

/** In this order, again and again. */
const KINDS: Readonly<Record<string, readonly Variant[]>> = {
  aa: [{ name: 'aa', arguments: ['--a', 'cyrus', '--b', 'cyrus', '--aa'] }],
  place: [{ name: 'disk', arguments: ['--a', 'cyrus', '--b-set', 'master.place=disk'] }],
  slowed: [0, 5, 10, 20].map(slowed),
}
const FOLDER = 'results/recorded'
const KEPT = 'test/verdict/recorded'
const PROFILE = 'bench/gate-short.yaml'
const CLI = fileURLToPath(new URL('../src/cli/main.js', import.meta.url))
/** With these a gate has come to its end. */
const JUDGED: readonly (number | null)[] = [EXIT.pass, EXIT.threshold, EXIT.invalid, EXIT.inconclusive]

const [kind = '', count = ''] = process.argv.slice(2)
const variants = KINDS[kind]
if (variants === undefined || !/^[1-9]\d*$/.test(count))
  exit('say aa, place or slowed, and how many gates there are to be in all')
if (Number(count) % variants.length !== 0)
  exit(`${count} gates: give a multiple of ${variants.length}, which are run in turn`)
if (mupdates() !== '') exit('a mupdate runs on this machine: recording needs it for itself')
const file = `${FOLDER}/${kind}.ndjson`
const code = codeDigest()
const session: GateSession = {
  commit: execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim(),
  code,
  profile: readFileSync(PROFILE, 'utf8'),
  variants,
  host: { ...describeHost() },
  planned: Number(count),
}

mkdirSync(FOLDER, { recursive: true })
const known = existsSync(file) ? wholeLines(readFileSync(file, 'utf8')) : []
const before = known.findLast(line => 'session' in line)
const other = before === undefined ? undefined : differs(before.session, session)
if (other !== undefined) exit(`${file} was begun with another ${other}: it cannot go on here`)
writeFileSync(file, known.map(line => `${JSON.stringify(line)}\n`).join(''))
append({ session, at: new Date().toISOString() })

for (let i = known.filter(line => !('session' in line)).length; i < Number(count); i++) {
  if (codeDigest() !== code) exit('the code has changed meanwhile: what is recorded is of that before')
  const line = record(variants[i % variants.length])
  append(line)
  process.stdout.write(`${i + 1} of ${count}: ${line.variant}, status ${line.status}, load ${line.load.toFixed(1)}\n`)
}
mkdirSync(KEPT, { recursive: true })
writeFileSync(`${KEPT}/${kind}.ndjson.gz`, gzipSync(readFileSync(file), { level: 9 }))

function record({ name, arguments: sides }: Variant): Exclude<GateLine, { session: unknown }> {
  const out = mkdtempSync(join(tmpdir(), 'mupdate-bench-'))
  const load = loadavg()[0]
  try {
    const args = [CLI, 'gate', PROFILE, '--json', '--quiet', '--out', out, ...sides]
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1e8 })
    if (!JUDGED.includes(status)) exit(`a gate ended with status ${status}: ${stderr.trim()}`)
    const { id, pairs, startedAt, failedStarts, a, b } = JSON.parse(stdout) as GateResult
    if (pairs === null) exit(`gate ${id} was not paired`)
    const folder = gateFolder(out, id)
    const runs = (paths: readonly string[]) => paths.map(path => runIn(join(folder, path)))
    const discarded = (side: 'a' | 'b') => runs(namesIn(folder, 'discarded').filter(path => path.includes(`/${side}-`)))
    return {
      variant: name,
      startedAt,
      status: status!,
      load,
      pairs,
      failedStarts,
      a: runs(a.runs),
      b: runs(b.runs),
      discarded: { a: discarded('a'), b: discarded('b') },
    }
  } finally {
    rmSync(out, { recursive: true })
  }
}

function gateFolder(out: string, id: string): string {
  const found = readdirSync(out, { recursive: true, encoding: 'utf8' }).find(path => path.endsWith('gate.json'))
  if (found === undefined) exit(`gate ${id} has left no gate.json`)
  return join(out, dirname(found))
}

function namesIn(folder: string, name: string): string[] {
  return existsSync(join(folder, name)) ? readdirSync(join(folder, name)).map(entry => `${name}/${entry}`) : []
}

function runIn(folder: string): GateRun {
  return gateRun(JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')) as RunResult)
}

function append(line: GateLine): void {
  appendFileSync(file, `${JSON.stringify(line)}\n`)
}

function codeDigest(): string {
  return digestOf('dist-bench/src', 'dist-bench/bench')
}

/** Of a recorder that was ended in the middle of a run, too. */
function mupdates(): string {
  try {
    return execFileSync('pgrep', ['-x', 'mupdate'], { encoding: 'utf8' })
  } catch {
    return ''
  }
}

function exit(message: string): never {
  process.stderr.write(`record-gates: ${message}\n`)
  process.exit(2)
}
