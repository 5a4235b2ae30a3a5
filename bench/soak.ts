/** `npm run soak [-- --seed N]`: a million frames that are nearly right, thrown at the client and at the embedded master. */
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { monotonicClock, monotonicOriginS } from '../src/core/clock.js'
import { formatBytes, formatCount } from '../src/core/units.js'
import { throwAtMaster, UNHEARD } from './soak/at-master.js'
import { failureText, type SideResult, soakSide, type Tallies } from './soak/side.js'
import { STATES } from './soak/tally.js'
import { Target } from './soak/target.js'

/** In each state, at each side. */
const LEAST_FRAMES = 50_000
const LIMIT_MS = 110_000
/** Of all frames, those thrown at the master. */
const MASTER_SHARE = 0.4
/** What each may need more at the end than once it is warm. */
const MOST_GROWTH_BYTES = { residentBytes: 128e6, heapBytes: 24e6 }

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1e9) },
    frames: { type: 'string', default: '1000000' },
  },
})
const [seed, frames] = [Number(values.seed), Number(values.frames)]
if (!Number.isInteger(seed) || !Number.isInteger(frames) || frames < 1) {
  process.stderr.write('soak: --seed and --frames take whole numbers\n')
  process.exit(2)
}

const target = new Target(monotonicClock(monotonicOriginS()))
process.on('uncaughtException', error => fail(failureText(error)))
process.on('unhandledRejection', error => fail(failureText(error)))
await target.master.start()
const [atMaster, atClient] = await Promise.all([soakMaster(), soakClient()])
await target.master.stop()
const all = [...Object.values(atMaster.tallies), ...Object.values(atClient.tallies)]
const thrown = all.reduce((total, tally) => total + tally.frames, 0)
report()
const problems = [...tooFew(), ...growth(), ...unnamed(atMaster.tallies, target.dropped)]
for (const problem of problems) say(`FAILED: ${problem}`)
process.exit(problems.length > 0 ? 1 : 0)

/** Over sockets, at a process of its own. */
async function soakMaster(): Promise<SideResult> {
  const throwOnce = async (...[state, isDone, tally]: Parameters<Parameters<typeof soakSide>[0]>) => {
    const stop = await target.prepare()
    try {
      await throwAtMaster(target.master, state, seed, isDone, tally)
    } finally {
      stop()
    }
    if (target.died !== undefined) throw new Error(target.died)
  }
  try {
    return await soakSide(throwOnce, frames * MASTER_SHARE, LIMIT_MS, () => target.residentBytes)
  } catch (error) {
    return fail(failureText(error))
  }
}

/** Over sockets, at clients in a thread of their own. */
function soakClient(): Promise<SideResult> {
  const workerData = { seed, frames: frames * (1 - MASTER_SHARE), limitMs: LIMIT_MS }
  const worker = new Worker(new URL('./soak/client-worker.js', import.meta.url), { workerData })
  return new Promise(resolve => {
    worker.on('error', error => fail(failureText(error)))
    worker.on('message', (message: { result: SideResult } | { failure: string }) =>
      'failure' in message ? fail(message.failure) : resolve(message.result),
    )
  })
}

function tooFew(): string[] {
  const least = Math.min(LEAST_FRAMES, frames / 20)
  const few = (side: string, tallies: Tallies) =>
    STATES.filter(state => tallies[state].frames < least).map(
      state => `only ${formatCount(tallies[state].frames)} frames at ${side}, ${state}`,
    )
  return [
    ...(thrown < frames
      ? [`only ${formatCount(thrown)} of ${formatCount(frames)} frames in ${LIMIT_MS / 1000} s`]
      : []),
    ...few('the embedded master', atMaster.tallies),
    ...few('the client', atClient.tallies),
  ]
}

function growth(): string[] {
  const grown = (what: string, before: number, after: number, most: number) =>
    after - before > most
      ? [`${what} has grown by ${formatBytes(after - before)}, at most ${formatBytes(most)} are taken`]
      : []
  const { heapBytes, residentBytes } = MOST_GROWTH_BYTES
  return [
    ...grown('the master’s process', atMaster.before.residentBytes!, atMaster.after.residentBytes!, residentBytes),
    ...grown('the clients’ heap', atClient.before.heapBytes, atClient.after.heapBytes, heapBytes),
  ]
}

/** What a reset took along must stand in the master's log. */
function unnamed(tallies: Tallies, dropped: number): string[] {
  const closes = Object.values(tallies).flatMap(tally => [...tally.closes])
  const count = (is: (reason: string) => boolean) =>
    closes.reduce((total, [reason, times]) => total + (is(reason) ? times : 0), 0)
  const [without, named] = [count(reason => reason === UNHEARD), count(reason => reason.startsWith('BYE'))]
  return without + named > dropped
    ? [`${without} connections were reset, and its log names ${dropped} of the ${without + named} that it ended`]
    : []
}

function report(): void {
  table('the embedded master', atMaster.tallies)
  table('the client', atClient.tallies)
  say(`${formatCount(thrown)} frames in all, seed ${seed}`)
  const change = (before: number, after: number) => `${formatBytes(before)} → ${formatBytes(after)}`
  say(`master’s process, resident: ${change(atMaster.before.residentBytes!, atMaster.after.residentBytes!)}`)
  say(`clients’ heap: ${change(atClient.before.heapBytes, atClient.after.heapBytes)}`)
}

function table(side: string, tallies: Tallies): void {
  say(`thrown at ${side}\n`)
  say('| state | frames | fed | connections | answers | how connections ended |\n|---|---|---|---|---|---|')
  for (const state of STATES) {
    const { frames, fed, connections, answers, closes } = tallies[state]
    const ends = [...closes].sort((a, b) => b[1] - a[1]).map(([reason, count]) => `${formatCount(count)} ${reason}`)
    say(`| ${[state, ...[frames, fed, connections, answers].map(formatCount), ends.join(', ')].join(' | ')} |`)
  }
  say('')
}

function fail(what: string): never {
  say(`FAILED: ${what}`)
  if (target.died !== undefined) say(target.died)
  say(`again: npm run soak -- --seed ${seed} --frames ${frames}`)
  process.exit(1)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
