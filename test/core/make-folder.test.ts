import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { makeFolder } from '../../src/core/make-folder.js'

const root = mkdtempSync(join(tmpdir(), 'mupdate-bench-folder-'))
afterAll(() => rmSync(root, { recursive: true }))

describe('a folder', () => {
  it('is made with those above it, and may be there', () => {
    const path = join(root, 'a', 'b', 'c')
    makeFolder(path)
    makeFolder(path)
    expect(existsSync(path)).toBe(true)
  })

  it('is refused where a file is in its way', () => {
    writeFileSync(join(root, 'file'), '')
    expect(() => makeFolder(join(root, 'file'))).toThrow('EEXIST')
    expect(() => makeFolder(join(root, 'file', 'below'))).toThrow('ENOTDIR')
  })

  it.runIf(existsSync('/proc/self'))('is refused where none can be, and does not try for ever', () => {
    expect(() => makeFolder('/proc/nowhere')).toThrow('ENOENT')
    expect(() => makeFolder('/proc/nowhere/deeper')).toThrow('ENOENT')
  })
})
