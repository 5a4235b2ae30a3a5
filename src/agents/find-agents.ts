import { createInbox, type NatsConnection } from '@nats-io/transport-node'
import { HarnessError } from '../core/errors.js'
import { heard, HELLO, type Hello } from './protocol.js'

/** How long agents have to answer. */
const HELLO_MS = 1_000

/**
 * So many agents that can take part, those with the most capacity first.
 *
 * @throws {HarnessError} `AGENTS` where there are not so many, with why each of the others cannot
 */
export async function findAgents(nats: NatsConnection, count: number, version: string): Promise<readonly Hello[]> {
  const all = await roll(nats)
  const fit = all.filter(agent => agent.version === version && !agent.isBusy)
  if (fit.length >= count)
    return fit.toSorted((a, b) => b.capacity - a.capacity || a.name.localeCompare(b.name)).slice(0, count)
  const others = all.flatMap(agent => {
    if (agent.version !== version) return [`${agent.name} on ${agent.host} is version ${agent.version}, not ${version}`]
    return agent.isBusy ? [`${agent.name} on ${agent.host} has a part in another run`] : []
  })
  throw new HarnessError(
    'AGENTS',
    [`${fit.length} of ${count} agents are there${others.length === 0 ? '' : ':'}`, ...others].join('\n  - '),
    'on each machine: mupdate-bench agent --nats URL',
  )
}

/** All that answer. */
export async function roll(nats: NatsConnection): Promise<Hello[]> {
  const agents: Hello[] = []
  const inbox = createInbox()
  const subscription = nats.subscribe(inbox, {
    callback: (error, { data }) => {
      if (error !== null || data.length === 0) return
      const agent = heard<Hello>(data, 'id', 'name', 'host', 'version', 'capacity')
      if (agent !== undefined) agents.push(agent)
    },
  })
  nats.publish(HELLO, undefined, { reply: inbox })
  await new Promise(resolve => setTimeout(resolve, HELLO_MS))
  subscription.unsubscribe()
  return agents
}
