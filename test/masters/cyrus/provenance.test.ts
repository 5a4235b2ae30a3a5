import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkOwnLibraries, executableMappings } from '../../../src/masters/cyrus/provenance.js'
import { PLAN } from './plan-example.js'

const MAPS = `55d0c8a00000-55d0c8a08000 r--p 00000000 fe:00 131 /usr/lib/cyrus/bin/mupdate
55d0c8a08000-55d0c8a18000 r-xp 00008000 fe:00 131                        /usr/lib/cyrus/bin/mupdate
7f0000000000-7f0000010000 r-xp 00000000 fe:00 77                         /opt/with blank/libcyrus.so.0.0.0
7f0000020000-7f0000030000 r-xp 00000000 fe:00 77                         /opt/with blank/libcyrus.so.0.0.0
7f0000040000-7f0000050000 rw-s 00000000 fe:00 78                         /dev/shm/x/conf/mailboxes.db
7ffd00000000-7ffd00010000 r-xp 00000000 00:00 0                          [vdso]
`

describe('executableMappings', () => {
  it('gives each file that runs once, and no data', () => {
    expect(executableMappings(MAPS)).toEqual(['/usr/lib/cyrus/bin/mupdate', '/opt/with blank/libcyrus.so.0.0.0'])
  })
})

describe('checkOwnLibraries', () => {
  let prefix: string
  beforeAll(() => {
    prefix = realpathSync(mkdtempSync(join(tmpdir(), 'mupdate-bench-tree-')))
    mkdirSync(join(prefix, 'lib'))
    writeFileSync(join(prefix, 'lib/libcyrus_imap.so.0'), '')
  })
  afterAll(() => rmSync(prefix, { recursive: true }))

  const check = (...libraries: string[]) =>
    checkOwnLibraries([`${prefix}/bin/mupdate`, ...libraries], {
      ...PLAN.binaries,
      prefix,
      libraryDirectories: [join(prefix, 'lib')],
    })

  it('is content with its own, and with foreign ones that it does not have', () => {
    check(`${prefix}/lib/libcyrus_imap.so.0.0.0`, '/usr/lib/libsasl2.so.2.0.25', '/usr/lib/libc.so.6')
  })

  it("refuses the system's in the place of its own", () => {
    expect(() => check('/usr/lib/libcyrus_imap.so.0.0.0')).toThrow('loaded /usr/lib/libcyrus_imap.so.0.0.0 instead')
  })
})
