import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { Preload } from '../../src/drivers/preload.js'
import { loadHistograms } from '../../src/metrics/latency.js'
import { BANNER, lineServer, loggedIn } from '../support/line-server.js'
import { clock, contextAt } from './context.js'

await loadHistograms()

it('a preload that is done before all its connections are there leaves none of them open', async () => {
  const server = await lineServer(
    BANNER,
    loggedIn(() => undefined),
  )
  const preload = new Preload(contextAt(server.address), { connections: 4, window: 64 }, [])
  preload.start({ index: 0, startNs: 0 })
  // It has begun, and nobody has answered: the timer comes first.
  await sleep(1)
  await preload.stop()
  for (let i = 0; i < 400 && server.sockets.length < 4; i++) await sleep(5)
  expect(server.sockets).toHaveLength(4)
  for (let i = 0; i < 400 && !server.sockets.every(({ destroyed }) => destroyed); i++) await sleep(5)
  expect(server.sockets.map(({ destroyed }) => destroyed)).toEqual([true, true, true, true])
  await server.close()
})

it('begins with its phase, not before', async () => {
  const server = await lineServer(
    BANNER,
    loggedIn(() => undefined),
  )
  const preload = new Preload(contextAt(server.address), { connections: 2, window: 64 }, [])
  const startNs = clock.nowNs() + 200e6
  let firstNs = 0
  server.onConnection(() => {
    firstNs ||= clock.nowNs()
  })
  preload.start({ index: 0, startNs })
  for (let i = 0; i < 400 && server.sockets.length < 2; i++) await sleep(5)
  expect(firstNs).toBeGreaterThanOrEqual(startNs)
  await preload.stop()
  await server.close()
})
