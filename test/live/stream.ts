import { get, type IncomingMessage } from 'node:http'

export interface ToldEvent {
  readonly id: string
  readonly kind: string
  readonly data: Record<string, unknown>
}

/** A watcher as a browser is one; it can also stop reading. */
export class Stream {
  readonly events: ToldEvent[] = []
  readonly ended: Promise<void>
  private text = ''
  private readonly waiting = new Set<() => void>()

  private constructor(readonly response: IncomingMessage) {
    response.setEncoding('utf8').on('data', (chunk: string) => this.take(chunk))
    this.ended = new Promise(resolve => response.once('close', () => resolve()))
  }

  /** @param lastId of the event that a browser had last */
  static open(url: string, lastId?: string): Promise<Stream> {
    const headers = lastId === undefined ? {} : { 'last-event-id': lastId }
    return new Promise((resolve, reject) => {
      get(url, { headers, agent: false }, response => {
        if (response.statusCode === 200) resolve(new Stream(response))
        else reject(new Error(`status ${response.statusCode}`))
      }).on('error', reject)
    })
  }

  async until(seen: (events: readonly ToldEvent[]) => boolean): Promise<void> {
    while (!seen(this.events)) {
      const news = new Promise<'news'>(resolve => this.waiting.add(() => resolve('news')))
      const which = await Promise.race([news, this.ended.then(() => 'ended')])
      if (which === 'ended' && !seen(this.events)) throw new Error(`it ended after ${this.events.length} events`)
    }
  }

  leave(): void {
    this.response.destroy()
  }

  private take(chunk: string): void {
    const blocks = (this.text + chunk).split('\n\n')
    this.text = blocks.pop()!
    for (const block of blocks) {
      const fields = Object.fromEntries(
        block.split('\n').map(line => [line.split(': ', 1)[0], line.slice(line.indexOf(': ') + 2)]),
      )
      if (fields.data !== undefined)
        this.events.push({ id: fields.id!, kind: fields.event!, data: JSON.parse(fields.data) })
    }
    for (const tell of this.waiting) tell()
    this.waiting.clear()
  }
}
