import { HarnessError } from '../core/errors.js'
import { parseDurationNs } from '../core/units.js'
import { LEAST_RETRY_DELAY_S } from './facts.js'

/** What one file of a Cyrus host says: imapd.conf, `cyr_info conf-all`, or cyrus.conf. */
export type CyrusFile =
  | {
      readonly kind: 'settings'
      readonly path: string
      readonly settings: Readonly<Record<string, string>>
      readonly includes: readonly string[]
    }
  | { readonly kind: 'services'; readonly path: string; readonly services: readonly Service[] }

/** A line of cyrus.conf's SERVICES. */
export interface Service {
  readonly name: string
  readonly command: string
  readonly options: Readonly<Record<string, string>>
}

/**
 * `@include` replaced by what is there (lib/libconfig.c reads it in that place); a line whose file is not there stays.
 *
 * @param read gives undefined for a file that is not there
 */
export function withIncludes(
  text: string,
  read: (path: string) => string | undefined,
  seen: readonly string[] = [],
): string {
  return text.replace(/^[ \t]*@include[ \t]*:[ \t]*(\/.*?)[ \t\r]*$/gim, (line, path: string) => {
    const included = seen.includes(path) ? undefined : read(path)
    return included === undefined ? line : withIncludes(included, read, [...seen, path])
  })
}

/** Tells by its contents what it is. @throws {HarnessError} `USAGE` for what is neither */
export function parseCyrusFile(text: string, path: string): CyrusFile {
  if (/^\s*(START|SERVICES|EVENTS|DAEMON)\s*\{/m.test(text))
    return { kind: 'services', path, services: servicesOf(text) }
  const { settings, includes } = settingsOf(text)
  if (Object.keys(settings).length === 0)
    throw new HarnessError(
      'USAGE',
      `${path}: neither imapd.conf, nor cyr_info conf-all, nor cyrus.conf`,
      'give a file with lines such as “mupdate_workers_max: 50”, or with a section SERVICES { … }',
    )
  return { kind: 'settings', path, settings, includes }
}

/** lib/libconfig.c: `name: value`, `#` comments, a backslash goes on in the next line; the last of a name counts. */
function settingsOf(text: string): { settings: Record<string, string>; includes: string[] } {
  const settings: Record<string, string> = {}
  const includes: string[] = []
  for (const line of text.replace(/\\\r?\n/g, ' ').split(/\r?\n/)) {
    const [, key, value] = /^\s*(@?[A-Za-z0-9_.-]+)\s*:\s*(.*?)\s*$/.exec(line) ?? []
    if (key === undefined) continue
    if (key.toLowerCase() === '@include') includes.push(value)
    else settings[key.toLowerCase()] = value
  }
  return { settings, includes }
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

/** The service that runs mupdate; on a master with `-m`. */
export function mupdateService(services: readonly Service[]): Service | undefined {
  return services.find(({ command }) => /(^|\/|\s)mupdate(\s|$)/.test(command))
}

/** `SERVICE_name` stands above `name` (lib/libconfig.c config_read). */
export function settingOf(
  settings: Readonly<Record<string, string>>,
  name: string,
  service = 'mupdate',
): string | undefined {
  const value = settings[`${service}_${name}`] ?? settings[name]
  return value === '' ? undefined : value
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

/** A backend that is a slave too: it keeps a copy of the list (imap/global.c, mupdate_config). */
export function isUnified(files: readonly CyrusFile[]): boolean {
  return files.some(file => {
    if (file.kind === 'settings') return file.settings.mupdate_config === 'unified'
    const command = mupdateService(file.services)?.command
    return command !== undefined && !/(^|\s)-m(\s|$)/.test(command)
  })
}
