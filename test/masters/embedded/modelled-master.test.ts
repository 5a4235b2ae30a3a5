import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { embeddedMaster } from '../../../src/masters/embedded/embedded-master.js'
import type { ModelOptions } from '../../../src/masters/embedded/modelled-service.js'
import type { Master, MasterEvent } from '../../../src/masters/master.js'
import { quickCalibration } from './quick-calibration.js'

/** Needs `npm run build`: the master's process runs the built file. */
const ended: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const end of ended.splice(0)) await end()
})

async function started(model: Partial<ModelOptions> = {}): Promise<Master & { events: MasterEvent[] }> {
  const master = embeddedMaster({ model: { calibration: quickCalibration(), settings: {}, ...model } })
  const events: MasterEvent[] = []
  master.onEvent(event => events.push(event))
  ended.push(() => master.stop())
  await master.start()
  return Object.assign(master, { events })
}

/** A client by hand. */
class Line {
  said = ''
  private readonly socket: Socket
  readonly closed: Promise<unknown>

  constructor(private readonly master: Master) {
    this.socket = connect(master.address.port, '127.0.0.1')
    this.socket.on('error', () => {})
    this.closed = once(this.socket, 'close')
    this.socket.on('data', chunk => {
      this.said += chunk.toString('latin1')
    })
    ended.push(() => void this.socket.destroy())
  }

  /** Says something once it has been greeted and has logged in. */
  async login(): Promise<this> {
    const { user, password } = this.master.credentials
    await this.heard(/\* OK MUPDATE/)
    await this.ask(
      `A AUTHENTICATE "PLAIN" "${Buffer.from(`\0${user}\0${password}`).toString('base64')}"\r\n`,
      /A OK .*\r\n/,
    )
    return this
  }

  async ask(text: string, answer: RegExp): Promise<string> {
    this.said = ''
    this.socket.write(text, 'latin1')
    return this.heard(answer)
  }

  async heard(pattern: RegExp): Promise<string> {
    for (const end = Date.now() + 20_000; Date.now() < end; await new Promise(resolve => setTimeout(resolve, 2)))
      if (pattern.test(this.said)) return this.said
    throw new Error(`not heard: ${pattern}; but: ${this.said.slice(-200)}`)
  }

  half(): void {
    this.socket.end()
  }
}

describe('embeddedMaster with a model', () => {
  it('is the model of what was calibrated, and has no process whose CPU would say anything', async () => {
    const settings = { mupdate_workers_max: '60' }
    const master = await started({ settings })
    expect(master.kind).toBe('model')
    expect(master.pid()).toBeUndefined()
    expect(master.describe()).toEqual({
      version: 'model of cyrus 3.6.1 (calibrated 2026-01-02)',
      mailboxDatabase: 'twoskip on tmpfs',
      settings,
      binaries: {},
    })
  })

  it('makes a list last in real time, and a change wait for it', async () => {
    const master = await started({ calibration: quickCalibration({ dumpPerMailbox: 10_000 }) })
    const [slave, writer] = [await new Line(master).login(), await new Line(master).login()]
    const names = Array.from({ length: 300 }, (_, i) => `X RESERVE "user.u${i}" "be!p"\r\n`)
    await writer.ask(`${names.join('')}Y NOOP\r\n`, /Y OK/)
    const begunMs = performance.now()
    const list = slave.ask('U01 UPDATE\r\n', /streaming starts"\r\n$/)
    await new Promise(resolve => setTimeout(resolve, 100))
    await writer.ask('N NOOP\r\n', /N OK/)
    expect(performance.now() - begunMs).toBeLessThan(2500)
    await writer.ask('R RESERVE "user.new" "be!p"\r\n', /R OK/)
    expect(performance.now() - begunMs).toBeGreaterThan(2900)
    expect((await list).match(/U01 RESERVE/g)).toHaveLength(300)
  })

  it('lets a wrong password wait as long as its settings say', async () => {
    const master = await started({ settings: { failedloginpause: '0.2' } })
    const line = new Line(master)
    await line.heard(/\* OK MUPDATE/)
    const begunMs = performance.now()
    await line.ask('A AUTHENTICATE "PLAIN" "AGEAYg=="\r\n', /A NO "undefined error!"\r\n/)
    expect(performance.now() - begunMs).toBeGreaterThan(195)
  })

  it('turns away more connections than its settings allow', async () => {
    const master = await started({ settings: { mupdate_connections_max: '1' } })
    await new Line(master).login()
    const second = new Line(master)
    await second.closed
    expect(second.said).toBe('* BYE "Server Unable"\r\n\0')
    expect(master.events).toEqual([{ kind: 'syslog', line: 'Server too busy, dropping connection.' }])
  })

  it('answers who has closed its half of the connection, and then closes', async () => {
    const master = await started()
    const line = await new Line(master).login()
    line.said = ''
    const answered = line.ask('F FIND "nobody"\r\n', /F OK/)
    line.half()
    await answered
    await line.closed
  })

  it.each([false, true])('loses all connections when restarted, and its mailboxes: %s', async empty => {
    const master = await started()
    const line = await new Line(master).login()
    await line.ask('R RESERVE "user.a" "be!p"\r\n', /R OK/)
    const stream = await new Line(master).login()
    await stream.ask('U01 UPDATE\r\n', /streaming/)
    master.restart!(empty)
    await Promise.all([line.closed, stream.closed])
    // Taken by the kernel while nobody is there.
    const after = await new Line(master).login()
    expect(await after.ask('L LIST\r\n', /list complete/)).toMatch(empty ? /^L OK/ : /^L RESERVE/)
    expect(master.events.map(event => event.kind)).toEqual(['restarted'])
  })

  it('dies of a thousand connections as Cyrus does, says so, and comes back', async () => {
    const master = await started({ settings: { mupdate_connections_max: '2000' } })
    const line = await new Line(master).login()
    await line.ask('R RESERVE "user.a" "be!p"\r\n', /R OK/)
    const crowd = Array.from({ length: 1_009 }, () => new Line(master))
    await line.closed
    await Promise.all(crowd.map(({ closed }) => closed))
    const after = await new Line(master).login()
    expect(await after.ask('L LIST\r\n', /list complete/)).toMatch(/^L RESERVE/)
    expect(master.events).toEqual([
      { kind: 'syslog', line: 'Internal error: assertion failed: lib/signals.c: 230: nfds < FD_SETSIZE' },
      expect.objectContaining({ kind: 'restarted' }),
    ])
  })
})
