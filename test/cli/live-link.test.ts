import { expect, it } from 'vitest'
import { printedLink, takeLiveToken } from '../../src/cli/live-link.js'

const GIVEN = '0123456789abcdef'

it('leaves a token that was given out of what is printed, and of what other processes see', () => {
  const environment = { MUPDATE_BENCH_LIVE_TOKEN: GIVEN, PATH: '/bin' }
  const taken = takeLiveToken(environment)
  expect(taken).toEqual({ token: GIVEN, isTokenGiven: true })
  expect(environment).toEqual({ PATH: '/bin' })
  expect(printedLink(`http://127.0.0.1:9300/?token=${GIVEN}`, taken)).toBe(
    'http://127.0.0.1:9300/?token=… (the token is the given one)',
  )
})

it.each([{}, { MUPDATE_BENCH_LIVE_TOKEN: '' }])('prints one that was made: %j', environment => {
  const taken = takeLiveToken(environment)
  const url = `http://127.0.0.1:9300/?token=${taken.token}`
  expect(printedLink(url, taken)).toBe(url)
})
