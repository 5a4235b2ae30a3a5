import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import { cyrusMaster } from '../../src/masters/cyrus/cyrus-master.js'
import { embeddedMaster } from '../../src/masters/embedded/embedded-master.js'
import { loadCalibration } from '../../src/masters/model/load-calibration.js'
import type { Master } from '../../src/masters/master.js'
import { Client } from '../../src/session/client.js'
import { listOf } from '../support/master-list.js'
import { RecordingProxy } from '../support/recording-proxy.js'
import { RealBackend } from './real-backend.js'
import { commandsOf } from './said-commands.js'

const LOGIN = 'A01 AUTHENTICATE "PLAIN"'
const LOGOUT = 'Q01 LOGOUT'
const OWNER = 'bob\tlrswipkxtecdan\t'
const WITH_ANNE = `${OWNER}anne\tlrs\t`
/** Who says DELETE needs a right to, an administrator too. */
const WITH_ADMIN = `${WITH_ANNE}murder\tlrswipkxtecda\t`

/** What is said in IMAP, one after the other, and what the backend says to its master for it: a connection each. */
const SESSION: readonly { imap: string; mupdate: readonly (readonly string[])[] }[] = [
  {
    imap: 'CREATE user/bob',
    mupdate: [['RESERVE user.bob bench!default', `ACTIVATE user.bob bench!default ${OWNER}`]],
  },
  {
    imap: 'CREATE user/bob/Sent',
    mupdate: [['RESERVE user.bob.Sent bench!default', `ACTIVATE user.bob.Sent bench!default ${OWNER}`]],
  },
  { imap: 'SETACL user/bob anne lrs', mupdate: [[`ACTIVATE user.bob bench!default ${WITH_ANNE}`]] },
  { imap: 'SETACL user/bob murder lrswipkxtecda', mupdate: [[`ACTIVATE user.bob bench!default ${WITH_ADMIN}`]] },
  // Without the partition.
  {
    imap: 'RENAME user/bob/Sent user/bob/Post',
    mupdate: [['DELETE user.bob.Sent', 'RESERVE user.bob.Post bench!', `ACTIVATE user.bob.Post bench! ${OWNER}`]],
  },
  // To another partition, a user with all that is his.
  {
    imap: 'RENAME user/bob user/bob slow',
    mupdate: [[`ACTIVATE user.bob bench!slow ${WITH_ADMIN}`], [`ACTIVATE user.bob.Post bench!slow ${OWNER}`]],
  },
  {
    imap: 'DELETE user/bob',
    mupdate: [
      ['DELETE user.bob', 'RESERVE DELETED.user.bob.HEX bench!', `ACTIVATE DELETED.user.bob.HEX bench! ${WITH_ADMIN}`],
      [
        'DELETE user.bob.Post',
        'RESERVE DELETED.user.bob.Post.HEX bench!',
        `ACTIVATE DELETED.user.bob.Post.HEX bench! ${OWNER}`,
      ],
    ],
  },
]

let murder: Murder

/** A master, and a real backend behind a proxy. */
class Murder {
  private constructor(
    readonly master: Master,
    readonly proxy: RecordingProxy,
    readonly backend: RealBackend,
    readonly client: Client,
  ) {}

  static async start(master: Master): Promise<Murder> {
    try {
      await master.start()
      const { address, credentials } = master
      const proxy = await RecordingProxy.before(address)
      const backend = await RealBackend.start(proxy.address, credentials)
      const clock = monotonicClock(monotonicOriginS())
      return new Murder(master, proxy, backend, await Client.connect({ address, credentials, clock }))
    } catch (error) {
      await master.stop()
      throw error
    }
  }

  async stop(): Promise<void> {
    await this.backend.stop()
    await this.proxy.close()
    await this.master.stop()
  }

  /** @returns what the backend said to the master for it, connection by connection */
  async does(imap: string): Promise<string[][]> {
    const from = this.proxy.log.length
    await this.backend.admin.command(imap)
    return commandsOf(this.proxy.log.slice(from)).map(commands => commands.map(withoutTime))
  }

  async catalogue(): Promise<string[]> {
    const list = await listOf(this.client)
    return list.map(({ name, location, acl, state }) => `${withoutTime(name)} ${location} ${acl || state}`)
  }
}

/** The name of a deleted mailbox ends with the time of it. */
function withoutTime(text: string): string {
  return text.replace(/(DELETED\.\S+\.)[0-9A-F]{8}/, '$1HEX')
}

/** What was said last of a mailbox is what there is of it. */
function carryOut(command: string, list: Map<string, string>): void {
  const [kind, name] = command.split(' ')
  if (kind === 'DELETE') list.delete(name!)
  else list.set(name!, command.slice(kind!.length + 1))
}

const MASTERS: readonly [string, () => Master][] = [
  ['peer 2: a real backend of the embedded master', () => embeddedMaster()],
  [
    'peer 2: a real backend of a modelled Cyrus',
    () => embeddedMaster({ model: { calibration: loadCalibration(), settings: {} } }),
  ],
  ['a real backend of a real master', () => cyrusMaster({ settings: { sasl_mech_list: 'PLAIN' } })],
]

describe.each(MASTERS)('%s', (_, make) => {
  beforeAll(async () => {
    murder = await Murder.start(make())
  })
  afterAll(() => murder?.stop())

  it('creates, sets ACLs, renames and deletes mailboxes over IMAP, and the catalogue follows', async () => {
    const left = new Map<string, string>()
    for (const { imap, mupdate } of SESSION) {
      const said = mupdate.map(commands => [LOGIN, ...commands.map((command, i) => `X${i} ${command}`), LOGOUT])
      expect(await murder.does(imap), imap).toEqual(said)
      for (const command of mupdate.flat()) carryOut(command, left)
      expect((await murder.catalogue()).toSorted(), imap).toEqual([...left.values()].toSorted())
    }
  })

  it('takes from the catalogue what cyr_expire deletes for good', async () => {
    const from = murder.proxy.log.length
    await murder.backend.expire()
    const said = commandsOf(murder.proxy.log.slice(from)).map(commands => commands.map(withoutTime))
    const names = ['DELETED.user.bob.HEX', 'DELETED.user.bob.Post.HEX']
    expect(said).toEqual(names.map(name => [LOGIN, `X0 DELETE ${name}`, LOGOUT]))
    expect(await murder.catalogue()).toEqual([])
  })

  it('says nothing of what an administrator deletes for good: the catalogue keeps it', async () => {
    await murder.does('CREATE user/dora')
    await murder.does('SETACL user/dora murder lrswipkxtecda')
    await murder.does('DELETE user/dora')
    const [deleted, ...others] = await listOf(murder.client)
    expect(others).toEqual([])
    expect(await murder.does(`DELETE ${deleted!.name.replaceAll('.', '/')}`)).toEqual([])
    expect(await listOf(murder.client)).toEqual([deleted])
  })

  it('is refused a name that another backend has, and says so over IMAP', async () => {
    const carl = { name: 'user.carl', location: 'be2!default' }
    await murder.client.request({ kind: 'RESERVE', ...carl })
    await expect(murder.does('CREATE user/carl')).rejects.toThrow(/ NO /)
    expect(await murder.catalogue()).toContain('user.carl be2!default reserved')
    await murder.client.request({ kind: 'DELETE', name: carl.name })
    expect(await murder.does('CREATE user/carl')).toHaveLength(1)
  })
})
