import type { CyrusModel } from './cyrus-model.js'
import type { ModelCommand, Port } from './port.js'

/** imap/mupdate.c update_wait */
const UPDATE_WAIT_S = 5
const SECOND_NS = 1e9
/** Taking a stream off the list of those that are told. */
const FORGET_NS = 2_000
/** Without a word from the client for so long (imap/mupdate.c conn_new, prot_settimeout), the connection is given up. */
const READ_TIMEOUT_S = 3 * 3600
/**
 * The end of a list is kept back by the kernel until the client has acknowledged what came before (Nagle, and Linux's
 * delayed acknowledgement); the worker is free. Measured: with TCP_NODELAY set a list of 5,000 ends 40 ms sooner.
 */
const DELAYED_ACK_NS = 40e6
/** A command that is refused, a LOGOUT, or that nothing is pending. */
const TRIFLE_NS = 5_000

/** A client, as the master's threads see it (imap/mupdate.c struct conn, docmd). */
export class ModelConnection {
  /** When it is to be sent updates, in whole seconds of the clock; undefined while it does not stream. */
  private markS: number | undefined
  private lastReadS: number
  /** When the first of its timers is due. Looked at for each idle connection in each turn of the listener. */
  dueS: number
  /** Order in which connections became idle. */
  idleOrder = 0
  /** Changes that it has been sent, or that were before its list. */
  private cursor = 0
  private streams = false
  /** A worker sits in a blocking read of it. */
  private parked = false
  private working = false
  private parkedWait = 0
  closed = false
  /** Its descriptor is beyond what select(2) has room for: the master dies of it. */
  isDeadly = false

  constructor(
    private readonly model: CyrusModel,
    readonly rank: number,
    private readonly port: Port,
  ) {
    this.lastReadS = model.second()
    this.dueS = this.lastReadS + READ_TIMEOUT_S
  }

  /** Something has come from the client and was not looked at. */
  hasInput = false

  /** The client has sent something, or is gone. */
  received(): void {
    if (this.closed) return
    this.hasInput = true
    if (this.parked) this.unpark()
    else if (!this.working) this.model.workers.heard(this)
  }

  /** A worker takes it: its banner first. */
  begin(): void {
    if (this.closed) return
    this.working = true
    this.model.take(this)
    if (this.closed) return
    this.port.banner()
    this.port.flush(() => this.rest())
  }

  /** A worker takes it, since it has sent something or its timer is due. */
  serve(): void {
    this.working = true
    if (this.hasInput) this.next()
    else this.park()
  }

  /** The master is gone. */
  abandon(): void {
    this.closed = true
    this.working = true
    this.parked = false
    this.parkedWait++
  }

  private next(): void {
    if (this.closed) return
    const command = this.port.next()
    if (command === undefined) {
      this.hasInput = false
      this.port.flush(() => this.rest())
      return
    }
    this.carryOut(command)
  }

  private carryOut(command: ModelCommand): void {
    const { costs } = this.model
    this.lastReadS = this.model.second()
    this.setDue()
    switch (command.kind) {
      case 'login':
        this.after(costs.drawNs('login'), () => {
          if (command.ok) this.answer(command)
          else this.after(this.model.settings.failedLoginPauseNs, () => this.answer(command))
        })
        break
      case 'noop':
        this.after(costs.drawNs('noop') + (this.streams ? Math.max(0, costs.drawNs('kick') - TRIFLE_NS) : 0), () => {
          if (this.streams) this.sendUpdates(() => this.answer(command))
          else this.answer(command)
        })
        break
      case 'find':
        this.locked(() => costs.drawNs('find'), command)
        break
      case 'set':
        this.locked(() => costs.drawNs(command.what) + this.model.streams * costs.drawNs('logPerStream'), command)
        break
      case 'list':
        this.list(command)
        break
      case 'logout':
        this.after(TRIFLE_NS, () => {
          this.port.execute(command)
          this.port.flush(() => this.free())
        })
        break
      case 'refused':
        this.after(TRIFLE_NS, () => this.answer(command))
        break
      case 'gone':
        this.free()
        break
    }
  }

  /** Answers when the lock is free again: imap/mupdate.c cmd_set, cmd_find. */
  private locked(drawHoldNs: () => number, command: ModelCommand): void {
    this.model.lock.acquire(this.rank, () => {
      if (this.closed) return
      this.after(drawHoldNs(), () => {
        if (this.port.execute(command)) this.model.changes++
        this.model.lock.release()
        this.next()
      })
    })
  }

  /** The lock for the whole list, its sending outside (imap/mupdate.c cmd_startupdate, cmd_list). */
  private list(command: ModelCommand & { readonly kind: 'list' }): void {
    const { model, port } = this
    model.lock.acquire(this.rank, () => {
      if (this.closed) return
      if (command.streams) this.startStream()
      const holdNs = model.costs.drawManyNs('dumpPerMailbox', port.mailboxes)
      port.listLasts(holdNs)
      this.after(holdNs, () => {
        model.lock.release()
        const tailNs = model.costs.drawNs('dumpTail')
        const keptBackNs = Math.min(tailNs, DELAYED_ACK_NS)
        this.after(tailNs - keptBackNs, () => {
          port.execute(command)
          port.flush(() => {
            if (command.streams) this.setMark()
            this.next()
          }, keptBackNs)
        })
      })
    })
  }

  private startStream(): void {
    this.streams = true
    this.cursor = this.model.changes
    this.model.streams++
  }

  private setMark(): void {
    this.markS = this.model.second() + UPDATE_WAIT_S
    this.setDue()
  }

  private setDue(): void {
    this.dueS = Math.min(this.markS ?? Infinity, this.lastReadS + READ_TIMEOUT_S)
  }

  /** Those that are pending now, each looked up with the lock of its own (imap/mupdate.c sendupdates). */
  private sendUpdates(then: () => void): void {
    const { model } = this
    const { cursor: from } = this
    const to = model.changes
    const { share } = this.port
    const pending = Math.floor(to * share) - Math.floor(from * share)
    this.cursor = to
    const end = () => {
      this.setMark()
      then()
    }
    if (pending === 0) {
      if (to > from) this.port.sendUpdates(from, to)
      this.after(TRIFLE_NS, end)
    } else this.lookUp({ from, to, pending, done: 0, sent: from }, end)
  }

  private lookUp(burst: Burst, then: () => void): void {
    const { model } = this
    model.lock.acquire(this.rank, () => {
      if (this.closed) return
      const eachNs = model.costs.drawNs('updatePerPending')
      const together = Math.min(burst.pending - burst.done, BUFFERED_UPDATES, this.undisturbed(eachNs))
      const costNs = eachNs * together
      const heldNs = Math.round(costNs * HELD_SHARE)
      this.after(heldNs, () => {
        model.lock.release()
        this.after(costNs - heldNs, () => {
          burst.done += together
          this.bufferUpdates(burst)
          if (burst.done < burst.pending) this.lookUp(burst, then)
          else then()
        })
      })
    })
  }

  /** So many look-ups are over before anybody else can have the lock: while others want it, perhaps only the next. */
  private undisturbed(eachNs: number): number {
    const { lock, timeline } = this.model
    if (!lock.isWantedByOthers) return Infinity
    if (lock.wakesOnRelease) return 1
    return Math.max(1, Math.floor(((timeline.nextNs ?? Infinity) - timeline.nowNs) / eachNs))
  }

  /** They leave as soon as they fill the output buffer, so that a slave hears something before the burst has ended. */
  private bufferUpdates(burst: Burst): void {
    const { from, to, pending, done, sent } = burst
    const upTo = done === pending ? to : from + Math.floor(((to - from) * done) / pending)
    if (done < pending && upTo - sent < BUFFERED_UPDATES) return
    this.port.sendUpdates(sent, upTo)
    burst.sent = upTo
    if (done < pending) this.port.flush(() => {})
  }

  private answer(command: ModelCommand): void {
    this.port.execute(command)
    this.next()
  }

  /** Back to those that wait for their clients. */
  private rest(): void {
    if (this.closed) return
    this.working = false
    this.idleOrder = this.model.order++
    this.model.workers.watch(this)
    this.model.workers.free()
  }

  /** A blocking read, which sends what is pending every 5 s (lib/prot.c prot_fill). */
  private park(): void {
    this.parked = true
    this.parkedWait++
    this.tellParked()
  }

  private tellParked(): void {
    const { model } = this
    const wait = this.parkedWait
    if (model.second() >= this.lastReadS + READ_TIMEOUT_S) {
      this.giveUp()
      return
    }
    if (this.markS !== undefined && model.second() >= this.markS) {
      this.parked = false
      this.sendUpdates(() =>
        this.port.flush(() => {
          if (this.closed) return
          if (this.hasInput) this.next()
          else this.park()
        }),
      )
      return
    }
    this.after((this.dueS - model.second()) * SECOND_NS, () => {
      if (wait === this.parkedWait && this.parked) this.tellParked()
    })
  }

  /** imap/mupdate.c docmd, `lost_conn` */
  private giveUp(): void {
    this.parked = false
    this.port.bye()
    this.port.flush(() => this.free())
  }

  private unpark(): void {
    this.parked = false
    this.parkedWait++
    this.next()
  }

  /** imap/mupdate.c conn_free: a stream needs the lock for it, and keeps its worker meanwhile. */
  private free(): void {
    const { model } = this
    const end = () => {
      this.closed = true
      this.port.close()
      model.left(this)
      model.workers.free()
    }
    if (!this.streams) {
      end()
      return
    }
    model.lock.acquire(this.rank, () => {
      if (this.closed) return
      this.after(FORGET_NS, () => {
        model.streams--
        model.lock.release()
        end()
      })
    })
  }

  private after(ns: number, what: () => void): void {
    this.model.timeline.at(this.model.timeline.nowNs + ns, this.rank, () => {
      if (!this.closed) what()
    })
  }
}

/** Pending updates on their way. */
interface Burst {
  readonly from: number
  readonly to: number
  readonly pending: number
  done: number
  sent: number
}

/** As many as fill the 4,096 bytes of an output stream (lib/prot.h PROT_BUFSIZE). */
const BUFFERED_UPDATES = 38

/** Of the time that one pending update takes, the part with the lock; the rest is the sending. */
export const HELD_SHARE = 0.88
