import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hostname } from 'node:os'
import { HarnessError } from '../core/errors.js'
import { refusalOf } from './access.js'
import type { EventLog } from './event-log.js'
import { type LiveAddress, urlHost } from './live-address.js'
import type { LivePage } from './live-page.js'
import { Watcher } from './watcher.js'

export interface LiveServerOptions {
  readonly address: LiveAddress
  readonly token: string
  readonly log: EventLog
  readonly page: LivePage
  /** In Prometheus's text format. */
  readonly metrics: () => Promise<{ readonly text: string; readonly contentType: string }>
  /** Does what Ctrl-C does. */
  readonly onStop: () => void
  readonly stalledMs?: number
}

/** More than watch a run; each costs a descriptor. */
const MOST_WATCHERS = 200
const KEEP_ALIVE_MS = 10_000
/** For what has been written to reach who watches. */
const GOODBYE_MS = 2000
const HEADERS = {
  'cache-control': 'no-store',
  // The link holds the token.
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** The dashboard's server: the page, its events, metrics, and the way to stop. */
export class LiveServer {
  private readonly server: Server
  private readonly watchers = new Set<Watcher>()
  private readonly hostNames: readonly string[]
  private readonly html: Buffer
  private keepAlives: NodeJS.Timeout | undefined

  constructor(private readonly options: LiveServerOptions) {
    this.hostNames = ['localhost', options.address.host, hostname()].map(name => name.toLowerCase())
    this.html = Buffer.from(options.page.html)
    this.server = createServer((request, response) => this.answer(request, response))
    this.server.maxConnections = 2 * MOST_WATCHERS
  }

  /** @throws {HarnessError} `USAGE` when it cannot listen there */
  async start(): Promise<void> {
    const { host, port } = this.options.address
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject)
      this.server.listen(port, host, resolve)
    }).catch((error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'somebody listens there already' : error.message
      throw new HarnessError(
        'USAGE',
        `--live: cannot listen on ${urlHost(host)}:${port}: ${why}`,
        'give another port, or none for one that is free',
      )
    })
    this.server.removeAllListeners('error').on('error', () => {})
    this.keepAlives = setInterval(() => {
      for (const watcher of this.watchers) watcher.keepAlive()
    }, KEEP_ALIVE_MS)
  }

  /** With the token: whoever has it may watch and stop. */
  get url(): string {
    const { host } = this.options.address
    const name = host === '0.0.0.0' || host === '::' ? hostname() : host
    return `http://${urlHost(name)}:${(this.server.address() as AddressInfo).port}/?token=${this.options.token}`
  }

  get watching(): number {
    return this.watchers.size
  }

  /** There is news in the log. */
  tell(): void {
    for (const watcher of this.watchers) watcher.pump()
  }

  async stop(): Promise<void> {
    clearInterval(this.keepAlives)
    for (const watcher of this.watchers) watcher.end()
    const timer = setTimeout(() => this.server.closeAllConnections(), GOODBYE_MS)
    await new Promise<void>(resolve => {
      this.server.close(() => resolve())
      this.server.closeIdleConnections()
    })
    clearTimeout(timer)
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const { token } = this.options
    const { headers, method = '' } = request
    const [path, query] = (request.url ?? '').split('?', 2)
    const refusal = refusalOf(
      {
        method,
        host: headers.host,
        origin: headers.origin,
        fetchSite: single(headers['sec-fetch-site']),
        authorization: headers.authorization,
        token: new URLSearchParams(query).get('token'),
        // It takes the token out of the address bar, and is to survive being loaded again.
        isPage: method === 'GET' && path === '/',
      },
      { token, hostNames: this.hostNames },
    )
    if (refusal !== undefined) say(response, refusal.status, refusal.text)
    else this.route(`${method} ${path}`, request, response)
  }

  private route(asked: string, request: IncomingMessage, response: ServerResponse): void {
    const { page, onStop } = this.options
    switch (asked) {
      case 'GET /':
        response.writeHead(200, {
          ...HEADERS,
          'content-type': 'text/html; charset=utf-8',
          'content-security-policy': page.policy,
        })
        response.end(this.html)
        break
      case 'GET /events':
        this.watch(request, response)
        break
      case 'GET /metrics':
        void this.sendMetrics(response)
        break
      case 'POST /stop':
        say(response, 202, 'stopping')
        onStop()
        break
      default:
        say(response, 404, 'there is /, /events, /metrics, and POST /stop')
    }
  }

  private watch(request: IncomingMessage, response: ServerResponse): void {
    if (this.watchers.size >= MOST_WATCHERS) {
      say(response, 503, `${MOST_WATCHERS} watch already`)
      return
    }
    const { log, stalledMs } = this.options
    const lastId = log.numberOf(single(request.headers['last-event-id']))
    response.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream; charset=utf-8' })
    // Who loses the connection is back soon.
    response.write('retry: 1000\n\n')
    const watcher = new Watcher(response, log, lastId, stalledMs)
    this.watchers.add(watcher)
    response.on('close', () => this.watchers.delete(watcher))
    watcher.pump()
  }

  private async sendMetrics(response: ServerResponse): Promise<void> {
    try {
      const { text, contentType } = await this.options.metrics()
      response.writeHead(200, { ...HEADERS, 'content-type': contentType })
      response.end(text)
    } catch {
      say(response, 500, 'the metrics could not be written')
    }
  }
}

function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { ...HEADERS, 'content-type': 'text/plain; charset=utf-8' })
  response.end(`${text}\n`)
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header
}
