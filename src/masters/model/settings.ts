/** imapd.conf's settings that decide how a master schedules, and limits that no setting moves. */
export interface ModelSettings {
  /** `mupdate_workers_start` */
  readonly workersStart: number
  /** `mupdate_workers_minspare` */
  readonly workersMinSpare: number
  /** `mupdate_workers_maxspare` */
  readonly workersMaxSpare: number
  /** `mupdate_workers_max` */
  readonly workersMax: number
  /** `mupdate_connections_max` */
  readonly connectionsMax: number
  /** `failedloginpause`, ns */
  readonly failedLoginPauseNs: number
  /** For tests of those who must notice. */
  readonly broken?: Broken
}

/** Ways in which the model is not like Cyrus. */
export type Broken = 'no-lock' | 'endless-workers'

/**
 * At so many connections select(2)'s sets are full, and the master dies of an assertion (lib/signals.c,
 * `nfds < FD_SETSIZE`), whatever `mupdate_connections_max` says. Measured on 3.6.1.
 */
export const DEADLY_CONNECTIONS = 1_010

const DEFAULTS = {
  mupdate_workers_start: 5,
  mupdate_workers_minspare: 2,
  mupdate_workers_maxspare: 10,
  mupdate_workers_max: 50,
  mupdate_connections_max: 128,
} as const

/** @param settings lines of imapd.conf; what is absent has Cyrus's default */
export function modelSettings(settings: Readonly<Record<string, string>>, broken?: Broken): ModelSettings {
  const of = (name: keyof typeof DEFAULTS) => {
    const given = Number(settings[name])
    return settings[name] === undefined || !Number.isInteger(given) ? DEFAULTS[name] : given
  }
  return {
    workersStart: of('mupdate_workers_start'),
    workersMinSpare: of('mupdate_workers_minspare'),
    workersMaxSpare: of('mupdate_workers_maxspare'),
    workersMax: broken === 'endless-workers' ? Infinity : of('mupdate_workers_max'),
    connectionsMax: of('mupdate_connections_max'),
    failedLoginPauseNs: secondsOf(settings.failedloginpause ?? '3') * 1e9,
    ...(broken === undefined ? {} : { broken }),
  }
}

const UNIT_S: Readonly<Record<string, number>> = { d: 86_400, h: 3_600, m: 60, s: 1 }

/** As `config_getduration` reads it: `90`, `90s`, `1m30s` (lib/libconfig.c). */
function secondsOf(text: string): number {
  const parts = [...text.trim().matchAll(/(\d+(?:\.\d+)?)([dhms]?)/gi)]
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * UNIT_S[unit.toLowerCase() || 's'], 0)
}

/** @returns why no Cyrus would start with these workers (imap/mupdate.c service_init); undefined where one would */
export function refusalOf(settings: ModelSettings): string | undefined {
  const { workersStart: start, workersMinSpare: minspare, workersMaxSpare: maxspare, workersMax: max } = settings
  const name = (what: string, value: number) => `mupdate_workers_${what} (${value})`
  const wanted: readonly [string, number, string, number][] = [
    ['minspare', minspare, 'max', max],
    ['minspare', minspare, 'start', start],
    ['start', start, 'maxspare', maxspare],
    ['start', start, 'max', max],
  ]
  const broken = wanted.find(([, small, , large]) => small > large)
  return broken === undefined ? undefined : `${name(broken[0], broken[1])} is more than ${name(broken[2], broken[3])}`
}
