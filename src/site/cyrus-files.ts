import { HarnessError } from '../core/errors.js'
import { parseDurationNs } from '../core/units.js'
import { LEAST_RETRY_DELAY_S } from './facts.js'

/** What one file of a Cyrus host says: imapd.conf, `cyr_info conf-all`, or cyrus.conf. */
export type CyrusFile =
  | {
      readonly kind: 'settings'
      readonly path: string
      readonly settings: Readonly<Record<string, string>>
      /** Which file has each of them: this one, or one that it includes. */
      readonly origins: Readonly<Record<string, string>>
      /** Of what it includes, what was not read. */
      readonly includes: readonly string[]
    }
  | { readonly kind: 'services'; readonly path: string; readonly services: readonly Service[] }

/** A line of cyrus.conf's SERVICES. */
export interface Service {
  readonly name: string
  readonly command: string
  readonly options: Readonly<Record<string, string>>
}

export type SettingsFile = CyrusFile & { readonly kind: 'settings' }

/** Gives undefined for a file that is not there. */
type ReadIncluded = (path: string) => string | undefined

/** Tells by its contents what it is. @throws {HarnessError} `USAGE` for what is neither */
export function parseCyrusFile(text: string, path: string, read: ReadIncluded = () => undefined): CyrusFile {
  if (/^\s*(START|SERVICES|EVENTS|DAEMON)\s*\{/m.test(text))
    return { kind: 'services', path, services: servicesOf(text) }
  const found: Found = { settings: {}, origins: {}, includes: [] }
  readSettings(text, path, found, read)
  const isOurs = /^(schema:\s*mupdate-bench\/|phases:)/m.test(text)
  if (isOurs || !(found.includes.length > 0 || Object.keys(found.settings).some(name => OF_CYRUS.test(name))))
    throw new HarnessError(
      'USAGE',
      `${path}: neither imapd.conf, nor cyr_info conf-all, nor cyrus.conf`,
      'give a file with lines such as “mupdate_workers_max: 50”, or with a section SERVICES { … }',
    )
  return { kind: 'settings', path, ...found }
}

/** Of lib/imapoptions: any YAML has lines of their form, but, ours excepted, no such keys. */
const OF_CYRUS =
  /^(mupdate_\w+|sasl_\w+|partition-.+|servername|configdirectory|defaultpartition|admins|allowplaintext|failedloginpause|mboxlist_db\w*|proxy_\w+|proxyservers|syslog_prefix|tls_\w+)$/

interface Found {
  readonly settings: Record<string, string>
  readonly origins: Record<string, string>
  readonly includes: string[]
}

/**
 * lib/libconfig.c: `name: value`, `#` comments, a backslash goes on in the next line; the last of a name counts.
 * `@include` is read in that place.
 */
function readSettings(text: string, path: string, into: Found, read: ReadIncluded, seen: readonly string[] = []): void {
  for (const line of text.replace(/\\\r?\n/g, ' ').split(/\r?\n/)) {
    const [, name, value] = /^\s*(@?[A-Za-z0-9_.-]+)\s*:\s*(.*?)\s*$/.exec(line) ?? []
    const key = name?.toLowerCase()
    if (key === undefined) continue
    if (key !== '@include') {
      into.settings[key] = value
      into.origins[key] = path
      continue
    }
    const included = value.startsWith('/') && !seen.includes(value) ? read(value) : undefined
    if (included === undefined) into.includes.push(value)
    else readSettings(included, value, into, read, [...seen, value])
  }
}

/** master/masterconf.c: `name cmd="…" listen="…" prefork=1`, within SERVICES { }. */
function servicesOf(text: string): Service[] {
  const uncommented = text.replace(/^\s*#.*$/gm, '')
  const [, body = ''] = /\bSERVICES\s*\{([^}]*)\}/.exec(uncommented) ?? []
  return body.split('\n').flatMap(line => {
    const [, name, rest] = /^\s*([A-Za-z0-9_]+)\s+(.*)$/.exec(line) ?? []
    if (name === undefined) return []
    const options = Object.fromEntries(
      [...rest.matchAll(/(\w+)\s*=\s*(?:"([^"]*)"|(\S+))/g)].map(([, key, quoted, bare]) => [
        key.toLowerCase(),
        quoted ?? bare ?? '',
      ]),
    )
    return [{ name, command: options.cmd ?? '', options }]
  })
}

/** cyrus.conf(5): what a service may have open where nothing is said. */
export const DEFAULT_MAXFDS = 256

/** The service that runs mupdate; on a master with `-m`. */
export function mupdateService(services: readonly Service[]): Service | undefined {
  return services.find(({ command }) => /(^|\/|\s)mupdate(\s|$)/.test(command))
}

/** `SERVICE_name` stands above `name` (lib/libconfig.c config_read). */
export function settingOf(settings: Readonly<Record<string, string>>, name: string): string | undefined {
  const value = settings[`mupdate_${name}`] ?? settings[name]
  return value === '' ? undefined : value
}

/** Which file has that setting. */
export function originOf({ path, settings, origins }: SettingsFile, name: string): string {
  const origin = origins[`mupdate_${name}` in settings ? `mupdate_${name}` : name]
  return origin === undefined || origin === path ? path : `${origin}, which ${path} includes`
}

/** mupdate_retry_delay: seconds without a unit, as imapd.conf has them. @throws {HarnessError} `USAGE` */
export function settingMs(text: string, what: string): number {
  const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1e3 : durationMs(text)
  if (ms !== undefined && ms >= LEAST_RETRY_DELAY_S * 1e3) return ms
  throw new HarnessError(
    'USAGE',
    `${what}: ${text} is not a time of ${LEAST_RETRY_DELAY_S} s or more`,
    'give seconds, such as 20; with less a slave divides by zero',
  )
}

function durationMs(text: string): number | undefined {
  try {
    return parseDurationNs(text) / 1e6
  } catch {
    return undefined
  }
}

/** Values of mupdate_config with which each backend has a copy of the list (imapd.conf(5)). */
const COPIES = /^(unified|replicated)$/i

/** A backend that is a slave too: it keeps a copy of the list (imap/global.c, mupdate_config). */
export function isUnified(files: readonly CyrusFile[]): boolean {
  return files.some(file => {
    if (file.kind === 'settings')
      return file.settings.mupdate_config !== undefined && COPIES.test(file.settings.mupdate_config)
    const command = mupdateService(file.services)?.command
    return command !== undefined && !/(^|\s)-m(\s|$)/.test(command)
  })
}
