import { appendFileSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { HarnessError, messageOf } from '../core/errors.js'
import { makeFolder } from '../core/make-folder.js'
import {
  type CapacityJournalLine,
  capacityJournalLineSchema,
  capacityResultSchema,
} from '../metrics/capacity-result.js'
import { cannotWriteResults } from '../report/cannot-write.js'
import { parseMaster } from './choose-master.js'

const axis = capacityResultSchema.shape.axis

/** What was asked for: with the trials, all that a search depends on. */
const capacityPlanSchema = z.strictObject({
  schema: z.literal('mupdate-bench/capacity-journal/1'),
  id: z.string(),
  startedAt: z.string(),
  profile: z.strictObject({ name: z.string(), seed: z.int() }),
  axes: z.array(axis).min(1).max(2),
  objective: z.array(z.string()),
  budgetMs: z.number(),
  /** What trials took that were cut off since the budget was used up: they are not made, and cut off, again. */
  lostMs: z.number().default(0),
  from: z.int().nullable(),
  to: z.int().nullable(),
  /** As `--master` takes it; null: simulated. */
  master: z.string().nullable(),
  calibration: z.string().nullable(),
  /** That slaves are dealt out to: with other ones the harness would be another. */
  agents: z.int().nullable().default(null),
})

export type CapacityPlan = z.infer<typeof capacityPlanSchema>

export const CAPACITY_FILE = 'capacity.json'
export const CAPACITY_PAGE = 'capacity.html'
const JOURNAL_FILE = 'journal.ndjson'

/** The profile of a search, as it was given; trials vary it. */
export function capacityProfilePath(folder: string, { profile }: CapacityPlan): string {
  return join(folder, `${profile.name}.yaml`)
}

/** @throws {HarnessError} `RESULTS` when it cannot be written */
export function createCapacityFolder(folder: string, plan: CapacityPlan, profileYaml: string): void {
  guard(folder, () => {
    makeFolder(folder)
    writeFileSync(capacityProfilePath(folder, plan), profileYaml)
    writeFileSync(join(folder, JOURNAL_FILE), `${JSON.stringify(plan)}\n`)
  })
}

/** A trial that is in the journal has been made; one that is not is made again. */
export function noteTrial(folder: string, line: CapacityJournalLine): void {
  guard(folder, () => appendFileSync(join(folder, JOURNAL_FILE), `${JSON.stringify(line)}\n`))
}

/** @throws {HarnessError} `RESULTS` where there is none, or one of another version */
export function readCapacityFolder(folder: string): {
  readonly plan: CapacityPlan
  readonly lines: readonly CapacityJournalLine[]
} {
  const path = join(folder, JOURNAL_FILE)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new HarnessError(
      'RESULTS',
      `no search in ${folder}: ${messageOf(error)}`,
      'give the folder of one: results/<profile>/<time>-<id>.capacity',
    )
  }
  // The last piece is empty, or a line that a crash cut off.
  const [head = '', ...others] = text.split('\n').slice(0, -1)
  const plan = parsed(capacityPlanSchema, head, path, 1)
  return { plan, lines: others.map((line, i) => parsed(capacityJournalLineSchema, line, path, i + 2)) }
}

/** What is typed to go on with it: leave to do what it does to others' masters is not kept. */
export function resumeText(folder: string, { master, agents }: CapacityPlan): string {
  const isRemote = master !== null && parseMaster(master).kind === 'remote'
  const others = [
    ...(isRemote ? ['--allow-load', '--allow-mutations'] : []),
    ...(agents === null ? [] : [`--agents ${agents}`, '--nats']),
  ]
  return `--resume ${folder}${others.length === 0 ? '' : `, with ${others.join(' and ')} as before`}`
}

/** Another budget is one for good, and so is time that was lost. */
export function changePlan(folder: string, plan: CapacityPlan): void {
  const path = join(folder, JOURNAL_FILE)
  guard(folder, () => {
    const [, ...lines] = readFileSync(path, 'utf8').split('\n')
    writeFileSync(`${path}.new`, [JSON.stringify(plan), ...lines].join('\n'))
    renameSync(`${path}.new`, path)
  })
}

/** Before anything is added: a line that a crash cut off would become part of the next one. */
export function dropTornLine(folder: string): void {
  const path = join(folder, JOURNAL_FILE)
  guard(folder, () => truncateSync(path, readFileSync(path).lastIndexOf('\n') + 1))
}

function parsed<T>(schema: z.ZodType<T>, line: string, path: string, number: number): T {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    value = undefined
  }
  const outcome = schema.safeParse(value)
  if (outcome.success) return outcome.data
  throw new HarnessError('RESULTS', `${path}:${number}: not a line of a search’s journal`, 'begin a new search')
}

function guard(folder: string, write: () => void): void {
  try {
    write()
  } catch (error) {
    throw cannotWriteResults(folder, error, 'make room, or choose another folder with --out')
  }
}
