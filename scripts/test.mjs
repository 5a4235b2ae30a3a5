// Usage: node scripts/test.mjs [unit|cyrus|browser|packages] [arguments of vitest]
// Without a suite: unit, then cyrus where a real Cyrus is installed; browser, which needs Chromium, and packages, which
// makes and installs them, only by their names.
// For CI:
//   MUPDATE_BENCH_TEST_REPORTS=DIR  each suite also writes DIR/<suite>.json
//   MUPDATE_BENCH_TEST_SUITES=unit  the suites of a plain `npm test`, to run the others apart
import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const cyrusNeeds = [
  ...['master', 'mupdate', 'ctl_cyrusdb', 'ctl_mboxlist', 'imapd', 'mupdatetest'].map(
    name => `/usr/lib/cyrus/bin/${name}`,
  ),
  '/usr/sbin/saslpasswd2',
  '/usr/bin/openssl',
]
const cyrusPackages =
  'cyrus-murder cyrus-common cyrus-imapd cyrus-clients sasl2-bin libsasl2-modules libsasl2-modules-db openssl'

const [suite, ...rest] = process.argv.slice(2)
const isNamed = ['unit', 'cyrus', 'browser', 'packages'].includes(suite)
const suites = isNamed ? [suite] : (process.env.MUPDATE_BENCH_TEST_SUITES ?? 'unit,cyrus').split(',')
const args = isNamed ? rest : process.argv.slice(2)

let status = 0
for (const name of suites) {
  if (name === 'cyrus' && !isNamed && !hasCyrus()) {
    console.log(`left out: the tests on a real Cyrus; to have them: sudo apt install ${cyrusPackages}`)
  } else {
    status = runSuite(name) || status
  }
}
process.exitCode = status

function hasCyrus() {
  try {
    for (const path of cyrusNeeds) accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function runSuite(name) {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  // A filter that a person gave may match files of one suite alone.
  const lenient = args.length > 0 && !isNamed ? ['--passWithNoTests'] : []
  const { status } = spawnSync(
    process.execPath,
    [vitest, 'run', '--project', name, ...reporters(name), ...lenient, ...args],
    { cwd: root, stdio: 'inherit' },
  )
  return status ?? 1
}

/** Of the tests on a real Cyrus, which take their time, each is named as it ends. */
function reporters(name) {
  const shown = `--reporter=${name === 'cyrus' ? 'verbose' : 'default'}`
  const folder = process.env.MUPDATE_BENCH_TEST_REPORTS
  return folder ? [shown, '--reporter=json', `--outputFile.json=${join(folder, `${name}.json`)}`] : [shown]
}
