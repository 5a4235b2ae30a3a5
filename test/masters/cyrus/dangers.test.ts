import { expect, it } from 'vitest'
import { dangersOf } from '../../../src/masters/cyrus/dangers.js'

/** As CYRUS.md has them: from which version, and up to which. */
it.each([
  ['2.4.22', ['DEACTIVATE', 'upgrade']],
  ['2.5.7', ['DEACTIVATE', 'upgrade', 'dump']],
  ['2.5.8', ['DELETE', 'DEACTIVATE', 'upgrade', 'dump']],
  ['3.0.18', ['DELETE', 'DEACTIVATE', 'upgrade']],
  ['3.4.8', ['DELETE', 'DEACTIVATE', 'upgrade', 'literals']],
  ['3.6.1-Debian-3.6.1-4+deb12u3', ['DELETE', 'DEACTIVATE', 'resync']],
  ['3.6.5', ['DELETE', 'DEACTIVATE', 'resync', 'literals']],
  ['3.12.1', ['DELETE', 'DEACTIVATE', 'resync']],
  ['3.12.2', ['DELETE', 'resync']],
  ['3.13.3', ['DELETE', 'DEACTIVATE', 'resync']],
  ['v3.13.4', ['DELETE', 'resync']],
  ['unknown', []],
])('of %s are known: %j', (version, names) => {
  expect(dangersOf(version).map(({ name }) => name)).toEqual(names)
})
