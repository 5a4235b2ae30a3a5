import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cyrusInstalled, findBinaries } from '../../../src/masters/cyrus/binaries.js'

let tree: string
let system: string

beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), 'mupdate-bench-tree-'))
  system = mkdtempSync(join(tmpdir(), 'mupdate-bench-system-'))
  put(system, 'usr/sbin/saslpasswd2')
})

afterEach(() => {
  for (const directory of [tree, system]) rmSync(directory, { recursive: true })
})

function put(root: string, path: string, mode = 0o755): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), '', { mode })
}

describe('findBinaries', () => {
  it.each([
    ["Debian's, unpacked", 'usr/lib/cyrus/bin', 'usr/lib/cyrus/bin', 'usr/lib/x86_64-linux-gnu'],
    ["Fedora's, unpacked", 'usr/libexec/cyrus-imapd', 'usr/sbin', 'usr/lib64'],
    ['an installed prefix', 'libexec', 'sbin', 'lib'],
    ['a DESTDIR of /usr/local', 'usr/local/libexec', 'usr/local/sbin', 'usr/local/lib'],
    ['a 2.x', 'usr/cyrus/bin', 'usr/cyrus/bin', 'usr/lib'],
  ])('finds %s', (_, services, tools, libraries) => {
    for (const path of [`${services}/master`, `${services}/mupdate`, `${tools}/ctl_cyrusdb`]) put(tree, path)
    put(tree, `${libraries}/libcyrus.so.0`, 0o644)
    expect(findBinaries(tree, system)).toEqual({
      prefix: tree,
      master: join(tree, services, 'master'),
      mupdate: join(tree, services, 'mupdate'),
      ctlCyrusdb: join(tree, tools, 'ctl_cyrusdb'),
      saslpasswd2: join(system, 'usr/sbin/saslpasswd2'),
      libraryDirectories: [join(tree, libraries)],
    })
  })

  it("prefers the tree's own saslpasswd2 and SASL plugins", () => {
    for (const name of ['master', 'mupdate', 'ctl_cyrusdb', 'cyr_info', 'saslpasswd2']) put(tree, `sbin/${name}`)
    put(tree, 'lib/libsasl2.so.3', 0o644)
    put(tree, 'lib/sasl2/libplain.so', 0o644)
    expect(findBinaries(tree, system)).toMatchObject({
      saslpasswd2: join(tree, 'sbin/saslpasswd2'),
      cyrInfo: join(tree, 'sbin/cyr_info'),
      saslPluginDirectory: join(tree, 'lib/sasl2'),
    })
  })

  it('names what is missing, its package, and the line that installs all', () => {
    put(system, 'usr/lib/cyrus/bin/master')
    put(system, 'usr/lib/cyrus/bin/ctl_cyrusdb')
    expect(() => findBinaries(undefined, system)).toThrow(
      expect.objectContaining({
        code: 'MASTER_SETUP',
        message: "no Cyrus to run here: mupdate (Debian's cyrus-murder) not found",
        hint: 'as root: apt-get install cyrus-murder cyrus-common sasl2-bin libsasl2-modules libsasl2-modules-db',
      }),
    )
  })

  it('does not take what cannot be run', () => {
    for (const name of ['master', 'mupdate', 'ctl_cyrusdb']) put(tree, `bin/${name}`, 0o644)
    expect(() => findBinaries(tree, system)).toThrow(/master, mupdate, ctl_cyrusdb .* not found/)
    expect(cyrusInstalled(tree)).toBe(false)
  })
})
