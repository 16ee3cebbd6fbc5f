import { writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { readProblem } from '../problem.js'

/**
 * The child's side of the protocol (see ../participant.js). `prepare` gets the work (with `parameters` by name and
 * `tokens`, [batch, steps]) and resolves to `version`, `step()` (one step; resolves to its loss, nats per base), and
 * perhaps `gradients()` (resolves to the loss and the gradients as Float32Arrays in the parameters' order).
 */
export async function serve(prepare) {
  const work = JSON.parse(process.argv[2])
  // No name for the parameters here: at H = 2000 they are 64 MB, which would stay.
  const { version, step, gradients } = await prepare({ ...work, ...readProblem(work.problem, work.hidden) })
  const answer = value => process.stdout.write(`${JSON.stringify(value)}\n`)

  async function run(count) {
    const [start, processor] = [performance.now(), process.cpuUsage()]
    const value = await step()
    for (let i = 1; i < count; i++) await step()
    const { user, system } = process.cpuUsage(processor)
    return { seconds: (performance.now() - start) / 1000, processorSeconds: (user + system) / 1e6, value }
  }

  async function write(path) {
    const { value, arrays } = await gradients()
    writeFileSync(path, Buffer.concat(arrays.map(x => Buffer.from(x.buffer, x.byteOffset, x.byteLength))))
    return { value }
  }

  answer({ ready: { version } })
  for await (const line of createInterface({ input: process.stdin })) {
    const [verb, argument] = line.split(' ')
    answer(verb === 'run' ? await run(Number(argument)) : await write(argument))
  }
  process.exit() // whatever threads a library leaves behind
}
