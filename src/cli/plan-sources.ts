import { cpus } from 'node:os'
import { HarnessError, messageOf } from '../core/errors.js'
import { parseDurationNs } from '../core/units.js'
import { type Counters, parseCounters, type Rates, ratesOf, secondsBetween } from '../site/counters.js'
import type { CyrusFile } from '../site/cyrus-files.js'
import { diagnosisFacts } from '../site/diagnosis.js'
import { countDump } from '../site/dump-count.js'
import {
  delay,
  type Fact,
  type FactKey,
  type Facts,
  type FactValue,
  fromZero,
  positive,
  wholeNumber,
} from '../site/facts.js'
import {
  backendFacts,
  type DatedDump,
  DEFAULTS,
  dumpFacts,
  dumpWarnings,
  frontendFacts,
  masterFacts,
  withAllUnified,
  withBackendsDelay,
} from '../site/gather.js'
import { isDay } from '../site/schema.js'
import { dumpStream } from '../drivers/dump-stream.js'
import { readText, statOf } from '../core/given-files.js'
import { readCyrusFiles } from './included-files.js'
import type { Progress } from './progress.js'

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
    readCyrusFiles(
      files.filter(file => file !== DEFAULTS),
      progress,
    ),
  ) as [CyrusFile[], CyrusFile[], CyrusFile[]]
  const dumps = await readDumps(flags.dump, progress)
  for (const warning of dumpWarnings(dumps)) progress.warn(warning)
  for (const file of [...master, ...frontends, ...backends]) warnOfIncludes(file, progress)
  const counted = dumpFacts(dumps)
  const counters = counterFacts(flags)
  const sources: Facts[] = [
    new Map([['asOf', { value: new Date().toISOString().slice(0, 10), from: 'the day of plan init' }]]),
    flags.diagnosis === undefined ? new Map() : diagnosisFacts(readJson(flags.diagnosis), flags.diagnosis),
    masterFacts(master, flags.master.includes(DEFAULTS)),
    frontendFacts(frontends, flags.frontend.includes(DEFAULTS)),
    counted,
    backendFacts(backends, frontends, Number(counted.get('backends')?.value ?? 0)),
    counters,
    masterCpu === undefined ? new Map() : cpuFacts(masterCpu),
  ]
  const given = flagFacts(flags)
  for (const warning of contradictions(sources, given)) progress.warn(warning)
  const facts = new Map([...sources, given].flatMap(source => [...source]))
  const whole = withAllUnified(ofAllBackends(facts, counters, flags.counters.length, progress), backends)
  return given.has('slaves.retryDelay') ? whole : withBackendsDelay(whole, backends)
}

/** A day is another in each source, and that is no contradiction. */
const MAY_DIFFER: readonly FactKey[] = ['asOf']

/** What two sources say in different ways: the later one counts, and whoever gives it himself has decided. */
function contradictions(sources: readonly Facts[], given: Facts): string[] {
  const known = new Map<FactKey, Fact>()
  return sources.flatMap(source =>
    [...source].flatMap(([key, fact]) => {
      const before = known.get(key)
      known.set(key, fact)
      if (before === undefined || before.value === fact.value || isWithin(fact, before)) return []
      if (given.has(key) || MAY_DIFFER.includes(key)) return []
      return [`${key}: ${before.value} (${before.from}), and ${fact.value} (${fact.from}), which is taken`]
    }),
  )
}

/** A fact of logs may be an interval. */
function isWithin({ value }: Fact, { value: least, most }: Fact): boolean {
  const [own, low, high] = [value, least, most].map(text => Number.parseFloat(String(text)))
  return own >= low && own <= high
}

/** Counters of some backends: the others are taken to be like them. */
function ofAllBackends(facts: Facts, counters: Facts, counted: number, progress: Progress): Facts {
  const backends = Number(facts.get('backends')?.value ?? 0)
  if (counted === 0 || backends <= counted) return facts
  const factor = backends / counted
  const scaled = [...counters].flatMap(([key, fact]) => {
    if (typeof fact.value !== 'number' || facts.get(key) !== fact) return []
    const from = `${fact.from}; × ${Number(factor.toPrecision(3))} for all ${backends} backends`
    return [[key, { value: Number((fact.value * factor).toPrecision(3)), from }] as const]
  })
  if (scaled.length > 0)
    progress.warn(
      `--counters of ${counted} of ${backends} backends: the others are taken to change as much; give --counters once for each`,
    )
  return new Map([...facts, ...scaled])
}

const FLAG_FACTS: readonly [keyof PlanInitFlags, string, FactKey, (text: string) => FactValue][] = [
  ['mailboxes', '--mailboxes', 'mailboxes', wholeNumber],
  ['frontends', '--frontends', 'slaves.frontends', fromZero],
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

function warnOfIncludes(file: CyrusFile, progress: Progress): void {
  if (file.kind === 'settings' && file.includes.length > 0)
    progress.warn(
      `${file.path} includes ${file.includes.join(', ')}, not there to be read: what it does not set itself is unknown; give those too, or cyr_info conf-all instead`,
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
