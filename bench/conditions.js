import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import os from 'node:os'
import { fileURLToPath } from 'node:url'

/** The processors' times so far, where the system says (Linux): all of it, and what other guests were given. */
function processorTimes() {
  try {
    const [, ...fields] = readFileSync('/proc/stat', 'utf8').split('\n')[0].split(/\s+/)
    const times = fields.slice(0, 8).map(Number)
    return { total: times.reduce((a, b) => a + b, 0), stolen: times[7] }
  } catch {
    return undefined
  }
}

/** What must be noted before a run; the result, called after it, gives the rest. */
export function watchConditions() {
  const load = os.loadavg()[0]
  const before = processorTimes()
  return () => {
    const after = processorTimes()
    return {
      date: new Date().toISOString().slice(0, 16).replace('T', ' '),
      machine: `${os.cpus().length} × ${os.cpus()[0].model.trim()}, ${Math.round(os.totalmem() / 2 ** 30)} GiB, ${os.type()} ${os.release()}`,
      runtime: `Node ${process.versions.node} (V8 ${process.versions.v8})`,
      commit: commit(),
      environment: environment(),
      load,
      ...(before && after && { stolen: (after.stolen - before.stolen) / (after.total - before.total) }),
    }
  }
}

/** Variables that steer libraries of linear algebra, the peers' as well as ours: a user's machine has none of them. */
const environment = () =>
  Object.entries(process.env)
    .filter(([name]) => /^(OPENBLAS|OMP|MKL|BLIS|GOTO)_/.test(name))
    .map(([name, value]) => `${name}=${value}`)

/** The commit that was measured, with a + when files differ from it. */
function commit() {
  const git = (...args) =>
    execFileSync('git', args, { cwd: fileURLToPath(new URL('.', import.meta.url)), encoding: 'utf8' }).trim()
  try {
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', '-uno') ? '+' : ''}`
  } catch {
    return 'unknown'
  }
}
