import { mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { embeddedOptions } from '../../src/cli/master.js'
import type { MasterAddress } from '../../src/core/address.js'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import { Client } from '../../src/session/client.js'
import { Certificates } from '../support/certificates.js'
import { type Started, Workbench } from './bench.js'

/** Needs `npm run build`. */
const clock = monotonicClock(monotonicOriginS())
const certificates = new Certificates()
let bench: Workbench

beforeAll(() => {
  bench = new Workbench()
})
afterAll(() => {
  bench.remove()
  certificates.remove()
})

const running: Started[] = []
afterEach(() => {
  for (const { child } of running.splice(0)) child.kill('SIGKILL')
})

/** @returns the first line that it printed, and how to end it */
async function started(...args: readonly string[]) {
  const master = bench.start(['master', '--port', '0', ...args], { MUPDATE_BENCH_PASSWORD: 'secret' })
  running.push(master)
  const line = await new Promise<string>((resolve, reject) => {
    let said = ''
    master.child.stdout!.on('data', text => {
      said += text
      if (said.includes('\npassword')) resolve(said.split('\n')[0]!)
    })
    void master.ended.then(({ stderr }) => reject(new Error(stderr)))
  })
  const end = (signal: NodeJS.Signals) => {
    master.child.kill(signal)
    return master.ended
  }
  return { line, port: Number(/:(\d+)$/.exec(line)![1]), end }
}

function login(port: number, reach: Partial<MasterAddress> = {}, mechanism = 'PLAIN'): Promise<Client> {
  const credentials = { user: 'murder', password: 'secret', mechanism }
  return Client.connect({ address: { host: '127.0.0.1', port, ...reach }, credentials, clock })
}

async function names(client: Client): Promise<string[]> {
  const found: string[] = []
  await new Promise<void>((resolve, reject) => {
    const onRecord = (frame: { text(part: number): string }) => void found.push(frame.text(2))
    client.send({ kind: 'LIST' }, { onRecord, onDone: () => resolve(), onLost: reject })
  })
  return found
}

describe('mupdate-bench master', () => {
  it('keeps its mailboxes from one time to the next, whichever signal ends it', async () => {
    const list = join(bench.directory, 'list.json')
    const first = await started('--save', list)
    const client = await login(first.port)
    await client.request({ kind: 'ACTIVATE', name: 'user.bob', location: 'be1!p', acl: 'bob\tl\t' })
    await client.request({ kind: 'RESERVE', name: 'user.eve', location: 'be1!p' })
    expect(await first.end('SIGTERM')).toMatchObject({ status: 0, stderr: '' })
    expect(readFileSync(list, 'utf8')).toMatch(/^\{\n"user\.bob": .*"acl": \{"bob": "l"\}/)

    const second = await started('--load', list, '--save', list, '--dialect', '2.4')
    expect(await names(await login(second.port))).toEqual(['user.bob', 'user.eve'])
    expect(await second.end('SIGINT')).toMatchObject({ status: 0 })
    expect(readFileSync(list, 'utf8')).toMatch(/^user\.bob\t1 be1!p bob\tl\t\n/)
  })

  it('says that its mailboxes are lost when they cannot be saved in the end', async () => {
    const folder = join(bench.directory, 'soon-gone')
    mkdirSync(folder)
    const master = await started('--save', join(folder, 'list'))
    expect(readdirSync(folder)).toEqual([])
    rmdirSync(folder)
    const { status, stderr } = await master.end('SIGTERM')
    expect(status).not.toBe(0)
    expect(stderr).toMatch(/what the embedded master held is lost: cannot write .*soon-gone\/list/)
  })

  it.each(['/proc/none/list', '/proc/list', tmpdir(), '/dev/null'])(
    'does not begin when its mailboxes cannot be saved: %s',
    async path => {
      const { status, stdout, stderr } = await bench.bench(['master', '--port', '0', '--save', path])
      expect(stderr).toContain(`the mailboxes cannot be saved to ${path}: `)
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    },
  )

  it('does not begin when no client’s certificate could be believed', async () => {
    const { cert, key } = certificates.issue('localhost')
    const tls = ['--tls-cert', cert, '--tls-key', key, '--tls-ca', bench.file('garbage.pem', 'garbage\n')]
    const { status, stdout, stderr } = await bench.bench(['master', '--port', '0', ...tls])
    expect(stderr).toMatch(/the authority that clients’ certificates are to be from is no certificate/)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  })

  it('offers TLS, DEFLATE and what else is asked for, as a Cyrus', async () => {
    const { cert, key } = certificates.issue('localhost', 'IP:127.0.0.1')
    const args = ['--tls-cert', cert, '--tls-key', key, '--mechanisms', 'scram-sha-256, EXTERNAL', '--dialect', '3.6']
    const { port, line } = await started(...args, '--tls-ca', certificates.ca, '--hostname', 'm.test')
    expect(line).toBe(`listening on mupdate://murder@127.0.0.1:${port}`)
    const tls = { mode: 'starttls', caFile: certificates.ca } as const
    const client = await login(port, { tls, compress: true }, 'SCRAM-SHA-256')
    expect(client.banner).toMatchObject({ host: 'm.test', product: 'Cyrus IMAP', version: '3.6.1' })
    expect(client.security).toMatchObject({ mechanism: 'SCRAM-SHA-256', compression: 'DEFLATE' })
    client.destroy()
  })

  it('refuses a list that is none, at its line', async () => {
    const path = bench.file('bad.txt', 'no dump\n')
    const { status, stderr } = await bench.bench(['master', '--port', '0', '--load', path])
    expect(status).toBe(2)
    expect(stderr).toMatch(/bad\.txt:1:1: no line of ctl_mboxlist -d/)
  })
})

describe('its options', () => {
  const flags = { host: '127.0.0.1', port: '0', user: 'murder' }
  const ofServer = () => {
    const { cert, key } = certificates.issue('localhost')
    return { tlsCert: cert, tlsKey: key }
  }

  it('are PLAIN and nothing else unless asked for', () => {
    expect(embeddedOptions(flags)).toEqual({
      host: '127.0.0.1',
      port: 0,
      user: 'murder',
      compress: false,
      crashes: false,
    })
  })

  it('take what they are given', () => {
    const { tlsCert: cert, tlsKey: key } = ofServer()
    const tls = { tlsCert: cert, tlsKey: key, tlsImplicit: true } as const
    const given = {
      ...flags,
      ...tls,
      mechanisms: 'plain external',
      dialect: '3.12',
      crashOnUnknownDelete: true,
    } as const
    expect(embeddedOptions(given)).toMatchObject({
      mechanisms: ['PLAIN', 'EXTERNAL'],
      dialect: '3.12',
      compress: true,
      crashes: true,
      tls: { certificate: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8'), implicit: true },
    })
  })

  it.each([
    [{ mechanisms: 'GSSAPI' }, /--mechanisms: GSSAPI is not known here/],
    [{ mechanisms: '' }, /--mechanisms: none is named/],
    [{ mechanisms: ' ,' }, /--mechanisms: none is named/],
    [{ mechanisms: 'external' }, /--mechanisms EXTERNAL: no client can show a certificate/],
    [{ tlsCert: 'nosuch.pem', tlsKey: 'nosuch.pem' }, /cannot read nosuch\.pem/],
    [{ tlsCert: 'nosuch.pem' }, /TLS needs a certificate and its key/],
    [{ tlsImplicit: true }, /TLS needs a certificate and its key/],
    [{ dialect: '2.4', crashOnUnknownDelete: true }, /Cyrus 2\.4 answers NO there/],
    [{ port: 'x' }, /--port x is no port/],
  ] as const)('are refused: %j', (wrong, message) => {
    expect(() => embeddedOptions({ ...flags, ...wrong })).toThrow(message)
  })

  it('offer EXTERNAL alone only to those who can show a certificate', () => {
    const tls = ofServer()
    const alone = { ...flags, mechanisms: 'EXTERNAL' }
    expect(() => embeddedOptions({ ...alone, ...tls })).toThrow(/no client can show a certificate/)
    expect(embeddedOptions({ ...alone, ...tls, tlsCa: certificates.ca })).toMatchObject({ mechanisms: ['EXTERNAL'] })
  })
})
