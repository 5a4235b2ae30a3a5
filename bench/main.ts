/** `npm run bench [-- PAIRS [PART…]]`: each row of the issues' speed tables, every run listed, the table last. */
import { benchAgainstMupref, benchFollow } from './against-mupref.js'
import { benchAnonymise } from './anonymise.js'
import { benchCodec } from './codec.js'
import { benchCosts } from './costs.js'
import { benchDistributed } from './distributed.js'
import { benchLayers } from './layers.js'
import { benchListener } from './listener.js'
import { benchLive } from './live.js'
import { benchLock } from './lock.js'
import { benchEmbedded, benchGenerator, benchOpenModel } from './own.js'
import { benchDigest, benchSwarm } from './slaves.js'
import { benchRecorder } from './recorder.js'
import { benchWorkers } from './workers.js'

const PARTS = {
  codec: benchCodec,
  generator: benchGenerator,
  embedded: benchEmbedded,
  layers: benchLayers,
  open: benchOpenModel,
  digest: benchDigest,
  swarm: (count: number) => benchSwarm(Math.ceil(count / 2)),
  live: benchLive,
  distributed: benchDistributed,
  costs: benchCosts,
  listener: () => benchListener(),
  lock: benchLock,
  workers: benchWorkers,
  recorder: benchRecorder,
  anonymise: benchAnonymise,
  mupref: benchAgainstMupref,
  follow: (count: number) => benchFollow(Math.ceil(count / 2)),
} as const

const [text = '5', ...wanted] = process.argv.slice(2)
const count = Number(text)
const names = Object.keys(PARTS) as (keyof typeof PARTS)[]
const unknown = wanted.filter(name => !names.some(known => known === name))
if (!Number.isInteger(count) || count < 1 || unknown.length > 0) {
  process.stderr.write(`bench: give a number of pairs, and parts: ${names.join(', ')}\n`)
  process.exit(2)
}

const rows = []
for (const name of names) if (wanted.length === 0 || wanted.includes(name)) rows.push(...(await PARTS[name](count)))
process.stdout.write(`\nmedians of ${count} runs (of ${count} interleaved pairs where a ratio is given)\n\n`)
process.stdout.write('| work | target | measured | |\n|---|---|---|---|\n')
for (const { work, target, measured, holds } of rows) {
  process.stdout.write(`| ${work} | ${target} | ${measured} | ${holds ? 'holds' : 'FALLS SHORT'} |\n`)
}
