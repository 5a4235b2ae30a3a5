import { HarnessError } from '../core/errors.js'
import { formatCount } from '../core/units.js'
import { modelSettings } from '../masters/model/settings.js'
import {
  type CyrusFile,
  DEFAULT_MAXFDS,
  isUnified,
  mupdateService,
  originOf,
  type SettingsFile,
  settingMs,
  settingOf,
} from './cyrus-files.js'
import type { DumpCount } from './dump-count.js'
import type { Fact, FactKey, Facts } from './facts.js'

/** `defaults` in place of a file: Cyrus's own. */
export const DEFAULTS = 'defaults'
const RETRY_DELAY = 'mupdate_retry_delay'
const DEFAULT_RETRY_DELAY_MS = 20_000
const DAY_MS = 86_400_000

export interface DatedDump {
  readonly path: string
  /** `2026-11-28` */
  readonly day: string
  /** Where the day comes from. */
  readonly dayFrom: string
  readonly count: DumpCount
}

function settingsFiles(files: readonly CyrusFile[]): SettingsFile[] {
  return files.filter((file): file is SettingsFile => file.kind === 'settings')
}

/** Of several files of one host: the last one counts, as it does within a file. */
function fileWith(files: readonly SettingsFile[], name: string): SettingsFile | undefined {
  return files.findLast(({ settings }) => settingOf(settings, name) !== undefined)
}

/** What it includes was not read: what is absent here may be there. */
function mayHaveMore(file: CyrusFile): boolean {
  return file.kind === 'settings' && file.includes.length > 0
}

const MASTER_SETTINGS = {
  mupdate_workers_start: 'workersStart',
  mupdate_workers_minspare: 'workersMinSpare',
  mupdate_workers_maxspare: 'workersMaxSpare',
  mupdate_workers_max: 'workersMax',
  mupdate_connections_max: 'connectionsMax',
} as const

/** The master's imapd.conf or `cyr_info conf-all`, and its cyrus.conf. */
export function masterFacts(files: readonly CyrusFile[], isDefault: boolean): Facts {
  const facts: Facts = new Map()
  const own = settingsFiles(files)
  if (own.length > 0 || isDefault) {
    const defaults = modelSettings({})
    const where = own.map(({ path }) => path).join(' and ')
    const absent = where === '' ? 'Cyrus’s default' : `Cyrus’s default, not set in ${where}`
    for (const [name, key] of Object.entries(MASTER_SETTINGS)) {
      const file = fileWith(own, name)
      if (file === undefined && own.some(mayHaveMore)) continue
      facts.set(
        `master.settings.${name}` as FactKey,
        file === undefined
          ? { value: defaults[key], from: absent }
          : { value: countOf(settingOf(file.settings, name)!, name, originOf(file, name)), from: originOf(file, name) },
      )
    }
  }
  databaseFacts(own, facts)
  for (const services of files) {
    const service = services.kind === 'services' ? mupdateService(services.services) : undefined
    if (service === undefined) continue
    const { maxfds } = service.options
    facts.set('master.maxfds', {
      value: maxfds === undefined ? DEFAULT_MAXFDS : countOf(maxfds, 'maxfds', services.path),
      from: maxfds === undefined ? `default of cyrus.conf(5), ${services.path} does not set it` : services.path,
    })
  }
  return facts
}

function countOf(text: string, name: string, path: string): number {
  if (/^\d+$/.test(text) && Number(text) > 0) return Number(text)
  throw new HarnessError(
    'USAGE',
    `${path}: ${name}: ${text} is no number`,
    'Cyrus would not start with it: give 1 or more',
  )
}

/** A path can tell of tmpfs, and of nothing else. */
function databaseFacts(files: readonly SettingsFile[], facts: Facts): void {
  const own = fileWith(files, 'mboxlist_db')
  if (own !== undefined)
    facts.set('master.database', { value: settingOf(own.settings, 'mboxlist_db')!, from: originOf(own, 'mboxlist_db') })
  const name = ['mboxlist_db_path', 'configdirectory'].find(one => fileWith(files, one) !== undefined)
  const file = name && fileWith(files, name)
  const place = name && file && settingOf(file.settings, name)
  if (name !== undefined && file && place && /^\/(dev\/shm|run)\//.test(place))
    facts.set('master.place', { value: 'tmpfs', from: `${originOf(file, name)}: ${place}` })
}

/** Files of frontends: how many there are, and their retry delay, the shortest where they differ. */
export function frontendFacts(files: readonly CyrusFile[], isDefault: boolean): Facts {
  const facts: Facts = new Map()
  const all = settingsFiles(files)
  // One file is an example of many.
  if (all.length > 1) facts.set('slaves.frontends', { value: all.length, from: `${all.length} files of frontends` })
  const delay = shortestDelay(all, isDefault)
  if (delay !== undefined) facts.set('slaves.retryDelay', delay)
  return facts
}

/** @param isDefault beside the files there are some that set nothing */
function shortestDelay(all: readonly SettingsFile[], isDefault: boolean): Fact | undefined {
  if (all.some(file => mayHaveMore(file) && settingOf(file.settings, RETRY_DELAY) === undefined)) return undefined
  const delays = all.flatMap(file => {
    const own = settingOf(file.settings, RETRY_DELAY)
    const path = originOf(file, RETRY_DELAY)
    return own === undefined ? [] : [{ ms: settingMs(own, `${path}: ${RETRY_DELAY}`), path }]
  })
  const shortest = delays.toSorted((a, b) => a.ms - b.ms)[0]
  const isUnset = isDefault || all.length > delays.length
  if (shortest !== undefined && !(isUnset && shortest.ms > DEFAULT_RETRY_DELAY_MS))
    return {
      value: `${shortest.ms / 1e3}s`,
      from: delays.length > 1 ? `${shortest.path}, the shortest of ${delays.length}` : shortest.path,
    }
  if (!isUnset) return undefined
  const unset = all.find(file => settingOf(file.settings, RETRY_DELAY) === undefined)
  return {
    value: `${DEFAULT_RETRY_DELAY_MS / 1e3}s`,
    from: unset === undefined ? 'Cyrus’s default' : `Cyrus’s default, ${unset.path} does not set it`,
  }
}

/** Backends that are slaves too have a retry delay: where there is no other frontend, or theirs is shorter, it counts. */
export function withBackendsDelay(facts: Facts, files: readonly CyrusFile[]): Facts {
  const settings = settingsFiles(files)
  const slaves = settings.filter(file => isUnified([file]))
  // Where only cyrus.conf tells it, any of them may be.
  const all = slaves.length === 0 && files.some(file => isUnified([file])) ? settings : slaves
  const own = all.length === 0 ? undefined : shortestDelay(all, false)
  if (own === undefined) return facts
  const known = facts.get('slaves.retryDelay')
  const isAll = facts.get('slaves.frontends')?.value === 0
  const seconds = (fact: Fact) => Number.parseFloat(String(fact.value))
  const counts = known === undefined ? isAll : seconds(own) < seconds(known)
  return counts ? new Map([...facts, ['slaves.retryDelay', own]]) : facts
}

/**
 * Files of backends: how many, and whether they are slaves as well.
 *
 * @param named how many a dump names: fewer files are examples
 */
export function backendFacts(files: readonly CyrusFile[], frontendFiles: readonly CyrusFile[], named = 0): Facts {
  const facts: Facts = new Map()
  const count = settingsFiles(files).length
  if (count > Math.max(1, named)) facts.set('backends', { value: count, from: `${count} files of backends` })
  const unified = settingsFiles(files).filter(file => isUnified([file]))
  const services = files.filter(file => file.kind === 'services' && isUnified([file]))
  const own = Math.max(unified.length, services.length)
  const isUnsaid = files.some(file => mayHaveMore(file) && !('mupdate_config' in (file as SettingsFile).settings))
  if (own === 0 && isUnsaid) return facts
  if (files.length > 0)
    facts.set('slaves.unifiedBackends', {
      value: own,
      from:
        own === 0
          ? `no file of a backend has mupdate_config: unified, or runs mupdate without -m`
          : `${unified[0] === undefined ? services[0]!.path : originOf(unified[0], 'mupdate_config')}: a unified murder, in which backends are slaves too`,
    })
  else if (frontendFiles.some(file => file.kind === 'settings' && isUnified([file])))
    facts.set('slaves.unifiedBackends', { value: 0, from: 'mupdate_config: unified: the frontends are the backends' })
  return facts
}

/** Files of backends are examples of many: where all of them are slaves, all backends are. */
export function withAllUnified(facts: Facts, files: readonly CyrusFile[]): Facts {
  const [unified, backends] = [facts.get('slaves.unifiedBackends'), facts.get('backends')]
  // A backend has one file of each kind.
  const given = Math.max(settingsFiles(files).length, files.length - settingsFiles(files).length)
  const areAll = unified !== undefined && given > 0 && unified.value === given
  if (!areAll || typeof backends?.value !== 'number' || backends.value <= given) return facts
  const from = `${unified.from}; as many as backends`
  return new Map([...facts, ['slaves.unifiedBackends', { value: backends.value, from }]])
}

const NAMELESS = 'names no server: a backend’s own, or 2.5’s: is it the whole murder?'

/** A backend's dump has its own mailboxes alone, and looks like a small murder's. */
export function dumpWarnings(dumps: readonly DatedDump[]): string[] {
  return dumps.flatMap(({ path, count }) => (count.servers.size === 0 ? [`${path} ${NAMELESS}`] : []))
}

/** One dump tells how many there are; two of different days how they grow. @throws {HarnessError} `USAGE` */
export function dumpFacts(dumps: readonly DatedDump[]): Facts {
  const facts: Facts = new Map()
  const [before, last] = dumps.length > 1 ? dumps.toSorted((a, b) => a.day.localeCompare(b.day)) : [undefined, dumps[0]]
  if (last === undefined) return facts
  const { mailboxes, tombstones, servers, unknown } = last.count
  const less = [
    ...(tombstones > 0 ? [`${formatCount(tombstones)} deleted ones left out`] : []),
    ...(unknown > 0 ? [`${formatCount(unknown)} lines are no mailbox`] : []),
    ...(servers.size === 0 ? [NAMELESS] : []),
  ]
  const from = [`${last.path}, ${last.day} (${last.dayFrom})`, ...less].join('; ')
  facts.set('mailboxes', { value: mailboxes, from })
  facts.set('asOf', { value: last.day, from: `${last.path} (${last.dayFrom})` })
  if (servers.size > 0) facts.set('backends', { value: servers.size, from: `servers named in ${last.path}` })
  if (before !== undefined) facts.set('growthPerDay', growthFact(before, last))
  return facts
}

function growthFact(before: DatedDump, last: DatedDump): Fact {
  const days = (Date.parse(last.day) - Date.parse(before.day)) / DAY_MS
  if (days <= 0)
    throw new HarnessError(
      'USAGE',
      `${before.path} and ${last.path} are of the same day, ${last.day}`,
      'say when they were made: --dump 2026-05-01=old.txt --dump 2026-11-01=new.txt',
    )
  const gained = last.count.mailboxes - before.count.mailboxes
  return {
    value: Number((gained / days).toFixed(1)),
    from: `${before.path} ${formatCount(before.count.mailboxes)} on ${before.day}, ${last.path} ${formatCount(last.count.mailboxes)} on ${last.day}`,
  }
}
