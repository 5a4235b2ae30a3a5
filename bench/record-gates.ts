/**
 * `npm run record-gates -- aa|place|slowed RUNS`: runs of bench/gate-short.yaml one after the other, a fresh master each, what
 * they measured appended to test/verdict/recorded/KIND.ndjson: what the tests of a gate's false alarms and of its
 * power are made of. It can be ended and begun again; wants a quiet machine, some five seconds a run.
 *
 * `aa`: the real Cyrus on tmpfs. `place`: the same on tmpfs and on disk, ABBA. `slowed`: the embedded master, and
 * four that use 0, 5, 10 and 20 per cent more CPU, in turn.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { MEASURES } from '../src/verdict/measures.js'
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
const slowed = (percent: number): Variant => ({
  name: `${percent}%`,
  master: 'embedded',
  sets: [...MORE, `master.settings.slowedBy=${percent}%`],
})
const EMBEDDED: Variant = { name: 'a', master: 'embedded', sets: MORE }

/** In this order, again and again. */
const KINDS: Readonly<Record<string, readonly Variant[]>> = {
  aa: [CYRUS],
  place: [CYRUS, DISK, DISK, CYRUS],
  slowed: [EMBEDDED, slowed(0), slowed(5), slowed(10), slowed(20)],
}

const [kind = '', count = ''] = process.argv.slice(2)
const variants = KINDS[kind]
if (variants === undefined || !(Number(count) > 0)) {
  process.stderr.write('record-gates: say aa, place or slowed, and how many runs there are to be in all\n')
  process.exit(2)
}
const folder = 'test/verdict/recorded'
const file = `${folder}/${kind}.ndjson`
mkdirSync(folder, { recursive: true })
const done = existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0

for (let i = done; i < Number(count); i++) {
  const variant = variants[i % variants.length]
  const line = await record(variant)
  appendFileSync(file, `${line}\n`)
  process.stdout.write(`${i + 1} of ${count}: ${line}\n`)
}

async function record({ name, master, sets }: Variant): Promise<string> {
  const { result } = await runProfile('gate-short', sets, master)
  const readings = MEASURES.flatMap(measure => {
    const reading = measure.of(result)
    if (reading === undefined) return []
    const own =
      reading.harness === undefined ? [] : [[`${measure.name}.harness`, Number(reading.harness.toPrecision(5))]]
    return [[measure.name, Number(reading.value.toPrecision(5))], ...own]
  })
  return JSON.stringify({
    at: result.startedAt,
    variant: name,
    verdict: result.verdict.result,
    ...Object.fromEntries(readings),
  })
}
