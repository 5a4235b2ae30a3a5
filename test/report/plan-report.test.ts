import { describe, expect, it } from 'vitest'
import { widthOf } from '../../src/core/text-width.js'
import { planHtml } from '../../src/report/plan/html.js'
import { planMarkdown } from '../../src/report/plan/markdown.js'
import { planText } from '../../src/report/plan/text.js'
import { planOf } from '../site/sites.js'

const plan = planOf({
  operations: { createsPerSecond: 0.4 },
  growthPerDay: 1000,
  planned: { mailboxes: 600_000, createsPerSecond: 5 },
})
const text = planText(plan)

describe('as text', () => {
  it('keeps to 80 columns', () => {
    for (const line of text.split('\n')) expect(widthOf(line), line).toBeLessThanOrEqual(80)
  })

  it('says once what is as planned as it is today', () => {
    const seen = text.replace(/\s+/g, ' ')
    expect(seen).toContain('as today: the master dies of too many connections')
    expect(seen.match(/it dies at about 1,010/g)).toHaveLength(1)
  })

  it('has each recommendation with arithmetic, measurement, price and lower bound', () => {
    const seen = text.replace(/\s+/g, ' ')
    expect(seen).toMatch(
      /→ mupdate_retry_delay: 41 \(now 20\) where: .* arithmetic: 11 lists at once × 3\.69 s .* measured: .*extrapolated × 4\.0, ± 15 % price: .* no less than: 23: /,
    )
  })

  it('says of a day that has come that it has', () => {
    expect(text).toMatch(/0\.59 × +already/)
    expect(text).toMatch(/1\.08 × +2010-08-2\d/)
  })
})

describe('as Markdown', () => {
  it('has tables whose rows are all as long as their heads', () => {
    const tables = planMarkdown(plan)
      .split('\n\n')
      .filter(part => part.startsWith('|'))
    expect(tables).toHaveLength(4)
    for (const table of tables) {
      const widths = table.split('\n').map(row => row.split(/(?<!\\)\|/).length)
      expect(new Set(widths).size, table).toBe(1)
    }
  })
})

describe('as a page', () => {
  const html = planHtml(plan)

  it('has a drawing for each state, and needs nothing else', () => {
    expect(html.match(/<svg class="plot"/g)).toHaveLength(2)
    expect(html).not.toMatch(/<script|src=|href=/)
  })

  it('draws each number of slaves, in the colour of what it says', () => {
    const [today] = html.match(/<svg class="plot".*?<\/svg>/s)!
    expect(today!.match(/<rect class="(pass|inconclusive|regression)"/g)).toHaveLength(12)
    expect(today!.match(/<rect class="pass"/g)).toHaveLength(6)
    expect(today!.match(/<rect class="inconclusive"/g)).toHaveLength(6)
  })

  it('escapes what others have written', () => {
    const evil = planHtml(planOf({ measured: { from: '<img src=x>', timeouts: 3 } }))
    expect(evil).not.toContain('<img')
    expect(evil).toContain('&#60;img')
  })
})
