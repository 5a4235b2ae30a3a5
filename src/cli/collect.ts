import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { NatsConnection } from '@nats-io/transport-node'
import { Command } from 'commander'
import { roll } from '../agents/find-agents.js'
import { controlOf, decode, encode, type Output, type Reply, type Request } from '../agents/protocol.js'
import { readSpool } from '../agents/spool.js'
import { HarnessError, messageOf } from '../core/errors.js'
import { formatDurationUs } from '../core/units.js'
import type { Crew } from '../engine/crew.js'
import { Run, type Told } from '../engine/run.js'
import { loadHistograms } from '../metrics/latency.js'
import type { PhaseResult, RunResult } from '../metrics/run-result.js'
import { loadProfile } from '../profile/load.js'
import { OWN_SPOOL, RunFolder } from '../report/run-folder.js'
import { runJson, saturationReasons } from '../report/run-json.js'
import { slaveLines } from '../report/series.js'
import type { HostDescription } from '../samplers/host.js'
import { judge } from '../verdict/judge.js'
import { connectNats, type NatsFlags, natsOptions } from './nats.js'
import { isProcess } from './own-process.js'
import { printResult } from './print-result.js'
import { Progress } from './progress.js'
import { readRun } from './read-run.js'
import { VERDICT_STATUS } from './final-result.js'

interface CollectFlags extends NatsFlags {
  readonly json?: true
  readonly quiet?: true
}

const FETCH_MS = 5_000

export function collectCommand(): Command {
  const command = new Command('collect')
    .description('put a run together that was lost while agents had parts in it')
    .argument('<run>', 'its folder: results/<profile>/<time>-<id>')
    .option('--json', 'run.json on stdout, everything else on stderr')
    .option('-q, --quiet', 'no progress')
  return natsOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  mupdate-bench collect results/seed-2010/20261130T220000Z-1a2b3c --nats nats://bench.example.com
  scp fe1:agent-spool/1a2b3c-*.spool results/seed-2010/20261130T220000Z-1a2b3c/
  mupdate-bench collect results/seed-2010/20261130T220000Z-1a2b3c

Agents that are there are asked for what they have kept of it; without --nats it takes what lies in the folder.

Exit status: 6, as of a run that was interrupted; 5 where its harness was the limit; 2 where there is nothing to collect.`,
    )
    .action(collect)
}

async function collect(folder: string, flags: CollectFlags): Promise<void> {
  const progress = new Progress(process.stderr, flags.quiet === true)
  const before = readRun(folder)
  checkLost(folder, before)
  if (flags.nats !== undefined) await fetchAll(folder, before.id, flags, progress)
  await loadHistograms()
  const result = putTogether(folder, before)
  await printResult(result, folder, flags, progress)
  process.exitCode = VERDICT_STATUS[result.verdict.result]
}

/** @throws {HarnessError} `USAGE` */
function checkLost(folder: string, { state, harness }: RunResult): void {
  const refuse = (why: string, hint: string) => {
    throw new HarnessError('USAGE', why, hint)
  }
  if (isProcess(harness.pid, 'run'))
    refuse(`the run in ${folder} is not over: process ${harness.pid}`, 'wait, or end it')
  if (!existsSync(join(folder, OWN_SPOOL)))
    refuse(
      state === 'running' ? `the run in ${folder} had no agents` : `the run in ${folder} has come to its end`,
      `what there is of it is there: mupdate-bench show ${folder}`,
    )
}

async function fetchAll(folder: string, run: string, flags: CollectFlags, progress: Progress): Promise<void> {
  const nats = await connectNats(flags, 'mupdate-bench collect')
  try {
    for (const { id, name, host } of await roll(nats)) {
      const reply = await ask(nats, id, { kind: 'list', run })
      for (const file of reply.kind === 'files' ? reply.files : []) {
        if (!isPart(file, run)) continue
        const bytes = await fetched(nats, id, file)
        writeFileSync(join(folder, file), bytes)
        await ask(nats, id, { kind: 'forget', file })
        progress.line(`agent ${name} on ${host} had kept ${bytes.length} bytes of it`)
      }
    }
  } finally {
    await nats.close()
  }
}

async function fetched(nats: NatsConnection, agent: string, file: string): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for (let from = 0; ; ) {
    const reply = await ask(nats, agent, { kind: 'fetch', file, from })
    if (reply.kind !== 'kept')
      throw new HarnessError('AGENTS', `agent ${agent} does not give ${file}`, 'copy it from there by hand')
    chunks.push(reply.bytes)
    from += reply.bytes.length
    if (from >= reply.length || reply.bytes.length === 0) return Buffer.concat(chunks)
  }
}

async function ask(nats: NatsConnection, agent: string, request: Request): Promise<Reply> {
  try {
    return decode<Reply>((await nats.request(controlOf(agent), encode(request), { timeout: FETCH_MS })).data)
  } catch (error) {
    throw new HarnessError('AGENTS', `agent ${agent} does not answer: ${messageOf(error)}`, 'try again', {
      cause: error,
    })
  }
}

/** Writes what the run has left anew, from all that its threads have told. */
function putTogether(folder: string, before: RunResult): RunResult {
  const own = readSpool(join(folder, OWN_SPOOL))
  const parts = readdirSync(folder)
    .filter(name => isPart(name, before.id))
    .map(name => readSpool(join(folder, name)))
  const told = inOrder([own, ...parts])
  const { run, shards } = retold(folder, before, own, told)
  const measured = measuredBy(run, before)
  const tellers = new Set(told.map(({ entry }) => (entry.kind === 'report' ? entry.shard : undefined)))
  const missing = shards.filter(({ name, runs }) => runs.includes('slaves') && !tellers.has(name))
  const after = formatDurationUs(measured.durationMs * 1e3)
  const verdict = judge([measured], loadProfile(join(folder, 'profile.yaml')).thresholds, {
    saturated: [...saturationReasons(run), ...breaks([own, ...parts])],
    losses: [],
    failures: [],
    expected: [],
    inconclusive: [
      `the run itself was lost ${after} after it had begun, and was put together from ${parts.length} agents’ parts`,
      ...(missing.length === 0 ? [] : [`of ${missing.map(({ name }) => name).join(', ')} there is no part`]),
    ],
  })
  const result = { ...measured, verdict }
  rewrite(folder, run, told, result)
  return result
}

/** Names come from other hosts: nothing else in the folder may be meant. */
function isPart(name: string, run: string): boolean {
  return new RegExp(`^${run}-[0-9a-f]+\\.spool$`).test(name)
}

/** What makes it no run any more, whatever it has measured. */
function breaks(spools: readonly (readonly Output[])[]): string[] {
  const reasons = spools.flat().flatMap(output => {
    if (output.kind === 'died') return [`worker thread "${output.shard}" died: ${output.message}`]
    return output.kind === 'gap' ? ['what threads said to each other was lost on the way (NATS)'] : []
  })
  return [...new Set(reasons)]
}

/** @throws {HarnessError} `RESULTS` where nothing was measured */
function retold(folder: string, before: RunResult, own: readonly Output[], told: readonly Placed[]) {
  const begun = own.find(output => output.kind === 'begun')
  const beginning = own.find(output => output.kind === 'phase')
  if (begun === undefined || beginning === undefined)
    throw new HarnessError('RESULTS', `the run in ${folder} was lost before it had begun`, 'run it again')
  const { plan, shards } = begun
  const run = new Run({
    plan,
    shards,
    crew: () => NOBODY,
    master: { ...GONE, kind: 'remote', describe: () => describe(before) },
    clock: { nowNs: () => 0 },
    originS: 0,
    observer: { onEvent() {}, onInterval() {}, onSecond() {}, onPhase() {} },
    mayList: false,
    notes: {},
  })
  const begunNs = beginning.startNs - (before.phases[0]?.startMs ?? 0) * 1e6
  const ended = plan.phases.map(({ name }) => settled(before.phases.find(phase => phase.name === name)?.ended))
  const endNs = Math.max(begunNs, told.at(-1)?.atNs ?? 0)
  run.retell(
    told.map(({ entry }) => entry),
    begunNs,
    ended,
    endNs,
  )
  return { run, shards }
}

/** Its `run.json`; of the master, what was last written. */
function measuredBy(run: Run, before: RunResult): RunResult {
  const { id, profile, startedAt, harness, master, http, generator, phases } = before
  const { version } = harness
  const host = harness.host as unknown as HostDescription
  const identity = { id, profile, startedAt: new Date(startedAt), version, host }
  const measured = runJson(identity, run, { kind: 'remote', describe: () => describe(before) }, run.endNs!)
  const masters = new Map(phases.map(phase => [phase.name, phase.master]))
  return {
    ...measured,
    harness,
    master,
    http,
    generator: { ...measured.generator, agents: generator.agents },
    phases: measured.phases.map(phase => ({ ...phase, master: masters.get(phase.name) ?? null })),
  }
}

function describe({ master }: RunResult) {
  const { version, mailboxDatabase, settings, binaries } = master
  return { version, mailboxDatabase, settings, binaries }
}

function settled(ended: PhaseResult['ended'] | undefined): PhaseResult['ended'] {
  return ended === undefined || ended === 'running' ? 'interrupted' : ended
}

/** What was written second by second lacks what came late. */
function rewrite(folder: string, run: Run, told: readonly Placed[], result: RunResult): void {
  const profile = readFileSync(join(folder, 'profile.yaml'), 'utf8')
  for (const file of ['intervals.hlog', 'slaves.ndjson']) rmSync(join(folder, file), { force: true })
  const names = run.phases.map(({ plan }) => plan.name)
  const files = new RunFolder(folder, new Date(result.startedAt), profile)
  for (const { entry } of told) {
    if (entry.kind !== 'report' || entry.report.kind !== 'interval') continue
    const { fromNs, toNs, metrics } = entry.report.interval
    const startS = Math.max(0, (fromNs - run.startNs) / 1e9)
    for (const delta of metrics)
      files.addDelta(names[delta.phase] ?? '?', delta, startS, (toNs - run.startNs) / 1e9 - startS)
  }
  files.addSlaveMoves(slaveLines(run, run.slaveMoves))
  files.writeRun(result)
  files.close()
  if (files.failure !== undefined) throw files.failure
}

const NOBODY: Crew = { leadNs: 0, start: async () => {}, order: () => {}, stop: async () => [], kill: async () => {} }

/** A master that is not there any more. */
const GONE = {
  start: async () => {},
  stop: async () => {},
  address: { host: '', port: 0 },
  credentials: { user: '', password: '' },
  pid: () => undefined,
  onEvent: () => {},
}

interface Placed {
  readonly atNs: number
  readonly entry: Told
}

/** Of all spools, by the times in them; what has none comes with what was written before it. */
function inOrder(spools: readonly (readonly Output[])[]): Placed[] {
  return spools
    .flatMap(outputs => {
      let atNs = 0
      return outputs.flatMap((output): Placed[] => {
        if (output.kind !== 'report' && output.kind !== 'phase' && output.kind !== 'load') return []
        atNs = Math.max(atNs, timeOf(output) ?? atNs)
        return [{ atNs, entry: output }]
      })
    })
    .sort((a, b) => a.atNs - b.atNs)
}

function timeOf(told: Told): number | undefined {
  if (told.kind === 'phase') return told.startNs
  if (told.kind === 'load') return told.samples.at(-1)?.toNs
  const { report } = told
  if (report.kind === 'interval') return report.interval.toNs
  return report.kind === 'event' || report.kind === 'unserved' ? report.atNs : undefined
}
