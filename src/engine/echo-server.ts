import { createServer } from 'node:net'
import { parentPort } from 'node:worker_threads'

/**
 * The other end of the noise floor: a thread that greets like a master and answers each line at once, so that what a
 * probe measures against it is loopback, this host and the probe's own code, and nothing else.
 */
const server = createServer({ noDelay: true }, socket => {
  socket.write('* AUTH "PLAIN"\r\n* OK MUPDATE "localhost" "mupdate-bench echo" "1" "(master)"\r\n')
  socket.on('data', bytes => {
    const tags = bytes
      .toString('latin1')
      // The login is a literal: a line end within a command.
      .replace(/\{\d+\+\}\r\n/g, '')
      .split('\r\n')
      .slice(0, -1)
      .map(line => line.split(' ', 1)[0])
    socket.write(tags.map(tag => `${tag} OK "echo"\r\n`).join(''))
  })
  socket.on('error', () => socket.destroy())
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  parentPort?.postMessage(typeof address === 'object' && address !== null ? address.port : 0)
})
