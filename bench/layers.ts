import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { monotonicClock, monotonicOriginS } from '../src/core/clock.js'
import { written } from '../src/generators/dump.js'
import { mailboxes } from '../src/generators/mailboxes.js'
import { type EmbeddedMasterOptions, embeddedMaster } from '../src/masters/embedded/embedded-master.js'
import type { Master } from '../src/masters/master.js'
import { loadProfile } from '../src/profile/load.js'
import { Client } from '../src/session/client.js'
import type { Row } from './against-mupref.js'
import { median, output } from './pairs.js'

const MAILBOXES = 500_000
const LOGINS = 2000
const CONNECTIONS = 16
const PASSWORD = 'bench'
const clock = monotonicClock(monotonicOriginS())

/** What TLS takes from the embedded master's rate of a whole list; how many logins a second SCRAM leaves. */
export async function benchLayers(count: number): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'mupdate-bench-'))
  const master = embeddedMaster({ ...(await withList(folder)), ...(await withTls(folder)), password: PASSWORD })
  try {
    await master.start()
    return [await tlsRow(master, count), await scramRow(master, count)]
  } finally {
    await master.stop()
    rmSync(folder, { recursive: true })
  }
}

async function tlsRow(master: Master, count: number): Promise<Row> {
  const ratios: number[] = []
  for (let i = 0; i < count; i++) {
    // In changing order, so that what drifts takes from both.
    const order = i % 2 === 0 ? [false, true] : [true, false]
    const rates = new Map<boolean, number>()
    for (const tls of order) rates.set(tls, await listRate(master, tls))
    const [plain, secured] = [rates.get(false)!, rates.get(true)!]
    ratios.push(secured / plain)
    process.stdout.write(`tls ${i + 1}/${count} plain=${plain.toFixed(0)} tls=${secured.toFixed(0)} MB/s\n`)
  }
  const ratio = median(ratios)
  const measured = `${(ratio * 100).toFixed(0)} %`
  return { work: 'embedded: dump through TLS', target: '≥ 50 % of plain', measured, holds: ratio >= 0.5 }
}

/** @returns MB/s of text, of a whole list whose bytes are only counted */
async function listRate(master: Master, tls: boolean): Promise<number> {
  const clear = connect(master.address.port, '127.0.0.1')
  await said(clear, '* OK MUPDATE')
  const socket = tls ? await secured(clear) : clear
  const { user } = master.credentials
  socket.write(`A AUTHENTICATE "PLAIN" "${Buffer.from(`\0${user}\0${PASSWORD}`).toString('base64')}"\r\n`)
  await said(socket, 'A OK')
  const startNs = clock.nowNs()
  const bytes = counted(socket)
  socket.write('L LIST\r\n')
  const megabytes = (await bytes) / 1e6
  const seconds = (clock.nowNs() - startNs) / 1e9
  socket.destroy()
  return megabytes / seconds
}

async function secured(clear: Socket): Promise<Socket> {
  clear.write('S STARTTLS\r\n')
  await said(clear, 'S OK')
  const socket = connectTls({ socket: clear, rejectUnauthorized: false })
  await said(socket, '* OK MUPDATE')
  return socket
}

/** Waits for a line with this in it, the last that comes. */
async function said(socket: Socket, words: string): Promise<void> {
  let heard = ''
  await new Promise<void>((resolve, reject) => {
    const take = (chunk: Buffer) => {
      heard += chunk.toString('latin1')
      if (!heard.includes(words) || !heard.endsWith('\n')) return
      socket.off('data', take)
      resolve()
    }
    socket.on('data', take)
    socket.once('error', reject)
  })
}

const END = Buffer.from('L OK "list complete"\r\n')

function counted(socket: Socket): Promise<number> {
  return new Promise(resolve => {
    let bytes = 0
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (chunk.subarray(-END.length).equals(END)) resolve(bytes)
    })
  })
}

async function scramRow(master: Master, count: number): Promise<Row> {
  const rates: number[] = []
  for (let i = 0; i < count; i++) {
    const startNs = clock.nowNs()
    let left = LOGINS
    const logIn = async () => {
      while (left-- > 0) (await scramClient(master)).destroy()
    }
    await Promise.all(Array.from({ length: CONNECTIONS }, logIn))
    rates.push(LOGINS / ((clock.nowNs() - startNs) / 1e9))
    process.stdout.write(`scram ${i + 1}/${count} ${rates[i]!.toFixed(0)} logins/s\n`)
  }
  const rate = median(rates)
  return {
    work: `embedded: SCRAM-SHA-256 logins, ${CONNECTIONS} at a time`,
    target: '≥ 500/s',
    measured: `${rate.toFixed(0)}/s`,
    holds: rate >= 500,
  }
}

function scramClient(master: Master): Promise<Client> {
  const credentials = { user: master.credentials.user, password: PASSWORD, mechanism: 'SCRAM-SHA-256' }
  return Client.connect({ address: master.address, credentials, clock })
}

async function withList(folder: string): Promise<EmbeddedMasterOptions> {
  const load = join(folder, 'list')
  const site = { ...loadProfile('frontends-500k').site, mailboxes: MAILBOXES }
  writeFileSync(load, Buffer.concat([...written('text', mailboxes(site, 1))]))
  return { load }
}

async function withTls(folder: string): Promise<EmbeddedMasterOptions> {
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const elliptic = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  await output('openssl', ['req', '-x509', ...elliptic, '-subj', '/CN=bench', '-keyout', key, '-out', cert])
  const tls = { certificate: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }
  return { tls, mechanisms: ['PLAIN', 'SCRAM-SHA-256'] }
}
