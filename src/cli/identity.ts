import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { packageVersion } from '../core/package-root.js'
import type { Profile } from '../profile/load.js'
import type { RunIdentity } from '../report/run-json.js'
import { describeHost } from '../samplers/host.js'

/** Of a run, or of a simulation, that begins now. */
export function newIdentity({ name, seed }: Profile): RunIdentity {
  return {
    id: randomBytes(3).toString('hex'),
    startedAt: new Date(),
    profile: { name, seed },
    version: packageVersion(),
    host: describeHost(),
  }
}

/** Where its results go. */
export function folderOf(out: string, { id, startedAt, profile }: RunIdentity): string {
  return join(out, profile.name, `${timestamp(startedAt)}-${id}`)
}

/** 20261124T101500Z */
function timestamp(date: Date): string {
  return date.toISOString().replace(/[-:]|\.\d+/g, '')
}
