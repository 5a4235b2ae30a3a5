import { readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { flood } from '../support/flood.js'
import { type Answer, BANNER, type LineServer, lineServer, loggedIn } from '../support/line-server.js'
import { SMALL, Workbench } from './bench.js'

const BRIEF = SMALL.replaceAll('limit: 20s', 'limit: 2s').replace('retryDelay: 20s', 'retryDelay: 1s')
/** Of the whole process; 200 to 300 are usual. */
const MOST_MB = 2000

let workbench: Workbench
let server: LineServer | undefined

beforeEach(() => {
  workbench = new Workbench()
  writeFileSync(workbench.profile, BRIEF)
})

afterEach(async () => {
  await server?.close()
  workbench.remove()
})

/** A run as a user would do it, and the most memory that it had. */
async function runAgainst(banner: string, answer?: Answer, onConnection?: Parameters<LineServer['onConnection']>[0]) {
  server = await lineServer(banner, answer)
  if (onConnection !== undefined) server.onConnection(onConnection)
  const startMs = performance.now()
  const url = `mupdate://murder@127.0.0.1:${server.address.port}`
  const run = workbench.startRun(['--master', url], { MUPDATE_BENCH_PASSWORD: 'secret' })
  let peakMb = 0
  const watch = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${run.pid}/status`, 'utf8')
      peakMb = Math.max(peakMb, Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024)
    } catch {
      // It has ended.
    }
  }, 50)
  const ended = await run.ended
  clearInterval(watch)
  return { ...ended, peakMb, seconds: (performance.now() - startMs) / 1000 }
}

describe('a run against a master', { timeout: 120_000 }, () => {
  it('whose list has no end comes to its own', async () => {
    let names = 0
    const records = () => {
      let text = ''
      for (let i = 0; i < 100; i++) {
        const name = `user.${'n'.repeat(400)}${names++}`
        text += `U01 MAILBOX {${name.length}+}\r\n${name} {5+}\r\nbe1!p {6+}\r\na\tlrs\t\r\n`
      }
      return text
    }
    const answer: Answer = (tag, rest, socket) => {
      if (rest === 'UPDATE') return void flood(socket, records)
      return `${tag} OK "done"\r\n`
    }
    const { status, stdout, stderr, peakMb, seconds } = await runAgainst(BANNER, loggedIn(answer))
    expect(status, stdout + stderr).toBe(3)
    expect(stdout).toMatch(/the master cannot be measured: slave \d was sent more than is\s+taken/)
    const dropped = workbench.events().filter(({ kind }) => kind === 'slave-dropped')
    expect(dropped[0]!.detail).toMatch(/tells of more than there is memory for: [\d,]{6,} mailboxes/)
    expect(peakMb).toBeLessThan(MOST_MB)
    expect(seconds).toBeLessThan(60)
  })

  it('whose banner has no end does not begin', async () => {
    const { status, stderr, peakMb, seconds } = await runAgainst('', undefined, socket =>
      flood(socket, () => '* AUTH "PLAIN"\r\n'.repeat(1000)),
    )
    expect(status, stderr).toBe(3)
    expect(stderr).toMatch(/the banner of .* goes on after 65536 bytes/)
    expect(peakMb).toBeLessThan(MOST_MB / 4)
    expect(seconds).toBeLessThan(20)
  })

  it('that sends the same mailbox again and again comes to its own by the limit of its phase', async () => {
    const answer: Answer = (tag, rest, socket) => {
      if (rest === 'UPDATE')
        return void flood(socket, () => 'U01 MAILBOX {1+}\r\na {3+}\r\nb!p {0+}\r\n\r\n'.repeat(500))
      return `${tag} OK "done"\r\n`
    }
    writeFileSync(workbench.profile, BRIEF.replace(/ {2}- \{ name: steady[\s\S]*?\n {2}- \{ name: drain.*\n/, ''))
    const { status, stdout, peakMb } = await runAgainst(BANNER, loggedIn(answer))
    expect(stdout).toMatch(/settle.*stopped at its limit/)
    expect([3, 4, 5]).toContain(status)
    expect(peakMb).toBeLessThan(MOST_MB / 4)
  })
})
