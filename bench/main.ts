/** `npm run bench [-- PAIRS]`: each row of the speed table, every run listed, the table last. */
import { benchAgainstMupref } from './against-mupref.js'
import { benchLive } from './live.js'
import { benchEmbedded, benchGenerator, benchOpenModel } from './own.js'
import { benchDigest, benchSwarm } from './slaves.js'

const count = Number(process.argv[2] ?? 5)
const rows = [
  ...benchGenerator(count),
  ...(await benchEmbedded(count)),
  ...(await benchOpenModel(count)),
  ...benchDigest(count),
  ...(await benchSwarm(Math.ceil(count / 2))),
  ...(await benchLive(count)),
  ...(await benchAgainstMupref(count)),
]
process.stdout.write(`\nmedians of ${count} runs (of ${count} interleaved pairs where a ratio is given)\n\n`)
process.stdout.write('| work | target | measured | |\n|---|---|---|---|\n')
for (const { work, target, measured, holds } of rows) {
  process.stdout.write(`| ${work} | ${target} | ${measured} | ${holds ? 'holds' : 'FALLS SHORT'} |\n`)
}
