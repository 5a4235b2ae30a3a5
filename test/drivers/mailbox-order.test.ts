import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MailboxOrder, type Ordered } from '../../src/drivers/mailbox-order.js'

interface Op extends Ordered {
  readonly id: number
  readonly fails: boolean
}

const op = (id: number, mailboxes: string[], fails = false): Op => ({ id, mailboxes, fails })

function ordered() {
  const begun: [number, boolean][] = []
  const order = new MailboxOrder<Op>((item, possible) => void begun.push([item.id, possible]))
  return { begun, order }
}

describe('MailboxOrder', () => {
  it('begins at once what shares nothing', () => {
    const { begun, order } = ordered()
    order.add(op(1, ['a']))
    order.add(op(2, ['b']))
    order.add(op(3, []))
    expect(begun.map(([id]) => id)).toEqual([1, 2, 3])
  })

  it('holds a rename back until both its names are free', () => {
    const { begun, order } = ordered()
    const [a, b, rename] = [op(1, ['a']), op(2, ['b']), op(3, ['a', 'b'])]
    for (const each of [a, b, rename]) order.add(each)
    order.finish(b, true)
    expect(begun.map(([id]) => id)).toEqual([1, 2])
    order.finish(a, true)
    expect(begun.map(([id]) => id)).toEqual([1, 2, 3])
    order.finish(rename, true)
    expect(order.held).toBe(0)
  })

  it('does not wait for itself when it names a mailbox twice', () => {
    const { begun, order } = ordered()
    const twice = op(1, ['a', 'a'])
    order.add(twice)
    order.finish(twice, true)
    order.add(op(2, ['a']))
    expect(begun.map(([id]) => id)).toEqual([1, 2])
  })

  it('makes later ones on a mailbox impossible once one has failed', () => {
    const { begun, order } = ordered()
    const create = op(1, ['a'])
    order.add(create)
    order.add(op(2, ['a']))
    order.finish(create, false)
    order.add(op(3, ['b']))
    expect(begun).toEqual([
      [1, true],
      [2, false],
      [3, true],
    ])
  })
})

const plan = fc.array(
  fc.record({
    mailboxes: fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 3 }),
    fails: fc.boolean(),
    /** Which of those under way ends after this one was added; none when undefined. */
    end: fc.option(fc.nat(20), { nil: undefined }),
  }),
  { maxLength: 40 },
)

describe('whatever is added and however it ends', () => {
  it('one mailbox has one operation under way, in order, and none after a failed one', () => {
    fc.assert(
      fc.property(plan, steps => {
        const underWay: Op[] = []
        const begun: Op[] = []
        const failed = new Set<string>()
        const order: MailboxOrder<Op> = new MailboxOrder<Op>((item, possible) => {
          expect(possible).toBe(!item.mailboxes.some(mailbox => failed.has(mailbox)))
          for (const other of underWay)
            expect(other.mailboxes.filter(mailbox => item.mailboxes.includes(mailbox))).toEqual([])
          for (const earlier of begun)
            if (earlier.mailboxes.some(mailbox => item.mailboxes.includes(mailbox)))
              expect(earlier.id).toBeLessThan(item.id)
          begun.push(item)
          underWay.push(item)
          if (!possible) end(item, false)
        })
        const end = (item: Op, known: boolean) => {
          underWay.splice(underWay.indexOf(item), 1)
          if (!known) for (const mailbox of item.mailboxes) failed.add(mailbox)
          order.finish(item, known)
        }
        for (const [id, { mailboxes, fails, end: index }] of steps.entries()) {
          order.add(op(id, mailboxes, fails))
          if (index === undefined || underWay.length === 0) continue
          const item = underWay[index % underWay.length]!
          end(item, !item.fails)
        }
        while (underWay.length > 0) end(underWay[0]!, !underWay[0]!.fails)
        expect(begun.map(item => item.id).sort((a, b) => a - b)).toEqual(steps.map((_, id) => id))
        expect(order.held).toBe(0)
      }),
    )
  })
})
