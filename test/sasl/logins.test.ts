import { describe, expect, it } from 'vitest'
import type { Credentials } from '../../src/core/address.js'
import { isHarnessError } from '../../src/core/errors.js'
import type { SaslClient, SaslServer } from '../../src/sasl/exchange.js'
import { MECHANISMS, type Mechanism, mechanismOf, strongest } from '../../src/sasl/mechanism.js'
import { prepared } from '../../src/sasl/prepared.js'
import { saslClient } from '../../src/sasl/sasl-client.js'
import { SaslLogins } from '../../src/sasl/sasl-server.js'
import { ScramKeyCache } from '../../src/sasl/scram-client.js'

const account = { user: 'murder', password: 'gehéim, =€ "\\' }
/** Those with which each side shows the other that it has the password. */
const MUTUAL: readonly Mechanism[] = ['SCRAM-SHA-1', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'DIGEST-MD5']
const scramKeys = new ScramKeyCache()
const logins = new SaslLogins(account, 'mupdate.example', Buffer.from('salt of a master'))

function clientOf(mechanism: Mechanism, credentials: Credentials): SaslClient {
  return saslClient(mechanism, credentials, { host: 'mupdate.example', nonce: 'client', scramKeys })
}

function serverOf(mechanism: Mechanism, shown?: string): SaslServer {
  return logins.begin(mechanism, 'server', shown)
}

/** What both make of each other; `initial`: the client's first words go with AUTHENTICATE. */
function outcome(client: SaslClient, server: SaslServer, initial: boolean): 'accepted' | 'refused' {
  const first = client.first()
  let started = initial && first !== undefined
  let step = server.next(started ? first : undefined)
  while (step.kind === 'challenge') {
    const response: Buffer = !started && first !== undefined ? first : client.respond(step.data)
    started = true
    step = server.next(response)
  }
  if (step.kind === 'accepted') client.finish()
  return step.kind
}

describe.each(MECHANISMS)('%s', mechanism => {
  it.each([true, false])('logs in, with its first words in AUTHENTICATE %s', initial => {
    expect(outcome(clientOf(mechanism, account), serverOf(mechanism, account.user), initial)).toBe('accepted')
  })

  it('logs in for another', () => {
    const client = clientOf(mechanism, { ...account, authorize: 'som=eone,"else' })
    expect(outcome(client, serverOf(mechanism, account.user), true)).toBe('accepted')
  })
})

describe.each(MECHANISMS.filter(mechanism => mechanism !== 'EXTERNAL'))('%s refuses', mechanism => {
  it.each([
    ['another password', { ...account, password: 'geheim' }],
    ['another user', { ...account, user: 'murderer' }],
    ['none', { user: '', password: '' }],
  ])('%s', (_, credentials) => {
    expect(outcome(clientOf(mechanism, credentials), serverOf(mechanism), true)).toBe('refused')
  })
})

describe('EXTERNAL', () => {
  it.each([undefined, 'somebody'])('refuses who shows %s', shown => {
    expect(outcome(clientOf('EXTERNAL', account), serverOf('EXTERNAL', shown), true)).toBe('refused')
  })
})

/** The client's words up to where it waits for the proof, and the proof. */
function upToProof(mechanism: Mechanism): { client: SaslClient; proof: Buffer } {
  const client = clientOf(mechanism, account)
  const server = serverOf(mechanism)
  let step = server.next(client.first())
  if (step.kind === 'challenge') step = server.next(client.respond(step.data))
  if (step.kind !== 'challenge') throw new Error(`${mechanism} was ${step.kind}`)
  return { client, proof: step.data }
}

describe.each(MUTUAL)('a client of %s', mechanism => {
  it('believes no OK that comes before the proof', () => {
    expect(failureOf(() => upToProof(mechanism).client.finish())).toMatch(/did not prove/)
    expect(failureOf(() => clientOf(mechanism, account).finish())).toMatch(/did not prove/)
  })

  it('believes no other proof', () => {
    const { client, proof } = upToProof(mechanism)
    const other = Buffer.from(proof)
    other[10] = other[10] === 48 ? 49 : 48
    expect(failureOf(() => client.respond(other))).toMatch(/did not prove/)
    expect(failureOf(() => client.finish())).toMatch(/did not prove/)
  })

  it('says nothing after the proof', () => {
    const { client, proof } = upToProof(mechanism)
    client.respond(proof)
    client.finish()
    expect(failureOf(() => client.respond(proof))).toMatch(/goes on/)
  })
})

describe('a client refuses', () => {
  it.each<[string, Mechanism, string, RegExp]>([
    ['an empty challenge', 'SCRAM-SHA-256', '', /first message/],
    ['a nonce that is not ours', 'SCRAM-SHA-256', 'r=another1,s=c2FsdA==,i=4096', /another login/],
    ['a nonce that is only ours', 'SCRAM-SHA-256', 'r=client,s=c2FsdA==,i=4096', /another login/],
    ['an extension that must be known', 'SCRAM-SHA-256', 'm=x,r=client1,s=c2FsdA==,i=4096', /first message/],
    ['work without end', 'SCRAM-SHA-256', 'r=client1,s=c2FsdA==,i=4294967295', /4294967295 times/],
    ['no work', 'SCRAM-SHA-256', 'r=client1,s=c2FsdA==,i=0', /0 times/],
    ['work so little that it hides nothing', 'SCRAM-SHA-256', 'r=client1,s=c2FsdA==,i=4095', /4095 times, not 4096/],
    ['no digest', 'DIGEST-MD5', 'hello', /challenge is none/],
    ['another algorithm', 'DIGEST-MD5', 'nonce="x",algorithm=md5', /challenge is none/],
    ['a security layer', 'DIGEST-MD5', 'nonce="x",algorithm=md5-sess,qop="auth-int,auth-conf"', /security layer/],
    ['a question of PLAIN', 'PLAIN', 'and?', /asks for more/],
  ])('%s', (_, mechanism, challenge, text) => {
    const client = clientOf(mechanism, account)
    client.first()
    expect(failureOf(() => client.respond(Buffer.from(challenge)))).toMatch(text)
  })
})

describe('a server refuses', () => {
  it.each<[string, Mechanism, (string | undefined)[]]>([
    ['channel binding', 'SCRAM-SHA-256', ['p=tls-unique,,n=murder,r=x']],
    ['no nonce', 'SCRAM-SHA-256', ['n,,n=murder']],
    ['a proof of nothing', 'SCRAM-SHA-256', ['n,,n=murder,r=x', 'c=biws,r=xserver,p=']],
    ['a nonce of another', 'DIGEST-MD5', [undefined, 'username="murder",nonce="x",cnonce="y",nc=00000001']],
    ['PLAIN of two parts', 'PLAIN', ['murder\0pass']],
  ])('%s', (_, mechanism, responses) => {
    const server = serverOf(mechanism)
    const steps = responses.map(response => server.next(response === undefined ? undefined : Buffer.from(response)))
    expect(steps.at(-1)).toEqual({ kind: 'refused' })
  })
})

describe('the strongest', () => {
  it.each([
    [['PLAIN', 'login', 'scram-sha-1', 'DIGEST-MD5', 'GSSAPI'], 'SCRAM-SHA-1'],
    [['EXTERNAL', 'PLAIN'], 'PLAIN'],
    [['GSSAPI', 'EXTERNAL'], undefined],
    [[], undefined],
  ])('of %j is %s', (offered, expected) => expect(strongest(offered)).toBe(expected))

  it('is none that is unknown', () => expect(mechanismOf('CRAM-MD5')).toBeUndefined())
})

describe('SASLprep', () => {
  it.each([
    ['I\u00ADX', 'IX'],
    ['user', 'user'],
    ['\u00AA', 'a'],
    ['\u2168', 'IX'],
    ['a\u00A0b', 'a b'],
  ])('makes %j %j (RFC 4013 section 3)', (text, expected) => expect(prepared(text)).toBe(expected))
})

function failureOf(what: () => unknown): string {
  try {
    what()
  } catch (error) {
    if (!isHarnessError(error, 'AUTH_FAILED')) throw error
    return error.message
  }
  throw new Error('nothing was refused')
}
