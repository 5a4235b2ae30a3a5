import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { parseMaster, readPassword } from '../../src/cli/choose-master.js'
import { reachOptions, type ReachFlags, reachWords } from '../../src/cli/reach-options.js'

/** As the command line of any command that takes a remote master. */
function flagsOf(line: string): ReachFlags {
  const command = reachOptions(new Command('any'))
    .exitOverride()
    .configureOutput({ writeErr() {} })
  command.parse(line.split(' ').filter(Boolean), { from: 'user' })
  return command.opts()
}

function remote(line: string) {
  const [url = '', ...words] = line.split(' ')
  const choice = parseMaster(url, flagsOf(words.join(' ')))
  if (choice.kind !== 'remote') throw new Error(`${url} is no remote master`)
  return choice
}

const HERE = { host: 'mail', port: 3905 }

describe('a remote master', () => {
  it.each([
    { line: 'mupdate://a@mail', address: HERE, login: {} },
    { line: 'mupdates://a@mail:3995', address: { ...HERE, port: 3995, tls: { mode: 'implicit' } }, login: {} },
    { line: 'mupdate://a@mail --tls starttls', address: { ...HERE, tls: { mode: 'starttls' } }, login: {} },
    { line: 'mupdate://a@mail --tls off', address: { ...HERE, tls: { mode: 'off' } }, login: {} },
    {
      line: 'mupdate://a@mail --tls-ca ca.pem --tls-name other --tls-min 1.3',
      address: { ...HERE, tls: { mode: 'starttls', caFile: 'ca.pem', serverName: 'other', minVersion: 'TLSv1.3' } },
      login: {},
    },
    {
      line: 'mupdates://a@mail:3995 --tls-cert me.pem --tls-key me.key --tls-no-verify --tls-min 1.0',
      address: {
        host: 'mail',
        port: 3995,
        tls: { mode: 'implicit', certFile: 'me.pem', keyFile: 'me.key', verify: false, minVersion: 'TLSv1' },
      },
      login: {},
    },
    {
      line: 'mupdate://a%40b@[2001:db8::1]:1 --compress --mechanism scram-sha-256 --authorize b',
      address: { host: '2001:db8::1', port: 1, compress: true },
      login: { mechanism: 'SCRAM-SHA-256', authorize: 'b' },
    },
    {
      line: 'mupdate://a@mail --allow-plaintext other --allow-plaintext mail',
      address: HERE,
      login: { allowPlaintext: true },
    },
    { line: 'mupdate://a@mail --allow-plaintext other', address: HERE, login: {} },
  ])('is reached as $line says, and these words lead there again', ({ line, address, login }) => {
    const choice = remote(line)
    expect(choice.address).toEqual(address)
    expect(choice.login).toEqual(login)
    const words = reachWords({ user: choice.user, password: 'hunter2', ...choice.login }, choice.address)
    expect(words).not.toContain('hunter2')
    expect(remote(words)).toEqual(choice)
  })

  it.each([
    { line: 'mupdates://a@mail --tls starttls', says: /mupdates:\/\/ with --tls starttls/ },
    { line: 'mupdates://a@mail --tls off', says: /mupdates:\/\/ with --tls off/ },
    { line: 'mupdate://a@mail --tls off --tls-ca ca.pem', says: /--tls off with other options of TLS/ },
    { line: 'mupdate://a@mail --tls-key me.key', says: /--tls-key without --tls-cert/ },
    { line: 'mupdates://mail', says: /user or host is missing/ },
    { line: 'mupdates://a:secret@mail', says: /can be read by everybody/ },
    { line: 'cyrus --tls-ca ca.pem', says: /--tls-ca with --master cyrus/ },
    { line: 'embedded --compress', says: /--compress with --master embedded/ },
    { line: 'cyrus --allow-plaintext mail', says: /--allow-plaintext with --master cyrus/ },
  ])('is not, where $line contradicts itself', ({ line, says }) => {
    expect(() => remote(line)).toThrow(expect.objectContaining({ code: 'USAGE', message: expect.stringMatching(says) }))
  })

  it.each(['--tls implicit', '--tls-min 1.4', '--mechanism NTLM'])('is not by %s', line => {
    expect(() => flagsOf(line)).toThrow(/llowed choices are/)
  })

  it('is not verified for a name that a shell’s variable should have had', () => {
    expect(() => flagsOf('--tls-name=')).toThrow(/It is empty/)
  })

  it('has a user in UTF-8', () => {
    expect(remote('mupdate://a%C3%A9@mail').user).toBe('aé')
    expect(() => remote('mupdate://%ff@mail')).toThrow(/its user is no UTF-8/)
  })

  it('needs no password where the certificate says who it is', async () => {
    expect(await readPassword(remote('mupdate://a@mail --tls-cert me.pem --mechanism external'))).toBe('')
  })
})
