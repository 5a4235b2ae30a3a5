import { expect, it } from 'vitest'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import { Probes } from '../../src/drivers/probes.js'
import { newCounters } from '../../src/metrics/interval.js'
import { loadHistograms } from '../../src/metrics/latency.js'
import { Recorder } from '../../src/metrics/recorder.js'
import { flood } from '../support/flood.js'
import { BANNER, lineServer, loggedIn } from '../support/line-server.js'

await loadHistograms()

it('a probe that reads a list without an end leaves when it is told to', async () => {
  let records = 0
  const server = await lineServer(
    BANNER,
    loggedIn((tag, _rest, socket) => {
      flood(socket, () => {
        records += 100
        return `${tag} DELETE {1+}\r\na\r\n`.repeat(100)
      })
      return undefined
    }),
  )
  const probes = new Probes(
    {
      clock: monotonicClock(monotonicOriginS()),
      address: server.address,
      credentials: { user: 'u', password: 'p' },
      seed: 1,
      recorder: new Recorder(),
      counters: newCounters(),
      phase: () => 0,
      move: () => {},
      event: () => {},
      unserved: () => {},
      journal: () => {},
    },
    { ratePerSecond: 10, plain: 0, streaming: 1 },
  )
  probes.start()
  while (records < 10_000) await new Promise(resolve => setTimeout(resolve, 5))
  await probes.stop()
  for (let i = 0; i < 400 && !server.sockets[0]!.destroyed; i++) await new Promise(resolve => setTimeout(resolve, 5))
  expect(server.sockets[0]!.destroyed).toBe(true)
  await server.close()
})
