import autocannon from 'autocannon'

export interface HttpOptions {
  readonly url: string
  readonly connections: number
  /** Requests per second, all connections together. */
  readonly ratePerSecond: number
}

export interface HttpResult {
  readonly requests: number
  readonly errors: number
  readonly ratePerSecond: number
  /** Null where no request was answered. */
  readonly p50Ms: number | null
  readonly p99Ms: number | null
  readonly maxMs: number | null
}

/** A page that fails this often has been seen to fail. */
const MOST_ERRORS = 1000

/** Web users of a frontend during a run, by autocannon. Its correction for coordinated omission is not used. */
export class HttpUsers {
  private readonly instance: autocannon.Instance
  private readonly result: Promise<autocannon.Result>

  constructor(options: HttpOptions) {
    const settings = {
      url: options.url,
      connections: options.connections,
      overallRate: options.ratePerSecond,
      ignoreCoordinatedOmission: true,
      // It is stopped by us; a day is only a bound.
      duration: 86_400,
      // It tries again without a pause where nobody listens.
      bailout: MOST_ERRORS,
    }
    let settle: { resolve(result: autocannon.Result): void; reject(error: Error): void }
    this.result = new Promise((resolve, reject) => {
      settle = { resolve, reject }
    })
    this.instance = autocannon(settings, (error, result) => (error ? settle.reject(error) : settle.resolve(result)))
  }

  async stop(): Promise<HttpResult> {
    // Declared by autocannon's documentation, not by its types.
    ;(this.instance as autocannon.Instance & { stop(): void }).stop()
    const { requests, errors, timeouts, non2xx, latency } = await this.result
    return {
      requests: requests.total,
      errors: errors + timeouts + non2xx,
      ratePerSecond: requests.average,
      p50Ms: requests.total > 0 ? latency.p50 : null,
      p99Ms: requests.total > 0 ? latency.p99 : null,
      maxMs: requests.total > 0 ? latency.max : null,
    }
  }
}
