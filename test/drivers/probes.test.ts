import { expect, it } from 'vitest'
import { Probes } from '../../src/drivers/probes.js'
import { loadHistograms } from '../../src/metrics/latency.js'
import { flood } from '../support/flood.js'
import { BANNER, lineServer, loggedIn } from '../support/line-server.js'
import { contextAt } from './context.js'

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
  const probes = new Probes(contextAt(server.address), { ratePerSecond: 10, plain: 0, streaming: 1 })
  probes.start()
  while (records < 10_000) await new Promise(resolve => setTimeout(resolve, 5))
  await probes.stop()
  for (let i = 0; i < 400 && !server.sockets[0]!.destroyed; i++) await new Promise(resolve => setTimeout(resolve, 5))
  expect(server.sockets[0]!.destroyed).toBe(true)
  await server.close()
})
