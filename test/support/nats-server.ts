import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Debian's nats-server, on loopback. */
export interface NatsServer {
  readonly url: string
  readonly port: number
  /** @param config in place of what it was started with */
  reload(config: string): void
  stop(): Promise<void>
}

/** @param config more of its configuration @param at its port, where that must be a certain one */
export async function natsServer(config = '', at?: number): Promise<NatsServer> {
  const folder = mkdtempSync(join(tmpdir(), 'mupdate-bench-nats-'))
  const port = at ?? (await freePort())
  const path = join(folder, 'nats.conf')
  const write = (more: string) => writeFileSync(path, `listen: 127.0.0.1:${port}\n${more}`)
  write(config)
  const server = spawn('nats-server', ['-c', path], {
    stdio: 'ignore',
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
  })
  const gone = new Promise<void>(resolve => server.once('close', () => resolve()))
  for (let i = 0; i < 400 && !(await answers(port)); i++) await sleep(25)
  return {
    url: `nats://127.0.0.1:${port}`,
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

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}

function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.once('data', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('data', () => socket.destroy())
  })
}
