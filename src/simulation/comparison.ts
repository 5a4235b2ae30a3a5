import { ANSWER_MS, LAST_OPERATIONS_MS } from '../engine/plan.js'
import type { Barrier } from '../engine/convergence.js'
import type { SimulatedBackends } from './backends.js'
import { SimulatedClient } from './client.js'
import type { SimulatedMaster } from './master.js'
import type { SimulatedSwarm } from './swarm.js'

const LOOK_NS = 20e6

interface Compared {
  readonly master: SimulatedMaster
  readonly swarm: SimulatedSwarm
  readonly backends: SimulatedBackends | undefined
  /** For slaves to come through. */
  readonly catchUpNs: number
  readonly bytesPerMailbox: number
}

export type Outcome = { readonly barrier: Barrier } | { readonly failure: string }

/**
 * What a real run does where slaves are compared: the last operations, a login that has to be answered, every slave's NOOP,
 * a LIST. Nothing has a name here that could be compared: all that comes of it is who is there.
 */
export class SimulatedComparison {
  private isOver = false

  /** @param rank its clients' */
  constructor(
    private readonly compared: Compared,
    private readonly rank: number,
    private readonly onDone: (outcome: Outcome) => void,
  ) {
    this.awaitOperations(this.timeline.nowNs + LAST_OPERATIONS_MS * 1e6)
  }

  /** Its phase is over. */
  abandon(): void {
    this.isOver = true
  }

  private get timeline() {
    return this.compared.master.timeline
  }

  private awaitOperations(untilNs: number): void {
    if (this.isOver) return
    const { nowNs } = this.timeline
    if (this.compared.backends?.idle === false && nowNs < untilNs)
      this.timeline.at(nowNs + LOOK_NS, this.rank, () => this.awaitOperations(untilNs))
    else this.logIn()
  }

  private logIn(): void {
    const client = this.newClient(() => {
      limit.cancel()
      client.logout()
      this.awaitSlaves()
    })
    const { timeline } = this
    const limit = timeline.at(timeline.nowNs + ANSWER_MS * 1e6, this.rank, () => {
      client.destroy()
      this.end({ failure: `no answer to the login in ${ANSWER_MS / 1e3} s` })
    })
  }

  private awaitSlaves(): void {
    if (this.isOver) return
    const startNs = this.timeline.nowNs
    this.compared.swarm.catchUp(this.compared.catchUpNs, away => {
      const barrier = { convergeNs: this.timeline.nowNs - startNs, away }
      if (!this.isOver) this.list(() => this.end({ barrier }))
    })
  }

  private list(then: () => void): void {
    const client = this.newClient(() =>
      client.send({ kind: 'list', streams: false }, () => {
        client.logout()
        then()
      }),
    )
  }

  private newClient(onLoggedIn: () => void): SimulatedClient {
    const { master, bytesPerMailbox } = this.compared
    const onLost = ({ message }: Error) => this.end({ failure: message })
    return new SimulatedClient(master, this.rank, { onLoggedIn, onLost }, { bytesPerMailbox })
  }

  private end(outcome: Outcome): void {
    if (this.isOver) return
    this.isOver = true
    this.onDone(outcome)
  }
}
