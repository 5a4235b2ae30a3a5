import { accessSync, constants, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { HarnessError } from '../../core/errors.js'

/** The programs of one Cyrus, and where its own libraries lie. */
export interface CyrusBinaries {
  /** The tree given as `cyrus:PREFIX`; absent for the system's own. */
  readonly prefix?: string
  readonly master: string
  readonly mupdate: string
  readonly ctlCyrusdb: string
  readonly saslpasswd2: string
  /** Prints the build's defaults; not every build installs it. */
  readonly cyrInfo?: string
  /** For LD_LIBRARY_PATH; empty for the system's own, which the loader finds by itself. */
  readonly libraryDirectories: readonly string[]
  /** For SASL_PATH, when the tree brings its own libsasl2 with plugins. */
  readonly saslPluginDirectory?: string
}

export const INSTALL_LINE = 'apt-get install cyrus-murder cyrus-common sasl2-bin libsasl2-modules libsasl2-modules-db'

/** Where trees are rooted: `make install` with a prefix, DESTDIR of one, packages unpacked with `dpkg -x`. */
const ROOTS = ['usr', '', 'usr/local', 'usr/cyrus', 'usr/local/cyrus', 'opt/cyrus', 'opt/cyrus-imapd']
/** Debian: lib/cyrus/bin; Fedora: libexec/cyrus-imapd; Cyrus's own Makefile: libexec and sbin; 2.x: cyrus/bin. */
const PROGRAM_DIRECTORIES = [
  'lib/cyrus/bin',
  'libexec/cyrus-imapd',
  'lib/cyrus-imapd',
  'libexec',
  'cyrus/bin',
  'sbin',
  'bin',
]

const PACKAGES = { master: 'cyrus-common', mupdate: 'cyrus-murder', ctl_cyrusdb: 'cyrus-common' } as const

/**
 * Finds a Cyrus that can run as a MUPDATE master.
 *
 * @param prefix tree of another build; the system's own when absent
 * @param system where the system is rooted, for tests
 * @throws {HarnessError} `MASTER_SETUP`, with the packages that are missing and the line that installs them
 */
export function findBinaries(prefix?: string, system = '/'): CyrusBinaries {
  const root = prefix ?? system
  const missing = missingPrograms(prefix, system)
  if (missing.length > 0) throw missingError(prefix, missing)
  const cyrInfo = findProgram(root, 'cyr_info')
  const libraryDirectories = prefix === undefined ? [] : findLibraryDirectories(prefix)
  const plugins = saslPlugins(libraryDirectories)
  return {
    ...(prefix === undefined ? {} : { prefix }),
    master: findProgram(root, 'master')!,
    mupdate: findProgram(root, 'mupdate')!,
    ctlCyrusdb: findProgram(root, 'ctl_cyrusdb')!,
    saslpasswd2: findSaslpasswd2(prefix, system)!,
    ...(cyrInfo === undefined ? {} : { cyrInfo }),
    libraryDirectories,
    ...(plugins === undefined ? {} : { saslPluginDirectory: plugins }),
  }
}

/**
 * A program that not every Cyrus has, and most runs do without.
 *
 * @throws {HarnessError} `MASTER_SETUP`
 */
export function findTool(name: string, { prefix }: Pick<CyrusBinaries, 'prefix'>): string {
  const path = findProgram(prefix ?? '/', name)
  if (path !== undefined) return path
  throw new HarnessError(
    'MASTER_SETUP',
    `${name} is not there${prefix === undefined ? '' : ` under ${prefix}`}`,
    prefix === undefined ? `as root: ${INSTALL_LINE}` : 'give the prefix of a whole installed tree',
  )
}

/** Whether {@link findBinaries} would succeed. */
export function cyrusInstalled(prefix?: string): boolean {
  return missingPrograms(prefix, '/').length === 0
}

function missingPrograms(prefix: string | undefined, system: string): string[] {
  const missing = Object.keys(PACKAGES).filter(name => findProgram(prefix ?? system, name) === undefined)
  if (findSaslpasswd2(prefix, system) === undefined) missing.push('saslpasswd2')
  return missing
}

/** A tree of Cyrus alone has none; the system's writes the same password file. */
function findSaslpasswd2(prefix: string | undefined, system: string): string | undefined {
  const own = prefix === undefined ? undefined : findProgram(prefix, 'saslpasswd2')
  return own ?? findProgram(system, 'saslpasswd2')
}

function missingError(prefix: string | undefined, missing: readonly string[]): HarnessError {
  const packages = new Set(
    missing.map(name => (name in PACKAGES ? PACKAGES[name as keyof typeof PACKAGES] : 'sasl2-bin')),
  )
  const what = `${missing.join(', ')} (Debian's ${[...packages].join(', ')})`
  if (prefix === undefined) {
    return new HarnessError('MASTER_SETUP', `no Cyrus to run here: ${what} not found`, `as root: ${INSTALL_LINE}`)
  }
  return new HarnessError(
    'MASTER_SETUP',
    `no Cyrus to run under ${prefix}: ${what} not found`,
    `give the prefix of an installed tree, or install Debian's and leave the prefix out, as root: ${INSTALL_LINE}`,
  )
}

function findProgram(root: string, name: string): string | undefined {
  for (const base of ROOTS) {
    for (const directory of PROGRAM_DIRECTORIES) {
      const path = join(root, base, directory, name)
      if (isProgram(path)) return path
    }
  }
  return undefined
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

function findLibraryDirectories(prefix: string): string[] {
  const found: string[] = []
  for (const base of ROOTS) {
    for (const lib of ['lib', 'lib64']) {
      const directory = join(prefix, base, lib)
      const multiarch = namesIn(directory).filter(name => name.includes('-linux-'))
      found.push(directory, ...multiarch.map(name => join(directory, name)))
    }
  }
  return found.filter(directory => namesIn(directory).some(isLibrary))
}

function isLibrary(name: string): boolean {
  return /^lib.+\.so(\.|$)/.test(name)
}

function saslPlugins(libraryDirectories: readonly string[]): string | undefined {
  const own = libraryDirectories.filter(directory => namesIn(directory).some(name => name.startsWith('libsasl2.so')))
  return own.map(directory => join(directory, 'sasl2')).find(directory => namesIn(directory).length > 0)
}

export function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}
