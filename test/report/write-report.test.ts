import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { writeReportFile } from '../../src/report/write-report.js'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mupdate-bench-write-'))
  path = join(folder, 'report.html')
})
afterEach(() => rmSync(folder, { recursive: true }))

it('replaces the report from before, and leaves nothing else', () => {
  writeFileSync(path, 'before')
  writeReportFile(path, 'now')
  expect(readFileSync(path, 'utf8')).toBe('now')
  expect(readdirSync(folder)).toEqual(['report.html'])
})

it('on a full disk leaves the one from before whole, and no part of the new one', () => {
  writeFileSync(path, 'before')
  symlinkSync('/dev/full', `${path}.part`)
  expect(() => writeReportFile(path, 'now')).toThrow(/cannot write .*report\.html: ENOSPC/)
  expect(readFileSync(path, 'utf8')).toBe('before')
  expect(readdirSync(folder)).toEqual(['report.html'])
})

it('writes to a device, and does not put a file in its place', () => {
  symlinkSync('/dev/null', path)
  writeReportFile(path, 'now')
  expect(lstatSync(path).isSymbolicLink()).toBe(true)
})
