import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import { SERVER_NAME } from '../../src/masters/cyrus/config.js'
import { CyrusSlave } from '../../src/masters/cyrus/cyrus-slave.js'
import { configPath } from '../../src/masters/cyrus/plan.js'
import { embeddedMaster } from '../../src/masters/embedded/embedded-master.js'
import { Client } from '../../src/session/client.js'
import { until } from '../cli/bench.js'
import { Certificates } from '../support/certificates.js'
import { RecordingProxy } from '../support/recording-proxy.js'
import { ctlMboxlist } from './mailbox-list.js'
import { commandsOf } from './said-commands.js'

type Options = NonNullable<Parameters<typeof embeddedMaster>[0]>

const ending: (() => Promise<void>)[] = []
let certificates: Certificates

beforeAll(() => {
  certificates = new Certificates()
})

afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end()
})

afterAll(() => certificates.remove())

function text(path: string): string {
  return readFileSync(path, 'utf8')
}

/** @returns what a slave said up to the whole list, as far as it can be read; then a change has reached it */
async function follow(options: Options, settings: Readonly<Record<string, string>> = {}): Promise<string[]> {
  // The realm of DIGEST-MD5 is the master's name here, and a setting there.
  const master = embeddedMaster({ ...options, hostname: SERVER_NAME })
  ending.push(() => master.stop())
  await master.start()
  const proxy = await RecordingProxy.before(master.address)
  ending.push(() => proxy.close())
  const slave = await CyrusSlave.start(proxy.address, master.credentials, { settings })
  ending.push(() => slave.stop())
  await until('the list', () => slave.log.some(line => line.includes('synchronization complete')))
  const [commands] = commandsOf(proxy.log)
  const { tls } = options
  const backend = await Client.connect({
    address: { ...master.address, ...(tls && { tls: { mode: 'starttls', caFile: certificates.ca, ...ownFiles() } }) },
    credentials: master.credentials,
    clock: monotonicClock(monotonicOriginS()),
  })
  ending.push(() => backend.logout())
  await backend.request({ kind: 'ACTIVATE', name: 'user.new', location: 'be1!default', acl: 'new\tlrs\t' })
  await kicked(slave)
  const { stdout } = await ctlMboxlist(configPath(slave.directory), ['-d'])
  expect(stdout.toString()).toContain('"name": "user.new"')
  return commands!
}

/** Until it is, it does not stream yet. */
async function kicked(slave: CyrusSlave): Promise<void> {
  for (const end = performance.now() + 10_000; !(await slave.kick()); await sleep(50))
    if (performance.now() > end) throw new Error('the slave does not stream')
}

function ownFiles() {
  const { cert, key } = certificates.issue('murder')
  return { certFile: cert, keyFile: key }
}

describe('peer 1: a real slave logs in to the embedded master', () => {
  it('by the strongest mechanism that is offered', async () => {
    const [login] = await follow({ mechanisms: ['PLAIN', 'LOGIN', 'DIGEST-MD5', 'SCRAM-SHA-1', 'SCRAM-SHA-256'] })
    expect(login).toBe('A01 AUTHENTICATE "SCRAM-SHA-256"')
  })

  it('by DIGEST-MD5', async () => {
    const [login] = await follow({ mechanisms: ['DIGEST-MD5'] })
    expect(login).toBe('A01 AUTHENTICATE "DIGEST-MD5"')
  })

  it('with its certificate after STARTTLS, and reads and follows the list within TLS', async () => {
    const server = certificates.issue('localhost', 'IP:127.0.0.1')
    const own = ownFiles()
    const [first, ...rest] = await follow(
      {
        mechanisms: ['EXTERNAL'],
        tls: { certificate: text(server.cert), key: text(server.key), clientAuthority: text(certificates.ca) },
      },
      { tls_client_cert: own.certFile, tls_client_key: own.keyFile, tls_server_ca_file: certificates.ca },
    )
    expect(first).toBe('S01 STARTTLS')
    expect(rest.join('\n')).not.toContain('UPDATE')
  })
})
