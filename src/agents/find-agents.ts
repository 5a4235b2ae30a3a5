import { createInbox, type NatsConnection } from '@nats-io/transport-node'
import { HarnessError } from '../core/errors.js'
import { heard, HELLO, type Hello } from './protocol.js'

/** How long they have to answer. */
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
export function roll(nats: NatsConnection): Promise<Hello[]> {
  return rollCall<Hello>(nats, HELLO, 'id', 'name', 'host', 'version', 'capacity')
}

/** What those who hear the subject say of themselves. @param keys what each has */
export async function rollCall<T extends object>(
  nats: NatsConnection,
  subject: string,
  ...keys: readonly (keyof T & string)[]
): Promise<T[]> {
  const all: T[] = []
  const inbox = createInbox()
  const subscription = nats.subscribe(inbox, {
    callback: (error, { data }) => {
      if (error !== null || data.length === 0) return
      const one = heard<T>(data, ...keys)
      if (one !== undefined) all.push(one)
    },
  })
  nats.publish(subject, undefined, { reply: inbox })
  await new Promise(resolve => setTimeout(resolve, HELLO_MS))
  subscription.unsubscribe()
  return all
}
