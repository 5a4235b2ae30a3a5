import { spawnSync } from 'node:child_process'
import { chownSync, copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { HarnessError } from '../../core/errors.js'
import { cyrusConf, imapdConf, SERVER_NAME, STATE_DIRECTORIES } from './config.js'
import { signDirectory } from './leftovers.js'
import { dropWords, prepareDev } from './namespace.js'
import { type CyrusPlan, configPath } from './plan.js'

/** What a master needs on disk: state directories, configuration, a password. @returns where its log socket goes */
export function install(plan: CyrusPlan): { logSocket: string } {
  const { directory, account } = plan
  mkdirSync(directory, { mode: 0o700 })
  signDirectory(directory)
  for (const name of STATE_DIRECTORIES) mkdirSync(join(directory, 'conf', name), { recursive: true })
  mkdirSync(join(directory, 'part'))
  writeFileSync(configPath(directory), imapdConf(plan))
  writeFileSync(join(directory, 'cyrus.conf'), cyrusConf(plan))
  if (plan.database !== undefined) copyFileSync(plan.database, databaseOf(directory))
  if (account.drop) giveTo(directory, account.uid, account.gid)
  const logSocket = prepareDev(directory)
  writePassword(plan)
  return { logSocket }
}

/** The mailbox list of a Cyrus in this directory. */
export function databaseOf(directory: string): string {
  return join(directory, 'conf', 'mailboxes.db')
}

function giveTo(path: string, uid: number, gid: number): void {
  chownSync(path, uid, gid)
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const child = join(path, entry.name)
    if (entry.isDirectory()) giveTo(child, uid, gid)
    else chownSync(child, uid, gid)
  }
}

/** On standard input: arguments can be read by everybody on the machine. */
function writePassword(plan: CyrusPlan): void {
  const { binaries, account, directory, user, password } = plan
  const file = join(directory, 'conf', 'sasldb2')
  const own = binaries.prefix !== undefined && binaries.saslpasswd2.startsWith(binaries.prefix)
  const words = [...(account.drop ? dropWords(account) : []), 'env', ...(own ? environmentWords(plan) : [])]
  const [command, ...args] = [...words, binaries.saslpasswd2, '-p', '-c', '-f', file, '-u', SERVER_NAME, user]
  const made = spawnSync(command!, args, { input: password, encoding: 'utf8', timeout: 20_000, cwd: '/' })
  if (made.status === 0) return
  const why = made.error?.message ?? (made.stderr.trim() || `status ${made.status}`)
  throw new HarnessError(
    'MASTER_SETUP',
    `${binaries.saslpasswd2} could not write ${file} as user ${account.name}: ${why}`,
    `choose a directory that user ${account.name} may enter`,
  )
}

/** For env(1): what lets a build away from its home find its user, its libraries and its login mechanisms. */
export function environmentWords(plan: CyrusPlan): string[] {
  const { account, binaries } = plan
  const words = [`CYRUS_USER=${account.name}`]
  if (binaries.libraryDirectories.length > 0) words.push(`LD_LIBRARY_PATH=${binaries.libraryDirectories.join(':')}`)
  if (binaries.saslPluginDirectory !== undefined) words.push(`SASL_PATH=${binaries.saslPluginDirectory}`)
  return words
}

/** The build's default for `mboxlist_db`; twoskip since 2.5, and every version that cannot say so is of that time. */
export function defaultDatabase(plan: CyrusPlan): string {
  const { binaries, account, directory } = plan
  if (binaries.cyrInfo === undefined) return 'twoskip'
  const words = [...(account.drop ? dropWords(account) : []), 'env', ...environmentWords(plan)]
  const [command, ...args] = [...words, binaries.cyrInfo, '-C', configPath(directory), 'conf-default']
  const said = spawnSync(command!, args, { encoding: 'utf8', timeout: 20_000, cwd: '/' }).stdout ?? ''
  return /^mboxlist_db: (\S+)/m.exec(said)?.[1] ?? 'twoskip'
}
