import { HarnessError } from '../core/errors.js'
import { placeOf } from '../masters/cyrus/place.js'
import type { LocalMaster } from '../metrics/doctor-result.js'
import { connectionsTo } from '../samplers/connections.js'
import { argumentsOf, type HostProcess, listenersOn, processesCalled } from '../samplers/listeners.js'
import { parseMostOpenFiles, parseParent, parseProcessStat } from '../samplers/proc.js'
import { listProc, readProc } from '../samplers/read-proc.js'
import { type CyrusFile, mupdateService, type SettingsFile, settingOf } from '../site/cyrus-files.js'
import type { FactKey } from '../site/facts.js'
import { masterFacts } from '../site/gather.js'
import { DEFAULT_PORT } from './choose-master.js'
import { readCyrusFiles } from './included-files.js'
import type { Progress } from './progress.js'

const MUPDATE = 'mupdate'
/** Compiled in; Debian's too. */
const IMAPD_CONF = '/etc/imapd.conf'
const CYRUS_CONF = '/etc/cyrus.conf'

/**
 * The process of this host that serves the port, and what `/proc` and its imapd.conf tell of it.
 *
 * @param knownPid of a master of our own
 */
export function localMaster(port: number, knownPid: number | undefined, progress: Progress): LocalMaster | null {
  const found = findMaster(port, knownPid, progress)
  if (found === undefined) return null
  const { pid, program, isAssumed } = found
  const config = program === MUPDATE ? configOf(pid, progress) : NO_CONFIG
  return {
    pid,
    program,
    isAssumed,
    threads: parseProcessStat(readProc(`/proc/${pid}/stat`) ?? '')?.threadCount ?? null,
    connections: connectionsTo(port) ?? null,
    descriptors: listProc(`/proc/${pid}/fd`)?.length ?? null,
    maxDescriptors: mostOpenFiles(String(pid)),
    ...config,
  }
}

/** @param who a pid, or `self`; null where it may not be known, or has no end */
export function mostOpenFiles(who: string): number | null {
  const most = parseMostOpenFiles(readProc(`/proc/${who}/limits`) ?? '')
  return most === undefined || most === Infinity ? null : most
}

/** Cyrus's `master` holds the socket too. */
export function findMaster(
  port: number,
  knownPid: number | undefined,
  progress: Progress,
): (HostProcess & { readonly isAssumed: boolean }) | undefined {
  if (knownPid !== undefined)
    return { pid: knownPid, program: readProc(`/proc/${knownPid}/comm`)?.trim() ?? MUPDATE, isAssumed: false }
  const holders = listenersOn(port)
  const holder = holders.find(({ program }) => program === MUPDATE) ?? holders[0]
  if (holder !== undefined) return { ...holder, isAssumed: false }
  const likely = processesCalled(MUPDATE).find(({ pid }) => isServiceOf(pid, port, progress))
  return likely && { ...likely, isAssumed: true }
}

/** Of a process whose descriptors may not be looked into: what its parent, Cyrus's `master`, was told. */
function isServiceOf(pid: number, port: number, progress: Progress): boolean {
  const parent = parseParent(readProc(`/proc/${pid}/status`) ?? '')
  const [file] = parent === undefined ? [] : tryToRead(argumentAfter(parent, '-M') ?? CYRUS_CONF, progress).files
  if (file?.kind !== 'services') return false
  const listen = mupdateService(file.services)?.options.listen ?? ''
  return Number(/(?:^|:)(\d+)$/.exec(listen)?.[1] ?? (/(?:^|:)mupdate$/.test(listen) ? DEFAULT_PORT : 0)) === port
}

function argumentAfter(pid: number, flag: string): string | undefined {
  const words = argumentsOf(pid)
  const at = words.indexOf(flag)
  return at < 0 ? undefined : words[at + 1]
}

type Config = Pick<LocalMaster, 'settings' | 'database'>

const NO_CONFIG: Config = { settings: { workersMax: null, connectionsMax: null, unread: null }, database: null }

/** As its imapd.conf says now; it may have been started with another. */
function configOf(pid: number, progress: Progress): Config {
  const { files, unread } = tryToRead(argumentAfter(pid, '-C') ?? IMAPD_CONF, progress)
  const file = files.find(file => file.kind === 'settings')
  if (file === undefined) return { ...NO_CONFIG, settings: { ...NO_CONFIG.settings, unread } }
  const facts = masterFacts([file], false)
  const setting = (key: FactKey) => {
    const fact = facts.get(key)
    return fact === undefined ? null : { value: Number(fact.value), from: fact.from }
  }
  const settings = {
    workersMax: setting('master.settings.mupdate_workers_max'),
    connectionsMax: setting('master.settings.mupdate_connections_max'),
    unread: null,
  }
  return { settings, database: databaseOf(file) }
}

function tryToRead(path: string, progress: Progress): { readonly files: CyrusFile[]; readonly unread: string } {
  try {
    return { files: readCyrusFiles([path], progress), unread: `${path} is no imapd.conf` }
  } catch (error) {
    if (error instanceof HarnessError) return { files: [], unread: error.message }
    throw error
  }
}

function databaseOf({ settings }: SettingsFile): LocalMaster['database'] {
  const directory = settingOf(settings, 'mboxlist_db_path') ?? settingOf(settings, 'configdirectory')
  if (directory === undefined) return null
  try {
    return { type: settingOf(settings, 'mboxlist_db') ?? null, directory, place: placeOf(directory) }
  } catch {
    return null
  }
}
