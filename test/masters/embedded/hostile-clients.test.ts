import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { monotonicClock, monotonicOriginS } from '../../../src/core/clock.js'
import { embeddedMaster } from '../../../src/masters/embedded/embedded-master.js'
import type { Master } from '../../../src/masters/master.js'
import { Client } from '../../../src/session/client.js'

const clock = monotonicClock(monotonicOriginS())
const CONNECTIONS_MAX = 1200
/** Of a master that is busy with all that is done to it here, on a busy machine. */
const MOST_NOOP_MS = 2000
const MOST_GROWTH_MB = 120

let master: Master
let friend: Client
let foes: Foe[]

beforeEach(async () => {
  foes = []
  master = embeddedMaster({ connectionsMax: CONNECTIONS_MAX, failedLoginPauseMs: 0 })
  await master.start()
  friend = await Client.connect({ address: master.address, credentials: master.credentials, clock })
})

afterEach(async () => {
  for (const { socket } of foes) socket.destroy()
  friend.destroy()
  await master.stop()
})

/** A client that keeps to nothing. */
class Foe {
  readonly socket: Socket
  heard = ''
  /** By the master: this end need not have been. */
  closed = false

  constructor() {
    foes.push(this)
    this.socket = connect({ ...master.address, allowHalfOpen: true })
    this.socket.setEncoding('latin1')
    this.socket.on('data', text => {
      this.heard = (this.heard + text).slice(-2000)
    })
    this.socket.on('error', () => {})
    const close = () => {
      this.closed = true
    }
    this.socket.on('end', close).on('close', close)
  }

  say(text: string): void {
    this.socket.write(text, 'latin1')
  }

  login(): void {
    const { user, password } = master.credentials
    this.say(`A AUTHENTICATE "PLAIN" "${Buffer.from(`\0${user}\0${password}`).toString('base64')}"\r\n`)
  }
}

async function until(look: () => boolean): Promise<void> {
  for (let i = 0; i < 2000 && !look(); i++) await new Promise(resolve => setTimeout(resolve, 5))
  expect(look()).toBe(true)
}

function residentMb(): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${master.pid()}/status`, 'utf8'))![1]) / 1024
}

/** Others are served while something goes on, and its memory stays. */
async function servesMeanwhile(goesOn: () => Promise<void>): Promise<void> {
  const beforeMb = residentMb()
  let isOver = false
  const going = goesOn().finally(() => {
    isOver = true
  })
  let [worstMs, mostMb] = [0, 0]
  while (!isOver) {
    const sentMs = performance.now()
    expect((await friend.request({ kind: 'NOOP' })).status).toBe('OK')
    worstMs = Math.max(worstMs, performance.now() - sentMs)
    mostMb = Math.max(mostMb, residentMb())
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  await going
  expect(worstMs).toBeLessThan(MOST_NOOP_MS)
  expect(mostMb - beforeMb).toBeLessThan(MOST_GROWTH_MB)
}

describe('the embedded master serves others while', () => {
  it('more connect than it takes, and say nothing: those beyond its limit are told so', async () => {
    await servesMeanwhile(async () => {
      const all = Array.from({ length: CONNECTIONS_MAX + 200 }, () => new Foe())
      await until(() => all.every(({ heard }) => heard.includes('* OK MUPDATE') || heard.includes('* BYE')))
      // The friend is one of those that it has taken.
      expect(all.filter(({ heard }) => heard.includes('BYE "Server Unable"'))).toHaveLength(201)
    })
  })

  it('strangers send lines without an end', async () => {
    await servesMeanwhile(async () => {
      const all = Array.from({ length: 300 }, () => new Foe())
      for (const foe of all) for (let i = 0; i < 10; i++) foe.say('x'.repeat(100_000))
      await until(() => all.every(({ closed }) => closed))
    })
  })

  it.each([
    ['4 GB', 'F FIND {4294967295+}\r\n'],
    ['4 GB, and waits', 'F FIND {4294967295}\r\n'],
    ['more than 64 bits', 'F FIND {99999999999999999999+}\r\n'],
    ['4 GB of what is no command', 'F BOGUS {4294967295+}\r\n'],
  ])('somebody announces %s: it hears why that is not taken', async (_, says) => {
    const foe = new Foe()
    foe.login()
    await until(() => foe.heard.includes('A OK'))
    foe.say(says)
    await until(() => foe.closed)
    expect(foe.heard).toMatch(/\* BYE "[^"]+ bytes or more"\r\n$/)
    expect((await friend.request({ kind: 'NOOP' })).status).toBe('OK')
  })

  it('many say what a login needs in one literal that never ends', async () => {
    await servesMeanwhile(async () => {
      const all = Array.from({ length: 400 }, () => new Foe())
      for (const foe of all) foe.say(`A AUTHENTICATE "PLAIN" {8192+}\r\n${'x'.repeat(8000)}`)
      await until(() => all.every(({ heard }) => heard.includes('OK MUPDATE')))
      await new Promise(resolve => setTimeout(resolve, 300))
      expect(all.filter(({ closed }) => closed)).toHaveLength(0)
    })
  })

  it('slaves ask for a large list, and do not read it', async () => {
    const acl = `${'a'.repeat(9000)}\tlrs\t`
    for (let i = 0; i < 2000; i++) {
      friend.queue({ kind: 'ACTIVATE', name: `user.u${i}`, location: 'be!p', acl }, { onDone() {}, onLost() {} })
    }
    await friend.request({ kind: 'NOOP' })
    await servesMeanwhile(async () => {
      // 18 MB each.
      const all = Array.from({ length: 40 }, () => new Foe())
      for (const foe of all) {
        foe.login()
        foe.say('U UPDATE\r\n')
      }
      await until(() => all.every(({ heard }) => heard !== ''))
      for (const { socket } of all) socket.pause()
      await new Promise(resolve => setTimeout(resolve, 1500))
    })
  })

  it('somebody has closed his half: what he asked is answered, and the rest closed', async () => {
    const foe = new Foe()
    foe.login()
    foe.say('N NOOP\r\nF FIND {5+}\r\nuse')
    foe.socket.end()
    await until(() => foe.closed)
    expect(foe.heard).toMatch(/A OK "Authenticated"\r\nN OK "Noop done"\r\n$/)
  })
})
