import { HarnessError } from '../core/errors.js'
import { parseDurationNs } from '../core/units.js'

export type FactValue = string | number | null

/** One value of site.yaml, and where it comes from. */
export interface Fact {
  readonly value: FactValue
  readonly from: string
  /** Where it is known only within bounds: the value is the least that it can be, this the most. */
  readonly most?: FactValue
}

/** With 0 or 1 a slave divides by zero: `rand() % (retry_delay / 2)`. */
export const LEAST_RETRY_DELAY_S = 2

/** Keys of site.yaml, dots between them, in the order in which they stand there. */
export const FACT_KEYS = [
  'asOf',
  'mailboxes',
  'growthPerDay',
  'slaves.frontends',
  'slaves.unifiedBackends',
  'slaves.retryDelay',
  'backends',
  'master.settings.mupdate_workers_start',
  'master.settings.mupdate_workers_minspare',
  'master.settings.mupdate_workers_maxspare',
  'master.settings.mupdate_workers_max',
  'master.settings.mupdate_connections_max',
  'master.maxfds',
  'master.database',
  'master.place',
  'master.cpu',
  'master.cores',
  'operations.createsPerSecond',
  'operations.otherChangesPerSecond',
  'operations.connection',
  'measured.from',
  'measured.mailboxes',
  'measured.listSeconds.low',
  'measured.listSeconds.likely',
  'measured.listSeconds.high',
  'measured.mergeSeconds.low',
  'measured.mergeSeconds.likely',
  'measured.mergeSeconds.high',
  'measured.timeouts',
  'measured.resyncs',
  'planned.mailboxes',
  'planned.frontends',
  'planned.createsPerSecond',
] as const
export type FactKey = (typeof FACT_KEYS)[number]

export type Facts = Map<FactKey, Fact>

/** What has to be known, or would be good to know, and how to say it. */
export interface Question {
  readonly key: FactKey
  readonly text: string
  readonly flag: string
  readonly isRequired: boolean
  /** @throws {HarnessError} `USAGE` */
  readonly parse: (text: string) => FactValue
}

export const QUESTIONS: readonly Question[] = [
  {
    key: 'mailboxes',
    text: 'How many mailboxes has the murder?',
    flag: '--dump FILE, or --mailboxes N',
    isRequired: true,
    parse: wholeNumber,
  },
  {
    key: 'slaves.frontends',
    text: 'How many frontends has it, beside backends that are slaves too?',
    flag: '--frontends N, or --frontend FILE for each',
    isRequired: true,
    parse: fromZero,
  },
  {
    key: 'slaves.retryDelay',
    text: 'What is mupdate_retry_delay on the frontends (Cyrus’s default: 20s)?',
    flag: '--frontend FILE (or: --frontend defaults), or --retry-delay 20s',
    isRequired: true,
    parse: delay,
  },
  {
    key: 'master.settings.mupdate_workers_max',
    text: 'What is mupdate_workers_max on the master (Cyrus’s default: 50)?',
    flag: '--master FILE (or: --master defaults)',
    isRequired: true,
    parse: wholeNumber,
  },
  {
    key: 'master.settings.mupdate_connections_max',
    text: 'And mupdate_connections_max (128)?',
    flag: '--master FILE (or: --master defaults)',
    isRequired: true,
    parse: wholeNumber,
  },
  {
    key: 'growthPerDay',
    text: 'By how many mailboxes does it grow a day?',
    flag: '--growth N',
    isRequired: false,
    parse: positive,
  },
  {
    key: 'operations.createsPerSecond',
    text: 'How many mailboxes are created a second?',
    flag: '--creates N',
    isRequired: false,
    parse: positive,
  },
  {
    key: 'planned.mailboxes',
    text: 'How many mailboxes is it to have?',
    flag: '--planned-mailboxes N',
    isRequired: false,
    parse: wholeNumber,
  },
  {
    key: 'planned.frontends',
    text: 'How many frontends is it to have?',
    flag: '--planned-frontends N',
    isRequired: false,
    parse: wholeNumber,
  },
  {
    key: 'planned.createsPerSecond',
    text: 'How many mailboxes are to be created a second then?',
    flag: '--planned-creates N',
    isRequired: false,
    parse: positive,
  },
]

export function missing(facts: Facts, isRequired: boolean): Question[] {
  return QUESTIONS.filter(question => question.isRequired === isRequired && !facts.has(question.key))
}

/** @throws {HarnessError} `USAGE` that lists what is missing, and the flags that give it */
export function requireAll(facts: Facts): void {
  const all = missing(facts, true)
  if (all.length === 0) return
  const lines = all.map(({ text, flag }) => `  - ${text} ${flag}`)
  throw new HarnessError('USAGE', `not known:\n${lines.join('\n')}`, 'give them; on a terminal plan init asks for them')
}

/** @throws {HarnessError} `USAGE` */
export function wholeNumber(text: string): number {
  const plain = text.trim().replaceAll(/[,_](?=\d{3})/g, '')
  const [, digits, unit = ''] = /^(\d+)(k|m)?$/i.exec(plain) ?? []
  if (digits === undefined || Number(digits) < 1) throw usage(text, 'a whole number', '12, 500000, 500k')
  return Number(digits) * ({ k: 1e3, m: 1e6 }[unit.toLowerCase()] ?? 1)
}

/** The same, or 0. @throws {HarnessError} `USAGE` */
export function fromZero(text: string): number {
  return text.trim() === '0' ? 0 : wholeNumber(text)
}

/** @throws {HarnessError} `USAGE` */
export function positive(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) throw usage(text, 'a number', '0.4, 50')
  return value
}

/** Seconds where there is no unit. @throws {HarnessError} `USAGE` */
export function delay(text: string): string {
  const seconds = /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : parseDurationNs(text) / 1e9
  if (seconds < LEAST_RETRY_DELAY_S) throw usage(text, `a delay of ${LEAST_RETRY_DELAY_S} s or more`, '20s')
  return `${seconds}s`
}

function usage(text: string, what: string, such: string): HarnessError {
  return new HarnessError('USAGE', `"${text}" is not ${what}`, `write for example ${such}`)
}
