import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Fifo } from '../../src/core/fifo.js'

describe('Fifo', () => {
  it('is a queue, whatever the order of pushes and takes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('push', 'push', 'shift', 'peek', 'takeAll'), { maxLength: 300 }),
        actions => {
          const fifo = new Fifo<number>()
          let model: number[] = []
          let next = 0
          for (const action of actions) {
            if (action === 'push') {
              model.push(next)
              fifo.push(next++)
            } else if (action === 'shift') expect(fifo.shift()).toBe(model.shift())
            else if (action === 'peek') expect(fifo.peek()).toBe(model[0])
            else {
              expect(fifo.takeAll()).toEqual(model)
              model = []
            }
            expect(fifo.length).toBe(model.length)
          }
        },
      ),
    )
  })

  it('lets go of what was taken', async () => {
    const fifo = new Fifo<object>()
    for (let i = 0; i < 20; i++) fifo.push({})
    const taken = new WeakRef(fifo.shift()!)
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    // A WeakRef holds on until the turn in which it was made has ended.
    await new Promise(resolve => setImmediate(resolve))
    collect()
    expect(taken.deref()).toBeUndefined()
    expect(fifo.length).toBe(19)
  })
})
