import { describe, expect, it } from 'vitest'
import { studentTail, studentTest } from '../../src/statistics/student.js'

describe('Student’s distribution', () => {
  // Fisher and Yates, Statistical Tables, table III: two-sided.
  it.each([
    { t: 12.706, degreesOfFreedom: 1, p: 0.05 },
    { t: 4.303, degreesOfFreedom: 2, p: 0.05 },
    { t: 3.182, degreesOfFreedom: 3, p: 0.05 },
    { t: 2.228, degreesOfFreedom: 10, p: 0.05 },
    { t: 2.845, degreesOfFreedom: 20, p: 0.01 },
    { t: 3.646, degreesOfFreedom: 30, p: 0.001 },
  ])('beyond $t with $degreesOfFreedom degrees of freedom lies $p', ({ t, degreesOfFreedom, p }) => {
    expect(Math.abs(studentTail(t, degreesOfFreedom) / p - 1)).toBeLessThan(0.003)
    expect(studentTail(-t, degreesOfFreedom)).toBe(studentTail(t, degreesOfFreedom))
  })
})

describe('Student’s test', () => {
  it('of his own example (The probable error of a mean, 1908; R’s sleep): t = 1.8608 with 18, p = 0.07919', () => {
    const first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
    const second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    const { t, degreesOfFreedom, p } = studentTest(first, second)
    expect(t).toBeCloseTo(1.8608, 4)
    expect(degreesOfFreedom).toBe(18)
    expect(p).toBeCloseTo(0.07919, 5)
  })

  it.each([
    { a: [1], b: [2], p: 1 },
    { a: [], b: [2, 3, 4], p: 1 },
    { a: [2, 2], b: [2, 2], p: 1 },
    { a: [2, 2], b: [3, 3], p: 0 },
  ])('of $a and $b: $p', ({ a, b, p }) => expect(studentTest(a, b).p).toBe(p))
})
