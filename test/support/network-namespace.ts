import { spawnSync } from 'node:child_process'
import { it } from 'vitest'

/** Of RFC 2544, for benchmarks between two hosts: nobody's network. */
const OUTSIDE = '198.18.171.1'
const INSIDE = '198.18.171.2'
const PREFIX_BITS = 30

/** A machine beside this one, as far as the network goes: a namespace, and a cable to it. */
export class NetworkNamespace {
  /** This host, as seen from there. */
  readonly outside = OUTSIDE
  /** Words before a command that is to run there. */
  readonly within: readonly string[]
  private readonly name = `mb${process.pid}`

  /** @throws where it is not permitted */
  constructor() {
    const { name } = this
    this.within = ['ip', 'netns', 'exec', name]
    ip('netns', 'add', name)
    try {
      ip('link', 'add', `${name}o`, 'type', 'veth', 'peer', 'name', `${name}i`, 'netns', name)
      ip('address', 'add', `${OUTSIDE}/${PREFIX_BITS}`, 'dev', `${name}o`)
      ip('link', 'set', `${name}o`, 'up')
      ip('-n', name, 'address', 'add', `${INSIDE}/${PREFIX_BITS}`, 'dev', `${name}i`)
      ip('-n', name, 'link', 'set', 'lo', 'up')
      this.join()
    } catch (error) {
      this.remove()
      throw error
    }
  }

  /** Pulls the cable, at its end. */
  cut(): void {
    ip('-n', this.name, 'link', 'set', `${this.name}i`, 'down')
  }

  join(): void {
    ip('-n', this.name, 'link', 'set', `${this.name}i`, 'up')
  }

  /** The cable goes with it. */
  remove(): void {
    ip('netns', 'delete', this.name)
  }
}

function ip(...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync('ip', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${error?.message ?? stderr}`)
}

/** `it` for what needs one: left out, with a word, where this user may not make it. */
export function itWithNamespace(): typeof it | typeof it.skip {
  try {
    new NetworkNamespace().remove()
    return it
  } catch (error) {
    console.warn(`left out, since a network namespace cannot be made: ${(error as Error).message.trim()}`)
    return it.skip
  }
}
