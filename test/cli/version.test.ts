import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { packageVersion } from '../../src/core/package-root.js'
import { MAIN } from './bench.js'

it('--version names version, commit and Node', () => {
  const { stdout } = spawnSync(process.execPath, [MAIN, '--version'], { encoding: 'utf8' })
  const commit = readFileSync(join(dirname(MAIN), '../commit.txt'), 'utf8').trim()
  expect(commit).toMatch(/^([\da-f]{7,}(\+changes)?|commit unknown)$/)
  expect(stdout).toBe(`mupdate-bench ${packageVersion()} (${commit}, Node ${process.versions.node})\n`)
})
