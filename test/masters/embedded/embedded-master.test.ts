import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { afterEach, describe, expect, it } from 'vitest'
import { type EmbeddedMasterOptions, embeddedMaster } from '../../../src/masters/embedded/embedded-master.js'
import type { Master, MasterEvent } from '../../../src/masters/master.js'

/** Needs `npm run build`: the master's process runs the built file. */
const built = new URL('../../../dist/masters/embedded/embedded-master.js', import.meta.url)
const ended: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const end of ended.splice(0)) await end()
})

async function started(options: EmbeddedMasterOptions = {}): Promise<Master & { events: MasterEvent[] }> {
  const master = embeddedMaster(options)
  const events: MasterEvent[] = []
  master.onEvent(event => events.push(event))
  ended.push(() => master.stop())
  await master.start()
  return Object.assign(master, { events })
}

/** Sends `text`, and reads until `until` has come or the other end has closed. */
async function talk(port: number, text: string, until: RegExp): Promise<string> {
  const socket: Socket = connect(port, '127.0.0.1')
  ended.push(() => void socket.destroy())
  socket.write(text, 'latin1')
  let said = ''
  for await (const chunk of socket) {
    said += (chunk as Buffer).toString('latin1')
    if (until.test(said)) break
  }
  return said
}

function login(master: Master): string {
  const { user, password } = master.credentials
  return `A AUTHENTICATE "PLAIN" "${Buffer.from(`\0${user}\0${password}`).toString('base64')}"\r\n`
}

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !holds(); i++) await new Promise(resolve => setTimeout(resolve, 10))
  expect(holds()).toBe(true)
}

function alive(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
}

describe('embeddedMaster', () => {
  it('serves, in a process of its own, those who know its password', async () => {
    const master = await started()
    const { port, host } = master.address
    expect(host).toBe('127.0.0.1')
    expect(master.pid()).not.toBe(process.pid)
    expect(alive(master.pid()!)).toBe(true)
    const said = await talk(port, `${login(master)}N NOOP\r\nQ LOGOUT\r\n`, /never/)
    expect(said).toMatch(/^\* AUTH "PLAIN"\r\n\* PARTIAL-UPDATE\r\n\* OK MUPDATE "localhost" "mupdate-bench" "\d/)
    expect(said).toMatch(/"\(master\)"\r\nA OK "Authenticated"\r\nN OK "Noop done"\r\nQ OK "bye-bye"\r\n$/)
    expect(master.describe()).toEqual({
      version: expect.stringMatching(/^embedded \d+\.\d+\.\d+/),
      mailboxDatabase: 'memory',
      settings: {},
      binaries: {},
    })
  })

  it('shows its password to nobody', async () => {
    const master = await started({ password: 'hush-hush' })
    for (const file of ['cmdline', 'environ']) {
      expect(readFileSync(`/proc/${master.pid()}/${file}`, 'utf8')).not.toContain('hush-hush')
    }
    expect(embeddedMaster().credentials.password).not.toBe(embeddedMaster().credentials.password)
  })

  it('refuses a wrong password, after the pause that was asked for', async () => {
    const master = await started({ failedLoginPauseMs: 0 })
    const said = await talk(master.address.port, 'A AUTHENTICATE "PLAIN" "AGEAYg=="\r\n', /A NO .*\r\n/)
    expect(said).toContain('A NO "undefined error!"\r\n')
    expect(master.describe().settings).toEqual({ failedLoginPauseMs: '0' })
  })

  it('turns away more connections than it may have', async () => {
    const master = await started({ connectionsMax: 1 })
    const socket = connect(master.address.port, '127.0.0.1')
    ended.push(() => void socket.destroy())
    await once(socket, 'data')
    expect(await talk(master.address.port, '', /never/)).toBe('* BYE "Server Unable"\r\n\0')
    expect(master.events).toEqual([{ kind: 'syslog', line: 'Server too busy, dropping connection.' }])
  })

  it('listens on loopback only', async () => {
    const master = await started()
    const listening = readFileSync('/proc/net/tcp', 'utf8')
    const port = master.address.port.toString(16).toUpperCase().padStart(4, '0')
    expect(listening).toMatch(new RegExp(`0100007F:${port} 00000000:0000 0A`))
    expect(listening).not.toContain(`00000000:${port} `)
  })

  it('says which port it cannot have', async () => {
    const { port } = (await started()).address
    const second = embeddedMaster({ port })
    await expect(second.start()).rejects.toMatchObject({
      code: 'MASTER_SETUP',
      message: expect.stringContaining(`127.0.0.1:${port}`),
    })
    await second.stop()
    expect(second.pid()).toBeUndefined()
  })

  it('is gone after stop, which may be called at any time', async () => {
    const master = embeddedMaster()
    await master.stop()
    await master.start()
    const pid = master.pid()!
    await Promise.all([master.stop(), master.stop()])
    await master.stop()
    expect(alive(pid)).toBe(false)
    expect(master.pid()).toBeUndefined()
  })

  it('tells of its death', async () => {
    const master = await started()
    process.kill(master.pid()!, 'SIGKILL')
    await until(() => master.events.length > 0)
    expect(master.events).toEqual([{ kind: 'died', detail: 'the embedded master is gone: it got SIGKILL' }])
    expect(master.pid()).toBeUndefined()
  })

  it('dies with its parent, kill -9 included', async () => {
    const program = `import { embeddedMaster } from ${JSON.stringify(built.href)}
      const master = embeddedMaster()
      await master.start()
      console.log(master.pid())
      setInterval(() => {}, 1000)`
    const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    ended.push(() => void parent.kill('SIGKILL'))
    const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string]
    const pid = Number(line)
    expect(alive(pid)).toBe(true)
    parent.kill('SIGKILL')
    await until(() => !alive(pid))
  })

  it('goes on with a stream that reads again, however little it had not taken', async () => {
    const master = await started()
    const [slave, writer] = [connect(master.address.port, '127.0.0.1'), connect(master.address.port, '127.0.0.1')]
    ended.push(() => void [slave, writer].map(socket => socket.destroy()))
    let said = ''
    slave.on('data', chunk => {
      said = (said + chunk.toString('latin1')).slice(-200)
    })
    slave.write(`${login(master)}U01 UPDATE\r\n`)
    await until(() => said.includes('streaming starts'))
    slave.pause()
    let answered = 0
    writer.on('data', chunk => {
      answered += chunk.toString('latin1').match(/ OK "done"/g)?.length ?? 0
    })
    writer.write(login(master))
    const acl = 'x'.repeat(9_000)
    // More than the kernel keeps for it, in pieces that are small for Node.
    for (let i = 1; i <= 600; i++) {
      writer.write(`X ACTIVATE "a" "b!c" "${acl}"\r\n`)
      await until(() => answered === i)
      slave.write(`N${i} NOOP\r\n`)
    }
    slave.resume()
    await until(() => said.includes('N600 OK'))
  })

  it('outlives clients that vanish in the middle of things', async () => {
    const master = await started()
    const sockets = Array.from({ length: 20 }, () => connect(master.address.port, '127.0.0.1'))
    for (const socket of sockets) socket.on('error', () => {}).write(`${login(master)}R ACTIVATE "a" "b!c" {9000+}\r\n`)
    await Promise.all(sockets.map(socket => once(socket, 'data')))
    for (const socket of sockets) socket.resetAndDestroy()
    const said = await talk(master.address.port, `${login(master)}U01 UPDATE\r\n`, /streaming starts/)
    expect(said).toMatch(/A OK "Authenticated"\r\nU01 OK "streaming starts"\r\n$/)
  })
})
