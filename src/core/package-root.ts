import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of this package's `package.json`, wherever the build put the file that is running. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder)
  return folder
}

export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8'))
  return String(version)
}

/** What the build wrote down of its checkout: seven digits, `+changes` behind them where something was not committed. */
export function packageCommit(): string {
  try {
    return readFileSync(join(packageRoot(), 'dist/commit.txt'), 'utf8').trim()
  } catch {
    return 'commit unknown'
  }
}
