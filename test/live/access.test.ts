import { describe, expect, it } from 'vitest'
import { type Asked, refusalOf } from '../../src/live/access.js'
import { parseLiveAddress } from '../../src/live/live-address.js'
import { liveToken, sameToken } from '../../src/live/token.js'

const RULES = { token: 'right', hostNames: ['localhost', 'bench.example'] }
const ASKED: Asked = {
  method: 'GET',
  host: '127.0.0.1:9300',
  origin: undefined,
  fetchSite: undefined,
  authorization: undefined,
  token: 'right',
  isPage: false,
}

function status(changes: Partial<Asked>): number | undefined {
  return refusalOf({ ...ASKED, ...changes }, RULES)?.status
}

describe('who may ask', () => {
  it.each<[string, Partial<Asked>]>([
    ['the link', {}],
    ['a scraper', { token: null, authorization: 'Bearer right' }],
    ['localhost', { host: 'localhost:9300' }],
    ['IPv6', { host: '[::1]:9300' }],
    ['the name it was started with', { host: 'Bench.example' }],
    ['the page, loaded again', { token: null, isPage: true }],
    ['the stop button', { method: 'POST', origin: 'http://127.0.0.1:9300', fetchSite: 'same-origin' }],
    ['curl', { method: 'POST' }],
  ])('lets in %s', (_, changes) => expect(status(changes)).toBeUndefined())

  it.each<[string, Partial<Asked>, number]>([
    ['no token', { token: null }, 403],
    ['a wrong token', { token: 'wrong' }, 403],
    ['a wrong token, though another is right', { token: 'wrong', authorization: 'Bearer right' }, 403],
    ['an empty token', { token: '' }, 403],
    ['a name that was made to resolve to us', { host: 'evil.example:9300' }, 403],
    ['the page with a wrong token', { token: 'wrong', isPage: true }, 403],
    ['the page under a name that was made to resolve to us', { token: null, isPage: true, host: 'evil.example' }, 403],
    ['no host', { host: undefined }, 403],
    ['a page elsewhere that would stop', { method: 'POST', origin: 'http://evil.example' }, 403],
    ['another port’s page', { method: 'POST', origin: 'http://127.0.0.1:80' }, 403],
    ['a sandboxed page', { method: 'POST', origin: 'null' }, 403],
    ['a form elsewhere', { method: 'POST', fetchSite: 'cross-site' }, 403],
    ['what is no way to ask', { method: 'PUT' }, 405],
  ])('refuses %s', (_, changes, expected) => expect(status(changes)).toBe(expected))
})

describe('the token', () => {
  it('is another one each time, and long', () => {
    expect(liveToken(undefined)).toMatch(/^[\w-]{32}$/)
    expect(liveToken('')).not.toBe(liveToken(''))
  })

  it('may be chosen, but not so that it can be guessed', () => {
    expect(liveToken('0123456789abcdef')).toBe('0123456789abcdef')
    expect(() => liveToken('secret')).toThrow('MUPDATE_BENCH_LIVE_TOKEN')
    expect(() => liveToken('0123456789abcdef&x=1')).toThrow('MUPDATE_BENCH_LIVE_TOKEN')
  })

  it('is compared whole', () => {
    expect(sameToken('abc', 'abc')).toBe(true)
    expect(sameToken('ab', 'abc')).toBe(false)
    expect(sameToken('abcd', 'abc')).toBe(false)
  })
})

describe('--live', () => {
  it.each<[string | true, string, number]>([
    [true, '127.0.0.1', 0],
    ['9300', '127.0.0.1', 9300],
    ['localhost:9300', 'localhost', 9300],
    ['[::1]:0', '::1', 0],
  ])('%s', (text, host, port) => expect(parseLiveAddress(text, false)).toEqual({ host, port }))

  it.each(['smoke', '127.0.0.1', 'localhost:', ':9300', 'host:99999', '::1:80', 'http://localhost:80'])(
    'refuses %s',
    text => expect(() => parseLiveAddress(text, true)).toThrow(/not an address/),
  )

  it.each(['smoke', './mine.yaml'])('knows a profile where an address should be: %s', text =>
    expect(() => parseLiveAddress(text, true)).toThrow(
      expect.objectContaining({ hint: expect.stringContaining(`run ${text} --live`) }),
    ),
  )

  it.each(['0.0.0.0:9300', '192.0.2.1:9300', 'bench.example:9300', '[::]:9300'])('%s only if that is meant', text => {
    expect(() => parseLiveAddress(text, false)).toThrow(/could watch this run/)
    expect(parseLiveAddress(text, true).port).toBe(9300)
  })
})
