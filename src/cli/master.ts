import { Command } from 'commander'
import { isLoopback } from '../core/address.js'
import { HarnessError } from '../core/errors.js'
import { EXIT } from '../core/exit-status.js'
import { embeddedMaster } from '../masters/embedded/embedded-master.js'

interface MasterFlags {
  readonly host: string
  readonly port: string
  readonly user: string
  readonly allowRemote?: true
}

export function masterCommand(): Command {
  return new Command('master')
    .description('serve an embedded master for other clients, until Ctrl-C')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('-p, --port <port>', 'port; 0 takes a free one', '3905')
    .option('-u, --user <name>', 'who may log in; the password is MUPDATE_BENCH_PASSWORD, or a generated one', 'murder')
    .option('--allow-remote', 'listen on an address that other hosts can reach')
    .addHelpText(
      'after',
      '\nExample:\n  mupdate-bench master --port 13905 &\n  mupdatetest -p 13905 -u murder -a murder 127.0.0.1',
    )
    .action(async (flags: MasterFlags) => {
      if (!isLoopback(flags.host) && flags.allowRemote !== true) {
        throw new HarnessError(
          'USAGE',
          `${flags.host} can be reached by other hosts`,
          'if that is meant, add --allow-remote',
        )
      }
      const port = Number(flags.port)
      if (!Number.isInteger(port) || port < 0 || port > 65535) {
        throw new HarnessError('USAGE', `--port ${flags.port} is no port`, 'give a number from 0 to 65535')
      }
      await serve(flags, port)
    })
}

async function serve(flags: MasterFlags, port: number): Promise<void> {
  const given = process.env.MUPDATE_BENCH_PASSWORD
  const master = embeddedMaster({
    host: flags.host,
    port,
    user: flags.user,
    ...(given === undefined ? {} : { password: given }),
  })
  const ended = new Promise<number>(resolve => {
    master.onEvent(event => {
      if (event.kind === 'died') resolve(EXIT.master)
      else if (event.kind === 'syslog') process.stderr.write(`${event.line}\n`)
    })
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve(EXIT.pass))
  })
  await master.start()
  const { address, credentials } = master
  process.stdout.write(`listening on mupdate://${credentials.user}@${address.host}:${address.port}\n`)
  process.stdout.write(
    given === undefined ? `password: ${credentials.password}\n` : 'password: as MUPDATE_BENCH_PASSWORD says\n',
  )
  process.exitCode = await ended
  await master.stop()
}
