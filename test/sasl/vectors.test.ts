import { describe, expect, it } from 'vitest'
import { digestResponse, directives } from '../../src/sasl/digest-md5.js'
import { SCRAM, type ScramMechanism, scramKeys } from '../../src/sasl/scram.js'
import { ScramClient, ScramKeyCache } from '../../src/sasl/scram-client.js'
import { ScramServer } from '../../src/sasl/scram-server.js'

const credentials = { user: 'user', password: 'pencil' }

interface ScramVector {
  readonly mechanism: ScramMechanism
  readonly clientNonce: string
  readonly serverNonce: string
  readonly salt: string
  readonly proof: string
  readonly signature: string
}

/** RFC 5802 section 5 and RFC 7677 section 3. */
const VECTORS: readonly ScramVector[] = [
  {
    mechanism: 'SCRAM-SHA-1',
    clientNonce: 'fyko+d2lbbFgONRv9qkxdawL',
    serverNonce: '3rfcNHYJY1ZVvWVs7j',
    salt: 'QSXCR+Q6sek8bf92',
    proof: 'v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
    signature: 'rmF9pqV8S7suAoZWja4dJRkFsKQ=',
  },
  {
    mechanism: 'SCRAM-SHA-256',
    clientNonce: 'rOprNGfwEbeRWgbNEkqO',
    serverNonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
    salt: 'W22ZaJ0SNY7soEsUEjb6gQ==',
    proof: 'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    signature: '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
  },
]

describe.each(VECTORS)('the example of $mechanism’s RFC', vector => {
  const { mechanism, clientNonce, serverNonce, proof, signature } = vector
  const nonces = clientNonce + serverNonce
  const serverFirst = `r=${nonces},s=${vector.salt},i=4096`
  const clientFinal = `c=biws,r=${nonces},p=${proof}`

  it('is what the client says', () => {
    const client = new ScramClient(SCRAM[mechanism], credentials, clientNonce, new ScramKeyCache())
    expect(client.first().toString()).toBe(`n,,n=user,r=${clientNonce}`)
    expect(client.respond(Buffer.from(serverFirst)).toString()).toBe(clientFinal)
    expect(client.respond(Buffer.from(`v=${signature}`)).toString()).toBe('')
    client.finish()
  })

  it('is what the server says', () => {
    const salt = Buffer.from(vector.salt, 'base64')
    const keys = scramKeys(SCRAM[mechanism], credentials.password, salt, 4096)
    const server = new ScramServer(SCRAM[mechanism], { credentials, salt, iterations: 4096, keys }, serverNonce)
    const said = [`n,,n=user,r=${clientNonce}`, clientFinal, ''].map(text => server.next(Buffer.from(text)))
    expect(said).toEqual([
      { kind: 'challenge', data: Buffer.from(serverFirst) },
      { kind: 'challenge', data: Buffer.from(`v=${signature}`) },
      { kind: 'accepted' },
    ])
  })
})

describe('the example of RFC 2831 section 4', () => {
  const parts = {
    user: 'chris',
    realm: 'elwood.innosoft.com',
    password: 'secret',
    nonce: 'OA6MG9tEQGm2hh',
    clientNonce: 'OA6MHXh6VqTrRk',
    uri: 'imap/elwood.innosoft.com',
    authorize: undefined,
  }

  it('has these responses', () => {
    expect(digestResponse(parts, 'client')).toBe('d388dad90d4bbd760a152321f2143af7')
    expect(digestResponse(parts, 'server')).toBe('ea40f60335c427b5527b84dbabcdfffd')
  })

  it('has this challenge', () => {
    const text =
      'realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh",qop="auth",algorithm=md5-sess,charset=utf-8,,x="a\\"b,c"'
    expect(Object.fromEntries(directives(text)!)).toEqual({
      realm: ['elwood.innosoft.com'],
      nonce: ['OA6MG9tEQGm2hh'],
      qop: ['auth'],
      algorithm: ['md5-sess'],
      charset: ['utf-8'],
      x: ['a"b,c'],
    })
    expect(directives('nonce="never ends')).toBeUndefined()
  })
})
