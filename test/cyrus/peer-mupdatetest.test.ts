import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { embeddedMaster } from '../../src/masters/embedded/embedded-master.js'
import type { ModelOptions } from '../../src/masters/embedded/modelled-service.js'
import { loadCalibration } from '../../src/masters/model/load-calibration.js'
import type { Master } from '../../src/masters/master.js'
import { Certificates } from '../support/certificates.js'
import { mupdatetest, type Talk } from './mupdatetest.js'

/** All that Debian's libsasl2-modules have and the embedded master knows, the strongest first. */
const MECHANISMS = ['SCRAM-SHA-512', 'SCRAM-SHA-256', 'SCRAM-SHA-1', 'DIGEST-MD5', 'PLAIN', 'LOGIN'] as const
/** Those in which the client has the first word. */
const CLIENT_FIRST = MECHANISMS.filter(mechanism => mechanism !== 'DIGEST-MD5' && mechanism !== 'LOGIN')
const USER = 'murder'

let certificates: Certificates
let master: Master
/** A certificate of the user's, and its key. */
let own: string

beforeAll(() => {
  certificates = new Certificates()
  const user = certificates.issue(USER)
  own = join(certificates.folder, 'own.pem')
  writeFileSync(own, text(user.cert) + text(user.key))
})

afterAll(() => certificates.remove())

async function start(model: ModelOptions | undefined): Promise<Master> {
  const { cert, key } = certificates.issue('localhost', 'IP:127.0.0.1')
  const started = embeddedMaster({
    user: USER,
    mechanisms: [...MECHANISMS, 'EXTERNAL'],
    tls: { certificate: text(cert), key: text(key), clientAuthority: text(certificates.ca) },
    compress: true,
    failedLoginPauseMs: 0,
    ...(model && { model }),
  })
  await started.start()
  return started
}

function text(path: string): string {
  return readFileSync(path, 'utf8')
}

/** Logged in by that mechanism, it was answered. */
function expectServed({ shown, authenticated }: Talk, mechanism: string): void {
  expect(authenticated, shown).toBe(true)
  expect(shown).toContain(`C: A01 AUTHENTICATE "${mechanism}"`)
  expect(shown).toContain('N01 OK "Noop done"')
  expect(shown).toContain('Q01 OK "bye-bye"')
}

function expectTls({ shown }: Talk): void {
  expect(shown).toMatch(/^TLS connection established: TLSv1\.[23] /m)
  const [before, after] = shown.split('S01 OK')
  expect(before).toContain('* STARTTLS')
  // Said anew, and without it.
  expect(after).toContain('* OK MUPDATE ')
  expect(after).not.toContain('* STARTTLS')
}

const MASTERS: readonly [string, ModelOptions | undefined][] = [
  ['peer 4: mupdatetest at the embedded master', undefined],
  ['peer 4: mupdatetest at a modelled Cyrus', { calibration: loadCalibration(), settings: { failedloginpause: '0' } }],
]

describe.each(MASTERS)('%s', (_, model) => {
  beforeAll(async () => {
    master = await start(model)
  })
  afterAll(() => master.stop())

  it.each(MECHANISMS)('logs in by %s', async mechanism => {
    const talk = await mupdatetest(master, '-m', mechanism)
    expectServed(talk, mechanism)
    expect(talk.shown).not.toContain('TLS connection')
  })

  it.each(MECHANISMS)('logs in by %s after STARTTLS', async mechanism => {
    const talk = await mupdatetest(master, '-m', mechanism, '-t', '')
    expectServed(talk, mechanism)
    expectTls(talk)
  })

  it.each(CLIENT_FIRST)('logs in by %s without an initial response', async mechanism => {
    const talk = await mupdatetest(master, '-m', mechanism, '-i')
    expectServed(talk, mechanism)
    expect(talk.shown).toMatch(/^S: \r?$/m)
  })

  it('logs in by EXTERNAL with a certificate', async () => {
    const talk = await mupdatetest(master, '-m', 'EXTERNAL', '-t', own)
    expectServed(talk, 'EXTERNAL')
    expectTls(talk)
  })

  it('takes the strongest that is offered', async () => {
    expectServed(await mupdatetest(master), MECHANISMS[0])
  })

  it.each([[['-q']], [['-q', '-t', '']]])('goes on in DEFLATE, %j', async options => {
    const talk = await mupdatetest(master, '-m', 'PLAIN', ...options)
    expectServed(talk, 'PLAIN')
    expect(talk.shown).toMatch(/^S: Z01 OK /m)
  })

  it.each(MECHANISMS)('is refused a wrong password by %s, and may not go on', async mechanism => {
    const { address, credentials } = master
    const talk = await mupdatetest({ address, credentials: { ...credentials, password: 'wrong' } }, '-m', mechanism)
    expect(talk.authenticated).toBe(false)
    expect(talk.shown).toContain('A01 NO ')
    expect(talk.shown).toContain('N01 BAD "Please login first"')
  })
})
