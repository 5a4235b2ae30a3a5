import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { embeddedMaster } from '../../src/masters/embedded/embedded-master.js'
import type { Master } from '../../src/masters/master.js'
import { Workbench } from './bench.js'

let workbench: Workbench
let closing: (() => Promise<unknown>)[]

beforeEach(() => {
  workbench = new Workbench()
  closing = []
})

afterEach(async () => {
  await Promise.all(closing.map(close => close()))
  workbench.remove()
})

/** Somebody else's master, as far as the program under test knows. */
async function startMaster(): Promise<{ master: Master; url: string; env: Record<string, string> }> {
  const master = embeddedMaster({ failedLoginPauseMs: 50 })
  await master.start()
  closing.push(() => master.stop())
  const { user, password } = master.credentials
  return {
    master,
    url: `mupdate://${user}@127.0.0.1:${master.address.port}`,
    env: { MUPDATE_BENCH_PASSWORD: password },
  }
}

async function listen(server: Server, host = '127.0.0.1'): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, host, resolve))
  closing.push(() => new Promise(resolve => server.close(resolve)))
  return (server.address() as AddressInfo).port
}

/** What the master holds, by a LIST over a socket that shares no code with the program under test. */
async function list(master: Master): Promise<string[]> {
  const { user, password } = master.credentials
  const socket = connect(master.address.port, '127.0.0.1').setEncoding('latin1')
  let text = ''
  let listing = false
  for await (const chunk of socket) {
    text += chunk
    if (!listing && text.includes('* OK MUPDATE')) {
      listing = true
      const plain = Buffer.from(`\0${user}\0${password}`).toString('base64')
      socket.write(`A1 AUTHENTICATE "PLAIN" "${plain}"\r\nL1 LIST\r\n`)
    }
    if (/^L1 OK/m.test(text)) break
  }
  expect(text).toMatch(/^A1 OK/m)
  return [...text.matchAll(/^L1 (?:MAILBOX|RESERVE) \{\d+\+?\}\r\n(.*)\r?$/gm)].map(match => match[1]!.split(' {')[0]!)
}

describe('on somebody’s master', () => {
  it('a run removes all it made', async () => {
    const { master, url, env } = await startMaster()
    const { status, stderr } = await workbench.run(['--master', url], env)
    expect(stderr).toMatch(/removed this run’s mailboxes: [1-9]\d* of [1-9]\d* names were there/)
    expect(await list(master)).toEqual([])
    expect(status).toBe(0)
    const result = workbench.result()
    expect(result.master).toMatchObject({ kind: 'remote', address: url.split('@')[1], cpu: { meanCores: null } })
    for (const file of ['run.json', 'events.ndjson', 'profile.yaml', 'journal.txt'])
      expect(readFileSync(join(workbench.folder(), file), 'utf8')).not.toContain(env.MUPDATE_BENCH_PASSWORD)
  })

  it('a run with --keep leaves its own names alone, and cleanup removes them', async () => {
    const { master, url, env } = await startMaster()
    // Once, be it invalid: a second one would leave its names too.
    await workbench.startRun(['--master', url, '--keep', '--set', 'phases.2.duration=500ms'], env).ended
    const kept = await list(master)
    expect(kept.length).toBeGreaterThanOrEqual(200)
    for (const name of kept) expect(name).toMatch(/^(DELETED\.)?user\.mupdbench-[0-9a-f]{6}-/)

    const cleanup = await workbench.bench(['cleanup', workbench.folder(), '--master', url], env)
    expect(cleanup.stdout).toMatch(/^\d+ names checked, \d+ deleted\n$/)
    expect(cleanup.stdout).toContain(`, ${kept.length} deleted`)
    expect(cleanup.status).toBe(0)
    expect(await list(master)).toEqual([])

    const again = await workbench.bench(['cleanup', workbench.folder(), '--master', url], env)
    expect(again.stdout).toContain(', 0 deleted')
    expect(again.status).toBe(0)
  })

  it('a run that was killed is cleaned up after by its journal', async () => {
    const { master, url, env } = await startMaster()
    const run = workbench.startRun(['--master', url, '--set', 'phases.2.duration=60s'], env)
    await workbench.inPhase('steady')
    run.child.kill('SIGKILL')
    await run.ended
    expect((await list(master)).length).toBeGreaterThan(0)
    const { status } = await workbench.bench(['cleanup', workbench.folder(), '--master', url], env)
    expect(status).toBe(0)
    expect(await list(master)).toEqual([])
  })

  it('a run that Ctrl-C ended removes all it made', async () => {
    const { master, url, env } = await startMaster()
    const run = workbench.startRun(['--master', url, '--set', 'phases.2.duration=60s'], env)
    await workbench.inPhase('steady')
    run.child.kill('SIGINT')
    expect((await run.ended).status).toBe(130)
    expect(await list(master)).toEqual([])
  })

  it('cleanup touches no name that the run did not make', async () => {
    const { url, env } = await startMaster()
    await workbench.run(['--master', url, '--set', 'phases.2.duration=100ms'], env)
    appendFileSync(join(workbench.folder(), 'journal.txt'), 'user.foreign\n')
    const { status, stderr } = await workbench.bench(['cleanup', workbench.folder(), '--master', url], env)
    expect(stderr).toContain('"user.foreign"')
    expect(status).toBe(2)
  })

  it('cleanup refuses a master that the run was not on', async () => {
    const { url, env } = await startMaster()
    await workbench.run(['--master', url, '--set', 'phases.2.duration=100ms'], env)
    const other = await startMaster()
    const { status, stderr } = await workbench.bench(['cleanup', workbench.folder(), '--master', other.url], other.env)
    expect(stderr).toContain('that was on 127.0.0.1:')
    expect(status).toBe(2)
  })
})

describe('a master that cannot be had (exit 3)', () => {
  const env = { MUPDATE_BENCH_PASSWORD: 'secret' }

  it('a wrong password', async () => {
    const { url } = await startMaster()
    const { status, stderr } = await workbench.run(['--master', url], env)
    expect(stderr).toMatch(/refuses user "murder"/)
    expect(stderr).toContain('MUPDATE_BENCH_PASSWORD')
    expect(stderr).not.toContain('secret')
    expect(status).toBe(3)
  })

  it('a port that nobody listens on', async () => {
    const server = createServer()
    const port = await listen(server)
    await new Promise(resolve => server.close(resolve))
    const { status, stderr } = await workbench.run(['--master', `mupdate://murder@127.0.0.1:${port}`], env)
    expect(stderr).toContain(`nobody listens on 127.0.0.1:${port}`)
    expect(status).toBe(3)
  })

  it('a port where an HTTP server listens', async () => {
    const server = createHttpServer((_request, response) => void response.end('hello'))
    closing.push(async () => server.closeAllConnections())
    const port = await listen(server)
    const { status, stderr } = await workbench.run(['--master', `mupdate://murder@127.0.0.1:${port}`], env)
    expect(stderr).toContain(`an HTTP server answers on 127.0.0.1:${port}`)
    expect(status).toBe(3)
  })
})

describe('refused before anything is sent (exit 2)', () => {
  const env = { MUPDATE_BENCH_PASSWORD: 'secret' }

  it('a password on the command line', async () => {
    const { status, stderr } = await workbench.run(['--master', 'mupdate://murder:hunter2@127.0.0.1:1'])
    expect(stderr).toContain('MUPDATE_BENCH_PASSWORD')
    expect(stderr).not.toContain('hunter2')
    expect(status).toBe(2)
  })

  it('no password at all', async () => {
    const { master, url } = await startMaster()
    const { status, stderr } = await workbench.run(['--master', url])
    expect(stderr).toContain(`no password for ${master.credentials.user}`)
    expect(status).toBe(2)
  })

  it.each(['mupdate.invalid', '192.0.2.1', '[2001:db8::1]'])('a run on %s without --allow-load', async host => {
    const { status, stderr } = await workbench.run(['--master', `mupdate://murder@${host}:3905`], env)
    const name = host.replace(/[[\]]/g, '')
    expect(stderr).toContain(`add --allow-load ${name}`)
    expect(stderr).toContain('create 300 mailboxes')
    expect(stderr).toContain('read the whole list 2 times')
    expect(status).toBe(2)
    expect(existsSync(workbench.out)).toBe(false)
  })

  it('a run whose slaves are others, or join later, and that only reads', async () => {
    const sets = [
      ...['--set', 'slaves={ others: [{ count: 3 }] }', '--set', 'thresholds=[]'],
      ...['--set', 'phases=[{ name: steady, run: [slaves], duration: 1s, events: [{ at: 0s, do: join, slaves: 4 }] }]'],
    ]
    const { status, stderr } = await workbench.run(['--master', 'mupdate://murder@192.0.2.1:3905', ...sets], env)
    expect(stderr).toContain('read the whole list 7 times')
    expect(stderr).toContain('add --allow-load 192.0.2.1')
    expect(status).toBe(2)
  })

  it('a run that has one permission of two, or one for another host', async () => {
    // Not loopback by its name, but reached: a connection would be seen.
    let connections = 0
    const server = createServer(socket => {
      connections++
      socket.end('* BYE "test"\r\n')
    })
    const port = await listen(server, '0.0.0.0')
    const url = `mupdate://murder@0.0.0.0:${port}`
    for (const flags of [
      [],
      ['--allow-load', 'elsewhere'],
      ['--allow-mutations', '0.0.0.0'],
      ['--allow-load', '0.0.0.0'],
    ]) {
      const { status } = await workbench.run(['--master', url, ...flags], env)
      expect(status, flags.join(' ')).toBe(2)
    }
    expect(connections).toBe(0)
    const allowed = ['--allow-load', '0.0.0.0', '--allow-mutations', '0.0.0.0']
    const { status, stderr } = await workbench.run(['--master', url, ...allowed], env)
    expect(stderr).toContain('will create 300 mailboxes')
    expect(connections).toBe(1)
    expect(status).toBe(3)
  })
})
