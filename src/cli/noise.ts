import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { makeFolder } from '../core/make-folder.js'
import type { GateResult } from '../metrics/gate-result.js'
import { writeReportFile } from '../report/write-report.js'
import { deviation } from '../statistics/moments.js'
import { percent } from '../verdict/gate.js'
import type { MasterFacts } from './stored-runs.js'

/** How far apart runs of one master lay on a host, from `gate --aa`. */
const noiseSchema = z.strictObject({
  madeAt: z.string(),
  host: z.string(),
  master: z.strictObject({ kind: z.string(), version: z.string(), mailboxDatabase: z.string() }),
  pairs: z.int(),
  metrics: z.array(
    z.strictObject({
      name: z.string(),
      title: z.string(),
      spread: z.number().describe('standard deviation of one run, as a share'),
      smallestDetectable: z.number().nullable(),
    }),
  ),
})

type Noise = z.infer<typeof noiseSchema>

/** Keeps it for later gates of this profile to tell. */
export function saveNoise(out: string, { startedAt, profile, a, metrics, pairs }: GateResult): void {
  const { kind, version, mailboxDatabase } = a.master
  const noise: Noise = {
    madeAt: startedAt,
    host: hostname(),
    master: { kind, version, mailboxDatabase },
    pairs: pairs ?? 0,
    metrics: metrics
      .filter(({ gating }) => gating)
      .map(({ name, title, a, b, smallestDetectable }) => ({
        name,
        title,
        spread: spreadOf(a.values, b.values),
        smallestDetectable,
      })),
  }
  makeFolder(join(out, 'noise'))
  writeReportFile(pathOf(out, profile.name), `${JSON.stringify(noise, null, 2)}\n`)
}

/** Standard deviation of what a run adds by chance: that of a pair's ratio is the square root of 2 times as much. */
function spreadOf(a: readonly number[], b: readonly number[]): number {
  const logs = a.map((value, i) => Math.log(b[i] / value)).filter(Number.isFinite)
  if (logs.length < 2) return 0
  return deviation(logs) / Math.SQRT2
}

/** What is known of this host's noise, for a gate that begins. */
export function noiseLines(out: string, profileName: string, master: MasterFacts): string[] {
  const noise = readNoise(out, profileName)
  if (noise === undefined || noise.master.kind !== master.kind || noise.host !== hostname()) return []
  const found = noise.metrics.map(
    ({ title, spread, smallestDetectable }) =>
      `${title} ± ${percent(spread)}${smallestDetectable === null ? '' : `, a regression seen from ${percent(smallestDetectable)} on`}`,
  )
  return [`noise of this host, ${noise.pairs} pairs on ${noise.madeAt.slice(0, 10)}: ${found.join('; ')}`]
}

function readNoise(out: string, profileName: string): Noise | undefined {
  try {
    return noiseSchema.parse(JSON.parse(readFileSync(pathOf(out, profileName), 'utf8')))
  } catch {
    return undefined
  }
}

function pathOf(out: string, profileName: string): string {
  return join(out, 'noise', `${profileName}.json`)
}
