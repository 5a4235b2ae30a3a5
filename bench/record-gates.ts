/**
 * `npm run record-gates -- aa|place|slowed RUNS`: runs of bench/gate-short.yaml one after the other, a fresh master each; of
 * each what a gate looks at, appended to test/verdict/recorded/KIND.ndjson: what a gate's false alarms and its power are to be judged by. It can be ended and begun again, with the same code on the same host; wants a quiet machine,
 * some five seconds a run. RUNS is fixed beforehand; every whole gate in the file is judged.
 *
 * `aa`: the real Cyrus on tmpfs. `place`: the same on tmpfs and on disk, ABBA. `slowed`: the embedded master, and four
 * that use 0, 5, 10 and 20 per cent more CPU, each in turn with it, ABBA.
 */
import { execFileSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { messageOf } from '../src/core/errors.js'
import { describeHost } from '../src/samplers/host.js'
import { differs, type GateLine, type GateSession, gateRun, wholeBlocks } from './gate-record.js'
import { digestOf } from './kept.js'
import { runProfile } from './own.js'

interface Variant {
  readonly name: string
  readonly master: string
  readonly sets: readonly string[]
}

const CYRUS: Variant = { name: 'tmpfs', master: 'cyrus', sets: [] }
const DISK: Variant = { name: 'disk', master: 'cyrus', sets: ['master.place=disk'] }
/** The embedded master is so much faster that the same work would be some hundredths of a second, which is how exact CPU is known. */
const MORE = ['site.mailboxes=60000', 'slaves.count=20', 'slaves.staggerOver=1s', 'phases.2.duration=2s']
const EMBEDDED: Variant = { name: 'a', master: 'embedded', sets: MORE }
const beside = (percent: number): Variant[] => {
  const slowed = { ...EMBEDDED, name: `${percent}%`, sets: [...MORE, `master.settings.slowedBy=${percent}%`] }
  return [EMBEDDED, slowed, slowed, EMBEDDED]
}

/** In this order, again and again. */
const KINDS: Readonly<Record<string, readonly Variant[]>> = {
  aa: [CYRUS, CYRUS],
  place: [CYRUS, DISK, DISK, CYRUS],
  slowed: [0, 5, 10, 20].flatMap(beside),
}
const FOLDER = 'test/verdict/recorded'
const PROFILE = 'bench/gate-short.yaml'
/** One try more than this in a row, and something else is wrong. */
const MOST_FAILED = 5

const [kind = '', count = ''] = process.argv.slice(2)
const variants = KINDS[kind]
if (variants === undefined || !(Number(count) > 0))
  exit('say aa, place or slowed, and how many runs there are to be in all')
if (Number(count) % variants.length !== 0)
  exit(`${count} runs: give a multiple of ${variants.length}, which are run in turn`)
if (mupdates() !== '') exit('a mupdate runs on this machine: recording needs it for itself')
const file = `${FOLDER}/${kind}.ndjson`
const session: GateSession = {
  commit: execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim(),
  code: digestOf('dist-bench/src', 'dist-bench/bench'),
  profile: readFileSync(PROFILE, 'utf8'),
  variants,
  host: { ...describeHost() },
  planned: Number(count),
}

mkdirSync(FOLDER, { recursive: true })
const lines = existsSync(file) ? wholeBlocks(readFileSync(file, 'utf8'), variants.length) : []
const known = lines.map(line => JSON.parse(line) as GateLine)
const before = known.findLast(line => 'session' in line)
const other = before === undefined ? undefined : differs(before.session, session)
if (other !== undefined) exit(`${file} was begun with another ${other}: it cannot go on here`)
writeFileSync(file, lines.map(line => `${line}\n`).join(''))
append({ session, at: new Date().toISOString(), load: loadavg()[0] })

let failed = 0
for (let i = known.filter(line => !('session' in line)).length; i < Number(count); i++) {
  const line = await record(variants[i % variants.length])
  failed = 'failedStart' in line ? failed + 1 : 0
  append(line)
  process.stdout.write(`${i + 1} of ${count}: ${JSON.stringify(line).slice(0, 120)}\n`)
  if (failed > MOST_FAILED) {
    // Something else is wrong than a master now and then.
    const kept = readFileSync(file, 'utf8').trimEnd().split('\n').slice(0, -failed)
    writeFileSync(file, kept.map(one => `${one}\n`).join(''))
    exit(`${failed} runs in a row came to nothing: ${JSON.stringify(line)}`)
  }
}

async function record({ name, master, sets }: Variant): Promise<GateLine> {
  try {
    const { result } = await runProfile('gate-short', sets, master)
    return { variant: name, run: gateRun(result) }
  } catch (error) {
    return { variant: name, failedStart: messageOf(error) }
  }
}

function append(line: GateLine): void {
  appendFileSync(file, `${JSON.stringify(line)}\n`)
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
