import { connect, type NatsConnection } from '@nats-io/transport-node'
import { expect } from 'vitest'
import { decode, HELLO, type Hello } from '../../src/agents/protocol.js'
import type { Started, Workbench } from '../cli/bench.js'
import { natsServer } from './nats-server.js'

/** A NATS server of a test file's own, and the agents that wait there, in processes of their own. */
export class AgentRoll {
  /** In the order in which they were started. */
  readonly agents: Started[] = []

  private constructor(
    private readonly server: Awaited<ReturnType<typeof natsServer>>,
    readonly nats: NatsConnection,
  ) {}

  /** @param host where it listens */
  static async open(host = '127.0.0.1'): Promise<AgentRoll> {
    const server = await natsServer('', undefined, host)
    return new AgentRoll(server, await connect({ servers: server.url }))
  }

  get url(): string {
    return this.server.url
  }

  /** Options of a run with so many of them. */
  at(count: number): string[] {
    return ['--nats', this.url, '--agents', String(count)]
  }

  async start(bench: Workbench, count: number): Promise<void> {
    for (let i = 0; i < count; i++)
      this.agents.push(bench.start(['agent', '--nats', this.url, '--name', `agent-${i}`, '--capacity', '1']))
    await this.present(count)
  }

  async present(count: number): Promise<void> {
    for (let i = 0; i < 100 && (await this.call()).length < count; i++);
    expect(await this.call()).toHaveLength(count)
  }

  /** Those that answer now. */
  async call(): Promise<Hello[]> {
    const all: Hello[] = []
    const inbox = `test.${Math.random()}`
    const subscription = this.nats.subscribe(inbox, {
      callback: (_, { data }) => void (data.length > 0 && all.push(decode(data))),
    })
    this.nats.publish(HELLO, undefined, { reply: inbox })
    await new Promise(resolve => setTimeout(resolve, 100))
    subscription.unsubscribe()
    return all
  }

  /** Ends them, until none answers. */
  async dismiss(): Promise<void> {
    for (const { child } of this.agents.splice(0)) {
      child.kill('SIGCONT')
      child.kill('SIGTERM')
    }
    for (let i = 0; i < 200 && (await this.call()).length > 0; i++);
  }

  async close(): Promise<void> {
    await this.nats.close()
    await this.server.stop()
  }
}
