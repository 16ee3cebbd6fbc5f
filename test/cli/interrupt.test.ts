import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import test from 'tape'
import { interruptExitCode, interruptSignals } from '../../cli/interrupt.js'

const script = fileURLToPath(new URL('./interrupted.js', import.meta.url))

/** The script in a process, and its lines, one at each call. */
function startScript(): { child: ChildProcess; line: () => Promise<string>; ended: Promise<number | null> } {
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    child,
    line: async () => (await lines.next()).value,
    ended: new Promise(resolve => child.once('exit', resolve)),
  }
}

for (const signal of interruptSignals)
  test(`${signal}: the first is an order, once for all processes that pass it on; a later one ends at once`, async t => {
    const { child, line, ended } = startScript()
    t.equal(await line(), 'ready')
    child.kill(signal)
    t.equal(await line(), 'interrupted')
    // Whatever comes in the next half second is the same event; after that the process ends.
    const again = setInterval(() => child.kill(signal), 50)
    t.equal(await ended, 128 + constants.signals[signal])
    clearInterval(again)
    t.equal(interruptExitCode(signal), 128 + constants.signals[signal])
  })

test('one event that arrives as several signals is one interrupt', async t => {
  const { child, line, ended } = startScript()
  await line()
  child.kill('SIGSTOP') // so that all of them arrive at once
  child.kill('SIGTERM')
  child.kill('SIGHUP')
  child.kill('SIGINT')
  child.kill('SIGCONT')
  t.equal(await line(), 'interrupted')
  child.kill('SIGUSR2')
  t.equal(await ended, 0, 'it came to its own end')
})
