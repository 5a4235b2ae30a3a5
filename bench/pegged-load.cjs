// node --require this: each thread of load has a CPU's worth to do beside its own, in pieces of 5 ms.
const { isMainThread, workerData } = require('node:worker_threads')

if (!isMainThread && workerData?.shard?.runs?.includes('slaves')) {
  const burn = () => {
    for (const end = Date.now() + 5; Date.now() < end; );
    setImmediate(burn)
  }
  burn()
}
