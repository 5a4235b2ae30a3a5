import { readFileSync } from 'node:fs'
import type { Clock } from '../../src/core/clock.js'
import { embeddedMaster } from '../../src/masters/embedded/embedded-master.js'
import type { Master } from '../../src/masters/master.js'
import { Client } from '../../src/session/client.js'

const MAILBOXES = 3000
const CHANGE_EVERY_MS = 5

/** The embedded master as a process of its own, at which frames are thrown. */
export class Target {
  readonly master: Master = embeddedMaster({ failedLoginPauseMs: 0 })
  /** Connections that it says it has ended itself. */
  dropped = 0
  died: string | undefined
  private onRestarted = () => {}

  constructor(private readonly clock: Clock) {
    this.master.onEvent(event => {
      if (event.kind === 'died') this.died = event.detail
      if (event.kind === 'restarted') this.onRestarted()
      if (event.kind === 'syslog' && event.line.startsWith('client dropped')) this.dropped++
    })
  }

  /** Empties it, fills it again, and keeps changing it: slaves are to be told of something. @returns how to stop that */
  async prepare(): Promise<() => void> {
    const { address, credentials } = this.master
    await new Promise<void>(resolve => {
      this.onRestarted = resolve
      this.master.restart!(true)
    })
    const client = await Client.connect({ address, credentials, clock: this.clock })
    const record = (i: number) => ({
      name: `user.u${i}`,
      location: 'be1!p',
      acl: `u${i}\tlrs\t`,
      state: 'active' as const,
    })
    await new Promise<void>((resolve, reject) => {
      let answered = 0
      const onDone = () => {
        if (++answered === MAILBOXES) resolve()
      }
      client.activateAll(
        Array.from({ length: MAILBOXES }, (_, i) => record(i)),
        { onDone, onLost: reject },
      )
    })
    let changes = 0
    const changing = setInterval(() => {
      client.activateAll([record(changes++ % MAILBOXES)], { onDone: () => {}, onLost: () => {} })
    }, CHANGE_EVERY_MS)
    return () => {
      clearInterval(changing)
      client.destroy()
    }
  }

  /** Resident memory of its process. */
  get residentBytes(): number {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.master.pid()}/status`, 'utf8'))![1]) * 1024
  }
}
