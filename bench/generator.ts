import { mailboxes } from '../src/generators/mailboxes.js'
import type { SiteSpec } from '../src/generators/spec.js'

export interface GeneratorFigures {
  readonly plainPerSecond: number
  readonly realisticPerSecond: number
  /** Of the whole process, while it made 10 million realistic mailboxes. */
  readonly peakRssBytes: number
  /** How much of that came after the first million: 0 or so, or memory is not constant. */
  readonly rssGrowthBytes: number
}

const MAILBOXES = 2_000_000
const MANY_MAILBOXES = 10_000_000

/** Mailboxes a second on one core, every byte of them read, and the memory that many take. Prints what it returns. */
export async function benchGenerator(): Promise<GeneratorFigures> {
  const plain = measure(benchSite('plain', MAILBOXES))
  const realistic = measure(benchSite('realistic', MAILBOXES))
  const many = measure(benchSite('realistic', MANY_MAILBOXES))
  const figures = {
    plainPerSecond: Math.round(plain.perSecond),
    realisticPerSecond: Math.round(realistic.perSecond),
    peakRssBytes: many.peakRssBytes,
    rssGrowthBytes: many.rssGrowthBytes,
  }
  console.log(figures)
  return figures
}

function measure(site: SiteSpec) {
  // Strings are put together lazily: writing them is what makes them bytes, as every user of the stream does.
  const sink = Buffer.alloc(64 * 1024)
  let [made, peakRssBytes, firstRssBytes] = [0, 0, 0]
  const start = process.hrtime.bigint()
  for (const { name, acl } of mailboxes(site, 1)) {
    sink.write(name, 0, 'latin1')
    sink.write(acl, 1024, 'latin1')
    if (++made % 100_000 !== 0) continue
    peakRssBytes = Math.max(peakRssBytes, process.memoryUsage.rss())
    if (made <= 1_000_000) firstRssBytes = peakRssBytes
  }
  const seconds = Number(process.hrtime.bigint() - start) / 1e9
  return { perSecond: made / seconds, peakRssBytes, rssGrowthBytes: peakRssBytes - firstRssBytes }
}

function benchSite(names: SiteSpec['names'], count: number): SiteSpec {
  const backends = Array.from({ length: 8 }, (_, i) => ({
    server: `be${i}.example.com`,
    weight: 1,
    partitions: [{ name: 'default', weight: 1 }],
  }))
  return {
    mailboxes: count,
    backends,
    names,
    domains: [],
    foldersPerUser: { mean: 5, max: 200 },
    aclEntries: { mean: 2, max: 12 },
    userPrefix: '',
  }
}
