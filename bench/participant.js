import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const alive = new Set()
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))

/**
 * One side of a comparison: a child process that is warm and waits. It is given its work as JSON in its last argument,
 * writes `{"ready": {…}}` once it could begin, and then answers every line on its stdin with a line of JSON:
 *
 *     run N            does N steps; {"seconds": of all N, "value": the first one's loss}, and where it is known
 *                      "processorSeconds": what its threads have computed meanwhile
 *     gradients PATH   writes the loss's gradients, as problem.js orders them; {"value": loss}
 *
 * Between answers it is stopped (SIGSTOP), so that threads which wait by spinning leave the cores to the other side.
 */
export class Participant {
  #child
  #answers
  #closed
  #log = ''
  /** What the child said of itself: `version`. */
  about
  /** Steps in one timed repetition; set by `warmUp`. */
  steps = 1

  constructor({ command, args, env = {} }, work) {
    this.#child = spawn(command, [...args, JSON.stringify(work)], {
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    alive.add(this.#child)
    this.#child.on('exit', () => alive.delete(this.#child))
    this.#closed = new Promise(resolve => this.#child.on('close', resolve))
    this.#child.on('error', error => {
      this.#log += error.message
    })
    this.#child.stdin.on('error', () => {}) // a child that died is found by its missing answer
    this.#child.stderr.on('data', data => {
      this.#log = (this.#log + data).slice(-4000)
    })
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  /** Starts a child and waits until it is ready. @throws Error with what it wrote to stderr when it fails. */
  static async start(program, work) {
    const participant = new Participant(program, work)
    const { ready } = await participant.#answer()
    participant.about = ready
    participant.#child.kill('SIGSTOP')
    return participant
  }

  async #answer() {
    for (;;) {
      const { done, value } = await this.#answers.next()
      if (done) throw new Error(await this.#lastError())
      // Libraries greet on stdout.
      if (value.startsWith('{')) return JSON.parse(value)
    }
  }

  async #lastError() {
    await this.#closed // all of stderr is here
    const lines = this.#log.trim().split('\n')
    return lines.findLast(line => /error/i.test(line)) ?? (lines.at(-1) || 'it ended without a word')
  }

  /** Sends one line, and waits for the answer while every other participant sleeps. */
  async ask(line) {
    this.#child.kill('SIGCONT')
    this.#child.stdin.write(`${line}\n`)
    const answer = await this.#answer()
    this.#child.kill('SIGSTOP')
    return answer
  }

  /**
   * Steps until just-in-time compilers are done: five and a second, but no more than ten seconds and the second step.
   * Returns the first step's loss.
   */
  async warmUp() {
    const first = await this.ask('run 1')
    let [count, total, last] = [1, first.seconds, first.seconds]
    while (count < 2 || (total < 10 && (count < 5 || total < 1))) {
      last = (await this.ask('run 1')).seconds
      total += last
      count++
    }
    this.steps = Math.max(1, Math.ceil(shortestRepetition / last))
    return first.value
  }

  /** One timed repetition: seconds per step; with `clock` 'processorSeconds' those that its threads have computed. */
  async measure(clock = 'seconds') {
    return (await this.ask(`run ${this.steps}`))[clock] / this.steps
  }

  /** The most memory that the process has had in RAM, in bytes; undefined where the system does not say. */
  get peakMemory() {
    try {
      const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8')
      return 1024 * Number(/VmHWM:\s*(\d+)/.exec(status)[1])
    } catch {
      return undefined
    }
  }

  stop() {
    this.#child.kill('SIGKILL')
  }
}

/** Seconds that a repetition takes at least: several steps where one is short. */
const shortestRepetition = 0.3
