import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ListenQueueCounter, parseListenOverflows } from '../../src/samplers/listen-queue.js'

describe('parseListenOverflows', () => {
  it('is the value under its name', () => {
    const text = 'TcpExt: SyncookiesSent ListenOverflows ListenDrops\nTcpExt: 1 22 333\nIpExt: InOctets\nIpExt: 4\n'
    expect(parseListenOverflows(text)).toBe(22)
  })
  it('is none where it is not counted', () => {
    expect(parseListenOverflows('TcpExt: SyncookiesSent\nTcpExt: 1\n')).toBeUndefined()
    expect(parseListenOverflows('')).toBeUndefined()
  })
})

describe('ListenQueueCounter', () => {
  it('counts connections that a server does not take', async () => {
    const script = `require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () {
      process.stdout.write(this.address().port + '\\n', () => process.kill(process.pid, 'SIGSTOP'))
    })`
    const server = spawn(process.execPath, ['-e', script])
    onTestFinished(() => void server.kill('SIGKILL'))
    const [port] = await once(server.stdout, 'data')
    const counter = new ListenQueueCounter()
    for (let i = 0; i < 20; i++) {
      const socket = connect(Number(String(port)), '127.0.0.1').on('error', () => {})
      onTestFinished(() => void socket.destroy())
    }
    await expect.poll(() => counter.count(), { timeout: 10_000 }).toBeGreaterThan(0)
  })

  it('has nothing to count where there is no such file', () => {
    expect(new ListenQueueCounter('/nowhere').count()).toBeUndefined()
  })
})
