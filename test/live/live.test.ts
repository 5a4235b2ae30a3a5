import { afterEach, expect, it } from 'vitest'
import { Live } from '../../src/live/live.js'

const opened: Live[] = []
afterEach(() => Promise.all(opened.splice(0).map(live => live.close())))

it('stops a run that could not be stopped yet when that was asked for, and one that can', async () => {
  const address = { host: '127.0.0.1', port: 0 }
  const live = await Live.open({ address, token: '0123456789abcdef', isTokenGiven: true })
  opened.push(live)
  const stop = live.url.replace('/?', '/stop?')
  expect((await fetch(stop, { method: 'POST' })).status).toBe(202)
  const stops: number[] = []
  live.onStop = () => stops.push(1)
  expect(stops).toEqual([1])
  expect((await fetch(stop, { method: 'POST' })).status).toBe(202)
  expect(stops).toEqual([1, 1])
})
