import { dirname, join } from 'node:path'
import type { Credentials, MasterAddress } from '../../core/address.js'
import { HarnessError } from '../../core/errors.js'
import { type CyrusPlan, configPath } from './plan.js'

/** The host that the banner names, and the realm of the login. */
export const SERVER_NAME = 'bench'
export const SYSLOG_PREFIX = 'mupdate-bench'

/**
 * Defaults of ours. At about 1,010 connections mupdate dies of an assertion (`nfds < FD_SETSIZE`, lib/signals.c),
 * so Cyrus's own limit stands below that; its default, 128, would turn most load away.
 */
export const DEFAULT_SETTINGS: Readonly<Record<string, string>> = { mupdate_connections_max: '900' }

/** Parts of the configuration directory; without `socket` mupdate cannot bind and is given up after 5 tries. */
export const STATE_DIRECTORIES = ['socket', 'db', 'log', 'proc', 'msg'] as const

/** What the harness itself relies on. */
function fixedSettings(plan: Pick<CyrusPlan, 'directory' | 'user'>): Record<string, string> {
  const conf = `${plan.directory}/conf`
  return {
    configdirectory: conf,
    'partition-default': `${plan.directory}/part`,
    defaultpartition: 'default',
    proc_path: `${conf}/proc`,
    mboxname_lockpath: `${conf}/lock`,
    servername: SERVER_NAME,
    admins: plan.user,
    sasl_pwcheck_method: 'auxprop',
    sasl_auxprop_plugin: 'sasldb',
    sasl_sasldb_path: `${conf}/sasldb2`,
    syslog_prefix: SYSLOG_PREFIX,
  }
}

/** What a run cannot set. */
export const FIXED_SETTINGS = Object.keys(fixedSettings({ directory: '', user: '' }))

/** What a run may change. */
const CHANGEABLE: Readonly<Record<string, string>> = {
  allowplaintext: 'yes',
  sasl_mech_list: 'PLAIN DIGEST-MD5 SCRAM-SHA-1 SCRAM-SHA-256',
}

/** @throws {HarnessError} `USAGE` for a setting that would take the master away from the harness */
export function imapdConf(plan: CyrusPlan): string {
  checkSettings(plan.settings)
  const all = { ...CHANGEABLE, ...plan.settings, ...fixedSettings(plan) }
  return Object.entries(all)
    .map(([key, value]) => `${key}: ${value}\n`)
    .join('')
}

/** Also asked before anything is started. */
export function checkSettings(settings: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(settings)) {
    if (!/^[a-z0-9_-]+$/.test(key) || /[\r\n]/.test(value) || value.trim() === '') {
      throw new HarnessError('USAGE', `"${key}: ${value}" is not a line of imapd.conf`, 'see imapd.conf(5)')
    }
    if (FIXED_SETTINGS.includes(key)) {
      throw new HarnessError(
        'USAGE',
        `${key} is set by the harness itself`,
        `leave ${key} out of the master's settings`,
      )
    }
  }
}

/**
 * Absolute paths let any build be used.
 *
 * @throws {HarnessError} `MASTER_SETUP` for paths that cannot be written there: Cyrus splits commands at blanks
 *   (master/masterconf.c)
 */
export function cyrusConf(plan: CyrusPlan): string {
  for (const path of [plan.directory, plan.binaries.mupdate]) checkPath(path)
  const { ctlCyrusdb } = plan.binaries
  const conf = configPath(plan.directory)
  const service = `listen="127.0.0.1:${plan.port}" prefork=1 maxfds=${plan.maxDescriptors}`
  return [
    `START {\n  recover cmd="${ctlCyrusdb} -C ${conf} -r"\n}`,
    `SERVICES {\n  ${serviceCommand(plan, conf)} ${service}\n}`,
    `EVENTS {\n  checkpoint cmd="${ctlCyrusdb} -C ${conf} -c" period=30\n}`,
    '',
  ].join('\n\n')
}

/** Services lie beside each other in every build. */
function serviceCommand({ role, binaries: { mupdate } }: CyrusPlan, conf: string): string {
  switch (role) {
    case 'master':
      return `mupdate cmd="${mupdate} -C ${conf} -m"`
    case 'slave':
      return `mupdate cmd="${mupdate} -C ${conf}"`
    case 'backend':
      return `imap cmd="${join(dirname(mupdate), 'imapd')} -C ${conf}"`
  }
}

/** Lines of imapd.conf that say to a slave, a backend or `ctl_mboxlist -m` where its master is. */
export function murderSettings({ host, port }: MasterAddress, { user, password }: Credentials): Record<string, string> {
  return {
    // With its port, or Cyrus asks /etc/services for `mupdate`, which need not be there (imap/backend.c).
    mupdate_server: `${host}:${port}`,
    mupdate_authname: user,
    mupdate_username: user,
    mupdate_realm: SERVER_NAME,
    mupdate_password: password,
  }
}

function checkPath(path: string): void {
  if (!/[\s"]/.test(path)) return
  throw new HarnessError(
    'MASTER_SETUP',
    `"${path}" cannot stand in cyrus.conf`,
    'choose a path without blanks and quotes',
  )
}
