import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { ProcessGroup, Summable } from '../../../../engine/index.js'

/** One of two processes that were started together, with a channel to the other: what a launcher's library is elsewhere. */
export function groupOfTwo(rank: 0 | 1, other: ChildProcess | NodeJS.Process): ProcessGroup {
  const received: number[][] = []
  let wake = () => {}
  other.on('message', (values: number[]) => {
    received.push(values)
    wake()
  })
  async function sum(values: Summable): Promise<void> {
    // JSON has all float32, but for those that are not finite.
    other.send!([...values])
    while (received.length === 0)
      await new Promise<void>(resolve => {
        wake = resolve
      })
    const theirs = received.shift()!
    values.forEach((x, i) => {
      values[i] = rank ? theirs[i] + x : x + theirs[i]
    })
  }
  return { rank, size: 2, description: 'two processes', sum, abort() {}, async close() {} }
}

/** Start a script as the second process, with these arguments. `ended`: its exit code, once it has ended. */
export function secondProcess(script: string, args: readonly string[]) {
  const child = fork(script, [...args], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const ended = once(child, 'exit').then(([code]) => code as number | null)
  return { group: groupOfTwo(0, child), child, ended }
}
