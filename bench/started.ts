import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** A process that goes on beside a run, until it is stopped. */
export class Started {
  private said = ''
  private readonly ended: Promise<void>

  private constructor(private readonly child: ChildProcess) {
    child.stderr!.on('data', text => {
      this.said += text
    })
    this.ended = new Promise(resolve => child.once('close', () => resolve()))
  }

  /** The command line of the harness. */
  static cli(args: readonly string[]): Started {
    return Started.at('../src/cli/main.js', args)
  }

  /** A file of the bench. */
  static bench(name: string, args: readonly string[]): Started {
    return Started.at(`./${name}.js`, args)
  }

  private static at(path: string, args: readonly string[]): Started {
    const file = fileURLToPath(new URL(path, import.meta.url))
    return new Started(spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'ignore', 'pipe'] }))
  }

  /** Waits for these words on its stderr. @throws when it ends without */
  async says(words: RegExp): Promise<void> {
    while (!words.test(this.said)) {
      if (this.child.exitCode !== null) throw new Error(this.said)
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }

  /** @throws when it had ended before, of something that has gone wrong */
  async stop(): Promise<void> {
    const { exitCode } = this.child
    if (exitCode !== null && exitCode !== 0) throw new Error(this.said)
    this.child.kill('SIGTERM')
    await this.ended
  }
}
