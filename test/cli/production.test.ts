import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { refuseProduction } from '../../src/cli/production.js'
import { Progress } from '../../src/cli/progress.js'

const folder = mkdtempSync(join(tmpdir(), 'mupdate-bench-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** What comes of it, where a host in production has these settings. */
async function outcome(host: string, settings: string): Promise<string> {
  const path = join(folder, 'imapd.conf')
  writeFileSync(path, `${settings}\n`)
  return refuseProduction({ host, port: 13905 }, [path], new Progress(process.stderr, true)).then(
    () => 'allowed',
    error => error.code,
  )
}

const [network = '127.0.0.1'] = Object.values(networkInterfaces())
  .flatMap(links => links ?? [])
  .filter(({ internal, family }) => !internal && family === 'IPv4')
  .map(({ address }) => address)

it.each([
  ['127.0.0.1', 'mupdate_server: 127.0.0.1:13905'],
  ['127.0.0.1', 'mupdate_server: localhost:13905'],
  // Debian's name for a host without a network of its own.
  ['127.0.0.1', 'mupdate_server: 127.0.1.1:13905'],
  ['127.0.0.1', 'mupdate_server: [::1]:13905'],
  ['127.0.0.1', 'mupdate_server: [127.0.0.1]:13905'],
  ['127.0.0.1', 'mupdate_server: ::1\nmupdate_port: 13905'],
  ['127.0.0.1', 'mupdate_server: 127.0.0.1\nmupdate_port: 13905'],
  ['127.0.0.1', `mupdate_server: ${network}:13905`],
  [network, 'mupdate_server: 127.0.0.1:13905'],
  // Whatever the port: a host of others has one master.
  ['192.0.2.7', 'mupdate_server: 192.0.2.7'],
])('%s is refused where production has %j', async (host, settings) => {
  expect(await outcome(host, settings)).toBe('USAGE')
})

it.each([
  ['127.0.0.1', 'mupdate_server: 127.0.0.1'],
  ['127.0.0.1', 'mupdate_server: 127.0.0.1:3905\nmupdate_port: 13905'],
  ['127.0.0.1', 'mupdate_server: 192.0.2.7:13905'],
  ['192.0.2.8', 'mupdate_server: 192.0.2.7'],
])('%s is another than production’s %j', async (host, settings) => {
  expect(await outcome(host, settings)).toBe('allowed')
})
