import { Argument, Command } from 'commander'
import { programFor } from './commands.js'
import { bashCompletion } from './completion-bash.js'
import { fishCompletion } from './completion-fish.js'
import { completedCommands } from './completion-tree.js'
import { zshCompletion } from './completion-zsh.js'
import { readyProfiles } from './profile.js'

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const

export function completionCommand(): Command {
  return new Command('completion')
    .description('print what completes commands, options, profiles and files in a shell')
    .addArgument(new Argument('<shell>', 'which').choices(Object.keys(SHELLS)))
    .addHelpText(
      'after',
      `
Examples:
  mupdate-bench completion bash > ~/.local/share/bash-completion/completions/mupdate-bench
  mupdate-bench completion zsh > ~/.zfunc/_mupdate-bench
  mupdate-bench completion fish > ~/.config/fish/completions/mupdate-bench.fish

For bash without the package bash-completion, source the file in ~/.bashrc; for zsh, ~/.zfunc stands for any
folder of fpath. The .deb has put all three where they are found.`,
    )
    .action(async (shell: keyof typeof SHELLS) => {
      process.stdout.write(SHELLS[shell](completedCommands(await programFor(''), readyProfiles())))
    })
}
