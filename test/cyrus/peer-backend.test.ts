import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import { embeddedMaster } from '../../src/masters/embedded/embedded-master.js'
import { Client } from '../../src/session/client.js'
import { listOf } from '../support/master-list.js'
import { RecordingProxy } from '../support/recording-proxy.js'
import { RealBackend } from './real-backend.js'
import { commandsOf } from './said-commands.js'

const LOGIN = 'A01 AUTHENTICATE "PLAIN"'
const LOGOUT = 'Q01 LOGOUT'
/** What CREATE gives to a user who owns the mailbox (imapd.conf: defaultacl, and what imap/mboxlist.c adds). */
const OWNER = 'bob\tlrswipkxtecdan\t'

const master = embeddedMaster()
let proxy: RecordingProxy
let backend: RealBackend
let client: Client

beforeAll(async () => {
  await master.start()
  proxy = await RecordingProxy.before(master.address)
  backend = await RealBackend.start(proxy.address, master.credentials)
  client = await Client.connect({
    address: master.address,
    credentials: master.credentials,
    clock: monotonicClock(monotonicOriginS()),
  })
})

afterAll(async () => {
  await backend?.stop()
  await proxy?.close()
  await master.stop()
})

/** @returns what the backend said to the master for it, connection by connection */
async function does(...commands: readonly string[]): Promise<string[][]> {
  const from = proxy.log.length
  for (const command of commands) await backend.admin.command(command)
  return commandsOf(proxy.log.slice(from))
}

async function catalogue(): Promise<string[]> {
  return (await listOf(client)).map(({ name, location, acl, state }) => `${name} ${location} ${acl || state}`)
}

/** One after the other. Names in IMAP have a slash, in a list a dot. */
describe('peer 2: a real backend of the embedded master', () => {
  it('CREATE: reserves a mailbox, then activates it', async () => {
    expect(await does('CREATE user/bob')).toEqual([
      [LOGIN, 'X0 RESERVE user.bob bench!default', `X1 ACTIVATE user.bob bench!default ${OWNER}`, LOGOUT],
    ])
    expect(await catalogue()).toEqual([`user.bob bench!default ${OWNER}`])
  })
})
