import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { packageRoot } from '../../../src/core/package-root.js'
import { calibrationSchema } from '../../../src/masters/model/calibration.js'

const folder = join(packageRoot(), 'calibrations')

describe('calibrations that come with the package', () => {
  it.each(readdirSync(folder))('%s is one, of a named version, and precise enough', file => {
    const { master, costs } = calibrationSchema.parse(JSON.parse(readFileSync(join(folder, file), 'utf8')))
    expect(file).toBe(`${master.kind}-${master.version}.json`)
    // Those that decide how long a storm lasts.
    for (const { low, high, p50 } of [costs.dumpPerMailbox, costs.activate, costs.updatePerPending]) {
      expect((high - low) / p50).toBeLessThan(0.2)
    }
  })
})
