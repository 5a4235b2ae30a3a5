import { readdirSync } from 'node:fs'
import { Command } from 'commander'
import { z } from 'zod'
import { loadProfile, PROFILES_DIRECTORY } from '../profile/load.js'
import { profileSchema } from '../profile/schema.js'
import { planOf } from '../profile/plan.js'
import { collect } from './options.js'
import { siteSets } from './site-sets.js'

export function profileCommand(): Command {
  const command = new Command('profile').description('look at profiles')
  command
    .command('list')
    .description('the ready profiles')
    .action(() => {
      for (const name of readyProfiles()) process.stdout.write(`${name.padEnd(20)} ${loadProfile(name).description}\n`)
    })
  command
    .command('validate')
    .description('check a profile; errors come with line and column')
    .argument('<profile>')
    .option('-s, --set <key=value>', 'as for run', collect, [])
    .action(async (name: string, flags: { set: string[] }) => {
      const profile = loadProfile(name, await siteSets(name, flags.set))
      planOf(profile, '')
      process.stdout.write(
        `${profile.name}: valid, ${profile.phases.length} phases, ${profile.thresholds.length} thresholds\n`,
      )
    })
  command
    .command('schema')
    .description('the JSON Schema of profiles, for editors')
    .action(
      () => void process.stdout.write(`${JSON.stringify(z.toJSONSchema(profileSchema, { io: 'input' }), null, 2)}\n`),
    )
  return command
}

/** Their names. */
export function readyProfiles(): string[] {
  return readdirSync(PROFILES_DIRECTORY)
    .filter(file => file.endsWith('.yaml'))
    .map(file => file.slice(0, -'.yaml'.length))
    .sort()
}
