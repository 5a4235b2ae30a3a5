import { createReadStream, readFileSync, type Stats, statSync } from 'node:fs'
import { cpus } from 'node:os'
import { HarnessError, messageOf } from '../core/errors.js'
import { parseDurationNs } from '../core/units.js'
import { type Counters, parseCounters, type Rates, ratesOf, secondsBetween } from '../site/counters.js'
import { type CyrusFile, parseCyrusFile } from '../site/cyrus-files.js'
import { diagnosisFacts } from '../site/diagnosis.js'
import { countDump } from '../site/dump-count.js'
import { delay, type FactKey, type Facts, type FactValue, positive, wholeNumber } from '../site/facts.js'
import {
  backendFacts,
  type DatedDump,
  DEFAULTS,
  dumpFacts,
  dumpWarnings,
  frontendFacts,
  masterFacts,
  withAllUnified,
} from '../site/gather.js'
import { isDay } from '../site/schema.js'
import type { Progress } from './progress.js'
import { unpacked } from './unpacked.js'

export interface PlanInitFlags {
  readonly master: string[]
  readonly frontend: string[]
  readonly backend: string[]
  readonly dump: string[]
  readonly diagnosis?: string
  readonly counters: string[]
  readonly uptime?: string
  readonly mailboxes?: string
  readonly frontends?: string
  readonly backends?: string
  readonly retryDelay?: string
  readonly growth?: string
  readonly creates?: string
  readonly plannedMailboxes?: string
  readonly plannedFrontends?: string
  readonly plannedCreates?: string
  readonly masterCpu?: string
  readonly place?: string
}

/** All that files and flags say; a flag is worth more than a file. @throws {HarnessError} `USAGE` */
export async function factsOf(flags: PlanInitFlags, progress: Progress): Promise<Facts> {
  const { masterCpu } = flags
  const [master, frontends, backends] = [flags.master, flags.frontend, flags.backend].map(files =>
    files.filter(file => file !== DEFAULTS).map(readCyrusFile),
  ) as [CyrusFile[], CyrusFile[], CyrusFile[]]
  const dumps = await readDumps(flags.dump, progress)
  for (const warning of dumpWarnings(dumps)) progress.warn(warning)
  for (const file of [...master, ...frontends, ...backends]) warnOfIncludes(file, progress)
  const counted = dumpFacts(dumps)
  const sources: Facts[] = [
    new Map([['asOf', { value: new Date().toISOString().slice(0, 10), from: 'the day of plan init' }]]),
    flags.diagnosis === undefined ? new Map() : diagnosisFacts(readJson(flags.diagnosis), flags.diagnosis),
    masterFacts(master, flags.master.includes(DEFAULTS)),
    frontendFacts(frontends, flags.frontend.includes(DEFAULTS)),
    counted,
    backendFacts(backends, frontends, Number(counted.get('backends')?.value ?? 0)),
    counterFacts(flags),
    masterCpu === undefined ? new Map() : cpuFacts(masterCpu),
    flagFacts(flags),
  ]
  return withAllUnified(new Map(sources.flatMap(source => [...source])), backends)
}

const FLAG_FACTS: readonly [keyof PlanInitFlags, string, FactKey, (text: string) => FactValue][] = [
  ['mailboxes', '--mailboxes', 'mailboxes', wholeNumber],
  ['frontends', '--frontends', 'slaves.frontends', wholeNumber],
  ['backends', '--backends', 'backends', wholeNumber],
  ['retryDelay', '--retry-delay', 'slaves.retryDelay', delay],
  ['growth', '--growth', 'growthPerDay', positive],
  ['creates', '--creates', 'operations.createsPerSecond', positive],
  ['plannedMailboxes', '--planned-mailboxes', 'planned.mailboxes', wholeNumber],
  ['plannedFrontends', '--planned-frontends', 'planned.frontends', wholeNumber],
  ['plannedCreates', '--planned-creates', 'planned.createsPerSecond', positive],
  ['place', '--place', 'master.place', text => text],
]

function flagFacts(flags: PlanInitFlags): Facts {
  return new Map(
    FLAG_FACTS.flatMap(([name, flag, key, parse]) => {
      const given = flags[name]
      if (typeof given !== 'string') return []
      try {
        return [[key, { value: parse(given), from: flag }] as const]
      } catch (error) {
        if (!(error instanceof HarnessError)) throw error
        throw new HarnessError(error.code, `${flag}: ${error.message}`, error.hint)
      }
    }),
  )
}

function cpuFacts(model: string): Facts {
  if (model !== 'here') return new Map([['master.cpu', { value: model, from: '--master-cpu' }]])
  const own = cpus()
  return new Map([
    ['master.cpu', { value: own[0]?.model.trim() ?? null, from: '--master-cpu here' }],
    ['master.cores', { value: own.length, from: '--master-cpu here' }],
  ])
}

function counterFacts({ counters, uptime }: PlanInitFlags): Facts {
  if (counters.length === 0) return new Map()
  const sums: { -readonly [Key in keyof Rates]: number } = { createsPerSecond: 0, otherChangesPerSecond: 0 }
  for (const option of counters) {
    const rates = ratesOfBackend(option, uptime)
    sums.createsPerSecond += rates.createsPerSecond
    sums.otherChangesPerSecond += rates.otherChangesPerSecond
  }
  const from = `counters of ${counters.length} backend${counters.length === 1 ? '' : 's'}: ${counters.join(', ')}; a mean, no peak`
  const rounded = (value: number) => ({ value: Number(value.toPrecision(3)), from })
  return new Map([
    ['operations.createsPerSecond', rounded(sums.createsPerSecond)],
    ['operations.otherChangesPerSecond', rounded(sums.otherChangesPerSecond)],
  ])
}

const NOTHING: Counters = { creates: 0, others: 0 }

/** Two scrapes; or one, and for how long it has counted. */
function ratesOfBackend(option: string, uptime: string | undefined): Rates {
  const paths = option.split(',')
  const [first, second] = paths
  if (first === undefined || paths.length > 2)
    throw new HarnessError(
      'USAGE',
      `--counters ${option}: more than two`,
      'give the older and the newer one of one backend',
    )
  if (second !== undefined) {
    const [before, after] = [parseCounters(readText(first), first), parseCounters(readText(second), second)]
    const filesS = (statOf(second).mtimeMs - statOf(first).mtimeMs) / 1e3
    return ratesOf(before, after, secondsBetween(before, after, filesS), option)
  }
  if (uptime === undefined)
    throw new HarnessError(
      'USAGE',
      `--counters ${option}: since when they count is not known`,
      'add --uptime 30d, or give two of different times: --counters older.prom,newer.prom',
    )
  return ratesOf(NOTHING, parseCounters(readText(first), first), parseDurationNs(uptime) / 1e9, option)
}

async function readDumps(options: readonly string[], progress: Progress): Promise<DatedDump[]> {
  if (options.length > 2)
    throw new HarnessError('USAGE', `--dump: ${options.length} of them`, 'give one, or two of different days')
  const dumps: DatedDump[] = []
  for (const option of options) {
    const [, given, path = option] = /^(\d{4}-\d{2}-\d{2})=(.*)$/s.exec(option) ?? []
    if (given !== undefined && !isDay(given))
      throw new HarnessError('USAGE', `--dump ${option}: ${given} is no day`, 'write 2026-11-28=FILE')
    progress.note(`counting ${path}`)
    dumps.push({
      path,
      day: given ?? statOf(path).mtime.toISOString().slice(0, 10),
      dayFrom: given === undefined ? 'the file’s time' : 'as given',
      count: await countDump(dumpStream(path), path),
    })
  }
  return dumps
}

async function* dumpStream(path: string): AsyncGenerator<Buffer> {
  try {
    yield* unpacked(createReadStream(path), path, unpack => `${unpack} > dump.txt, and give that`)
  } catch (error) {
    throw unreadable(path, error)
  }
}

function readCyrusFile(path: string): CyrusFile {
  return parseCyrusFile(readText(path), path, readIfThere)
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function warnOfIncludes(file: CyrusFile, progress: Progress): void {
  if (file.kind === 'settings' && file.includes.length > 0)
    progress.warn(
      `${file.path} includes ${file.includes.join(', ')}, not there to be read: what it does not set itself is unknown; give cyr_info conf-all instead`,
    )
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readText(path))
  } catch (error) {
    if (error instanceof HarnessError) throw error
    throw new HarnessError('USAGE', `${path}: ${messageOf(error)}`, 'make one: mupdate-bench diagnose LOG… --json')
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw unreadable(path, error)
  }
}

function statOf(path: string): Stats {
  try {
    return statSync(path)
  } catch (error) {
    throw unreadable(path, error)
  }
}

function unreadable(path: string, error: unknown): HarnessError {
  if (error instanceof HarnessError) return error
  return new HarnessError('USAGE', `cannot read ${path}: ${messageOf(error)}`, 'give a file that can be read')
}
