import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import fc from 'fast-check'
import pLimit from 'p-limit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cyrusMaster } from '../../src/masters/cyrus/cyrus-master.js'
import { embeddedMaster } from '../../src/masters/embedded/embedded-master.js'
import type { Master, MasterEvent } from '../../src/masters/master.js'
import { MECHANISMS } from '../../src/sasl/mechanism.js'
import { Certificates } from '../support/certificates.js'
import { readFileSync } from 'node:fs'
import { AFTER_LOGIN, BEFORE_LOGIN, MAILBOXES, WHEN_STREAMING } from '../masters/embedded/odd-commands.js'

/**
 * The same bytes to a real 3.6.1 and to the embedded master: what they answer must be the same. What kills a real one
 * (DELETE and DEACTIVATE of names that are not there) is left out; see crash.test.ts.
 */
const OFFERED = MECHANISMS.filter(mechanism => mechanism !== 'EXTERNAL')
const certificates = new Certificates()
let real: Master
let ours: Master
const deaths: MasterEvent[] = []

beforeAll(async () => {
  const { cert, key } = certificates.issue('bench', 'IP:127.0.0.1')
  real = cyrusMaster({
    settings: {
      failedloginpause: '0',
      sasl_mech_list: OFFERED.join(' '),
      tls_server_cert: cert,
      tls_server_key: key,
    },
  })
  real.onEvent(event => {
    if (event.kind !== 'syslog') deaths.push(event)
  })
  ours = embeddedMaster({
    dialect: '3.6',
    hostname: 'bench',
    failedLoginPauseMs: 0,
    mechanisms: OFFERED,
    compress: true,
    tls: { certificate: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') },
  })
  await Promise.all([real.start(), ours.start()])
})
afterAll(async () => {
  await Promise.all([real?.stop(), ours?.stop()])
  certificates.remove()
})

/** Who waits for more says nothing for so long. */
const SILENCE_MS = 250

/**
 * @param said one after the other, each when the one before was answered: what comes in one piece with AUTHENTICATE is
 *   lost in a real one (measured; lib/prot.c prot_setsasl begins its buffer anew)
 * @returns all that is answered, the banner too: up to the end, or to where it waits for more
 */
function answers({ address }: Master, ...said: string[]): Promise<string> {
  return new Promise(resolve => {
    const socket = connect(address.port, '127.0.0.1')
    let heard = ''
    const done = () => {
      clearTimeout(timer)
      socket.destroy()
      resolve(heard)
    }
    let timer = setTimeout(done, 5_000)
    socket.on('error', done)
    socket.on('close', done)
    socket.on('data', chunk => {
      heard += chunk.toString('latin1')
      if (!heard.includes('* OK MUPDATE')) return
      const next = said.shift()
      if (next !== undefined) socket.write(next, 'latin1')
      clearTimeout(timer)
      timer = setTimeout(done, SILENCE_MS)
    })
  })
}

/** A socket and what is heard on it; each time what came since the last. */
function heardOn(socket: Socket) {
  let heard = ''
  socket.on('data', chunk => {
    heard += chunk.toString('latin1')
  })
  socket.on('error', () => {})
  const until = async (pattern: RegExp) => {
    for (const end = Date.now() + 5_000; Date.now() < end && !pattern.test(heard); ) await sleep(5)
    const said = heard
    heard = ''
    return said
  }
  return { socket, until }
}

function response({ credentials: { user, password } }: Master): string {
  return Buffer.from(`\0${user}\0${password}`).toString('base64')
}

function login(master: Master): string {
  return `L0 AUTHENTICATE "PLAIN" "${response(master)}"\r\n`
}

/** Challenges of mechanisms hold what is by chance. */
function withoutChance(heard: string): string {
  return heard.replaceAll(/^[A-Za-z0-9+/]{20,}={0,2}\r$/gm, '<challenge>\r')
}

function withoutBanner(heard: string): string {
  return withoutChance(heard.slice(heard.indexOf('\n', heard.indexOf('* OK MUPDATE')) + 1))
}

/** What is said to a master, some of it with its password. */
type Said = string | ((master: Master) => string)

/** @returns where the two differ: what was said, what the real one answered, what ours did */
async function differences(conversations: readonly (readonly Said[])[]): Promise<unknown[]> {
  const found: unknown[] = []
  const limit = pLimit(16)
  const compare = async (conversation: readonly Said[]) => {
    const of = (master: Master) => conversation.map(said => (typeof said === 'string' ? said : said(master)))
    const [theirs, its] = await Promise.all(
      [real, ours].map(master => answers(master, ...of(master)).then(withoutBanner)),
    )
    if (theirs !== its) found.push({ said: of(ours), theirs, its })
  }
  await Promise.all(conversations.map(said => limit(() => compare(said))))
  return found
}

/** Those of the tables that log in have another password. */
function asWritten(said: string): Said {
  return master => said.replaceAll('AG11cmRlcgBzZWNyZXQ=', response(master))
}

const isDeadly = (said: string) => /DELETE "nosuch"|DEACTIVATE "nosuch"|H5 DELETE|G4 DEACTIVATE/.test(said)

const base64 = (text: string) => Buffer.from(text, 'latin1').toString('base64')

describe('the embedded master, as 3.6.1', () => {
  it('has its banner', async () => {
    const [theirs, its] = await Promise.all([answers(real, ''), answers(ours, '')])
    const sorted = (heard: string) =>
      heard
        .replace(/"3\.6\.1[^"]*"/, '"3.6.1"')
        .replace(/^\* AUTH (.*)\r\n/, (_, list: string) => `* AUTH ${list.split(' ').sort().join(' ')}\r\n`)
    expect(sorted(its!)).toBe(sorted(theirs!))
  })

  it('answers alike before login', async () => {
    // Once STARTTLS has begun, a 3.6.1 dies of the second connection that ends (imap/tls.c tls_shutdown_serverengine).
    const isForOneLine = (text: string) => !/AUTHENTICATE.*\r\nA2|^A1 STARTTLS\r\n/s.test(text)
    const said = BEFORE_LOGIN.map(([text]) => text).filter(isForOneLine)
    expect(await differences(said.map(text => [asWritten(text)]))).toEqual([])
  })

  it('answers alike after login', async () => {
    const said = AFTER_LOGIN.map(([text]) => text).filter(text => !isDeadly(text))
    expect(await differences(said.map(text => [login, asWritten(text)]))).toEqual([])
  })

  it('answers alike when streaming', async () => {
    const said = WHEN_STREAMING.map(([text]) => text)
    expect(await differences(said.map(text => [login, 'U01 UPDATE\r\n', asWritten(text)]))).toEqual([])
  })

  it('sets, finds and lists alike', async () => {
    const said = MAILBOXES.map(([text]) => text).filter(text => !isDeadly(text))
    const rest = 'Z1 DELETE "a.q"\r\nZ2 DELETE "a-q"\r\nZ3 DELETE "q"\r\n'
    expect(await differences([[login, ...said, rest]])).toEqual([])
  })

  it('refuses TLS and DEFLATE alike', async () => {
    const alone = [
      'S STARTTLS x\r\n',
      'S STARTTLS "x"\r\nN NOOP\r\n',
      'S starttls \r\n',
      'C COMPRESS\r\n',
      'C COMPRESS DEFLATE\r\n',
      'C COMPRESS "GZIP"\r\n',
      'C COMPRESS ""\r\n',
      'C COMPRESS "DEFLATE" "x"\r\n',
      'C compress {7+}\r\ndeflatf\r\n',
    ]
    const loggedIn = ['S STARTTLS\r\nN NOOP\r\n', 'C COMPRESS "GZIP"\r\nU01 UPDATE\r\nC COMPRESS "LZW"\r\n']
    expect(await differences([...alone.map(text => [text]), ...loggedIn.map(text => [login, text])])).toEqual([])
  })

  it('logs in alike', async () => {
    const user = (master: Master) => base64(master.credentials.user)
    const password = (master: Master) => base64(master.credentials.password)
    const start = (mechanism: string) => `A AUTHENTICATE "${mechanism}"\r\n`
    const gs2 = base64('n,,n=murder,r=abc')
    const refused = [...OFFERED, 'EXTERNAL', 'GSSAPI', '', 'plain ', 'CRAM-MD5'].flatMap(mechanism => [
      [start(mechanism)],
      [start(mechanism).toLowerCase()],
      // What would follow "abc" must be no base64, of which a real one would die.
      ...['', '=', '!!!!', 'abc'].map(initial => [`A AUTHENTICATE "${mechanism}" "${initial}"\r\n`, 'N NOOP\r\n']),
      ...['*', '', '=', '!', 'abc'].map(line => [start(mechanism), `${line}\r\n`, 'N NOOP\r\n']),
      ...['*', '', '!'].map(line => [`A AUTHENTICATE "${mechanism}" "${gs2}"\r\n`, `${line}\r\n`, 'N NOOP\r\n']),
    ])
    const line = (text: (master: Master) => string) => (master: Master) => `${text(master)}\r\n`
    const whole: Said[][] = [
      [start('LOGIN'), line(user), line(password), 'N NOOP\r\n'],
      [master => `A AUTHENTICATE "LOGIN" "${user(master)}"\r\n`, line(password), 'N NOOP\r\n'],
      [start('LOGIN'), line(user), '*\r\n', 'N NOOP\r\n'],
      [start('LOGIN'), line(user), `${base64('wrong')}\r\n`, 'N NOOP\r\n'],
      [start('PLAIN'), line(response), 'N NOOP\r\n'],
      [start('PLAIN'), master => `${response(master)}=\r\n`, 'N NOOP\r\n'],
      [login, start('LOGIN'), 'N NOOP\r\n'],
      [start('PLAIN'), `${base64('nobody\0nobody\0wrong')}\r\n`, login, 'N NOOP\r\n'],
    ]
    expect(await differences([...refused, ...whole])).toEqual([])
  })

  it('answers alike whatever comes', async () => {
    // Each conversation has mailboxes and a server of its own. Nothing deletes, logs in or begins TLS: a real one may die.
    const pieces = (own: string) => [
      `A ACTIVATE "${own}" "${own}!p" "x\tl\t"\r\n`,
      `B RESERVE {${own.length}+}\r\n${own} {${own.length + 2}+}\r\n${own}!q\r\n`,
      `E FIND {${own.length}}\r\n${own}\r\n`,
      `F list "${own}!"\r\n`,
      `G UPDATE "${own}"\r\n`,
      'H NOOP\r\n',
      'I COMPRESS "LZW"\r\n',
      'J find "',
      ...['{5+}\r\n', '{3}\r\n', '{0+}\r\n', '"', '\\', '\0', '\r', '\n', '\r\n', ' ', '{', '(', '\t', '\xff', 'x'],
    ]
    const count = pieces('').length
    const sequences = fc.sample(fc.array(fc.nat(count - 1), { minLength: 1, maxLength: 12 }), { numRuns: 240, seed: 9 })
    const conversations = sequences.map((sequence, i) => {
      const own = pieces(`own${String(i).padStart(3, '0')}`)
      return [login, `${sequence.map(piece => own[piece]).join('')}\r\nY NOOP\r\n`]
    })
    expect(await differences(conversations)).toEqual([])
  })

  it('is never killed by this', () => expect(deaths).toEqual([]))

  // The last: once STARTTLS has begun, a real one lives until the second connection ends.
  it('begins TLS alike, and forgets what came before it', async () => {
    const conversation = async (master: Master) => {
      const clear = heardOn(connect(master.address.port, '127.0.0.1'))
      await clear.until(/OK MUPDATE/)
      clear.socket.write(`S1 STARTTLS\r\n${login(master)}I1 NOOP\r\nI2 FI`)
      const told = await clear.until(/S1.*\r\n/)
      clear.socket.removeAllListeners('data')
      const tls = heardOn(connectTls({ socket: clear.socket, ca: readFileSync(certificates.ca), host: '127.0.0.1' }))
      const banner = (await tls.until(/OK MUPDATE.*\r\n/))
        .replace(/"3\.6\.1[^"]*"/, '"3.6.1"')
        .replace(/^\* AUTH .*/, '* AUTH')
      const answers: string[] = []
      for (const said of ['N NOOP\r\n', 'S2 STARTTLS\r\n', login(master), 'S3 STARTTLS\r\n', 'C COMPRESS "x"\r\n']) {
        tls.socket.write(said)
        answers.push(await tls.until(/\r\n/))
      }
      return [told, banner, ...answers]
    }
    const [theirs, its] = await Promise.all([real, ours].map(conversation))
    expect(its).toEqual(theirs)
    expect(its!.slice(2, 4)).toEqual(['N BAD "Please login first"\r\n', 'S2 BAD Already did a successful Starttls\r\n'])
  })
})
