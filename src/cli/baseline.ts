import { copyFileSync, existsSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { Command } from 'commander'
import { HarnessError, messageOf } from '../core/errors.js'
import { makeFolder } from '../core/make-folder.js'
import type { Profile } from '../profile/load.js'
import {
  foldersOfRuns,
  requireFew,
  requireOneMaster,
  requireSound,
  runsUnder,
  type StoredRun,
  workOf,
  workOfYaml,
} from './stored-runs.js'

/** What a comparison needs of a run; the rest stays where it is. */
const KEPT = ['run.json', 'profile.yaml']

export function baselineCommand(): Command {
  const save = new Command('save')
    .description('keep runs for later gates: their run.json and profile.yaml')
    .argument('<dir>', 'where to; runs that are there stay')
    .argument('<runs...>', 'folders of runs, or of one side of a gate')
    .addHelpText(
      'after',
      `
Examples:
  mupdate-bench baseline save baselines/3.6.1 results/ci/20261127T101500Z-1a2b3c.gate/b
  mupdate-bench gate ci --baseline baselines/3.6.1 --b cyrus:/opt/cyrus-new`,
    )
    .action((directory: string, given: string[]) => {
      const runs = given.flatMap(runsUnder)
      requireSound(runs)
      requireOneMaster(runs, 'keep those of each master in a folder of their own')
      // One that is given as `.` or `..` has a name, too.
      for (const { folder } of runs) keep(folder, join(directory, basename(resolve(folder))))
      process.stdout.write(`${runs.length} runs in ${directory}\n`)
    })
  return new Command('baseline').description('runs that later gates are measured against').addCommand(save)
}

function keep(from: string, to: string): void {
  try {
    makeFolder(to)
    for (const name of KEPT) copyFileSync(join(from, name), join(to, name))
  } catch (error) {
    throw new HarnessError('RESULTS', `cannot copy ${from} to ${to}: ${messageOf(error)}`, 'choose another folder')
  }
}

/** @throws {HarnessError} `NO_BASELINE`; `USAGE` for one of several masters, or of other work than this profile's */
export function readBaseline(directory: string, profile: Profile): StoredRun[] {
  const runs = storedIn(directory)
  requireSound(runs)
  requireFew(runs, directory)
  requireOneMaster(runs, 'measure a baseline of one master, or keep those of each in a folder of their own')
  const other = runs.find(({ folder }) => workOf(folder) !== workOfYaml(profile.yaml))
  if (other !== undefined)
    throw new HarnessError(
      'USAGE',
      `${other.folder} is of other work than ${profile.name} with seed ${profile.seed} is now`,
      'measure a new baseline, or give the profile, the seed and the --set that it was made with',
    )
  return runs
}

/** A folder that is not there, or holds no run, as after a cache that was missed. */
function storedIn(directory: string): StoredRun[] {
  if (existsSync(directory) && foldersOfRuns(directory).length > 0) return runsUnder(directory)
  throw new HarnessError(
    'NO_BASELINE',
    `there is no baseline in ${directory}`,
    `measure one and keep it: mupdate-bench baseline save ${directory} RUN…`,
  )
}
