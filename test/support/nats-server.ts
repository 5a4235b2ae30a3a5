import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Debian's nats-server. */
export interface NatsServer {
  readonly url: string
  readonly port: number
  /** @param config in place of what it was started with */
  reload(config: string): void
  stop(): Promise<void>
}

/** @param config more of its configuration @param at its port, where that must be a certain one */
export async function natsServer(config = '', at?: number, host = '127.0.0.1'): Promise<NatsServer> {
  const folder = mkdtempSync(join(tmpdir(), 'mupdate-bench-nats-'))
  const port = at ?? (await freePort(host))
  const path = join(folder, 'nats.conf')
  const write = (more: string) => writeFileSync(path, `listen: ${host}:${port}\n${more}`)
  write(config)
  const server = spawn('nats-server', ['-c', path], {
    stdio: 'ignore',
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
  })
  const gone = new Promise<void>(resolve => server.once('close', () => resolve()))
  for (let i = 0; i < 400 && !(await answers(port, host)); i++) await sleep(25)
  return {
    url: `nats://${host}:${port}`,
    port,
    reload(more) {
      write(more)
      server.kill('SIGHUP')
    },
    async stop() {
      server.kill('SIGTERM')
      await gone
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function freePort(host: string): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, host, resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}

function answers(port: number, host: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, host)
    socket.once('data', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('data', () => socket.destroy())
  })
}
