import { createServer, type Server } from 'node:net'
import { HarnessError, messageOf } from '../../core/errors.js'
import type { Core, CoreOptions } from './core.js'
import type { ModelOptions } from './modelled-service.js'
import { PlainService } from './plain-service.js'
import { type ServerTls, serverTls } from './server-tls.js'
import type { Service, ServiceEvents } from './service.js'
import { loadSnapshot } from './snapshot.js'

export interface ServerOptions extends CoreOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** A dump that it holds from the start. */
  readonly load?: string
  /** @see Slowness */
  readonly slowedBy?: number
  /** Serves as the Cyrus that this is a model of; as fast as it can when absent. */
  readonly model?: ModelOptions
}

export interface RunningServer {
  /** Another one after a restart that lost everything. */
  readonly core: Core
  readonly port: number
  /** As a master that is killed and comes back at once: all connections end. @param empty its database is lost too */
  restart(empty: boolean): void
  /** Ends all connections and the listening socket. */
  close(): void
}

/**
 * @throws {HarnessError} `MASTER_SETUP` when the port cannot be had, or the certificate is none; `USAGE` and `RESULTS`
 *   as {@link loadSnapshot}
 */
export async function startServer(options: ServerOptions, events: ServiceEvents): Promise<RunningServer> {
  const { model } = options
  const tls = options.tls === undefined ? undefined : serverTls(options.tls)
  const service: Service =
    model === undefined ? new PlainService(options, tls, events) : await modelledService(options, model, tls, events)
  if (options.load !== undefined) await loadSnapshot(service.core.catalogue, options.load)
  // Cyrus answers those who have closed their half and wait.
  const server = createServer({ noDelay: true, allowHalfOpen: true }, socket => service.accept(socket))
  await listen(server, options)
  service.start()
  const address = server.address()
  return {
    get core() {
      return service.core
    },
    restart: empty => service.restart(empty),
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    close() {
      server.close()
      service.close()
    },
  }
}

/** Loaded only where it is wanted: the model's schema takes 15 MB. */
async function modelledService(
  options: ServerOptions,
  model: ModelOptions,
  tls: ServerTls | undefined,
  events: ServiceEvents,
): Promise<Service> {
  const { ModelledService } = await import('./modelled-service.js')
  return new ModelledService(options, model, tls, events)
}

function listen(server: Server, { host, port }: ServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', error => {
      const hint = 'choose another --port, or 0 for a free one'
      reject(new HarnessError('MASTER_SETUP', `cannot listen on ${host}:${port}: ${messageOf(error)}`, hint))
    })
    server.listen({ host, port, backlog: 4096 }, resolve)
  })
}
