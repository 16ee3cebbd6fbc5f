import { join } from 'node:path'
import { Participant } from './participant.js'
import { batch, readProblem } from './problem.js'

/** A first loss may differ by this many nats, a gradient by this share of its largest element. */
const tolerance = 1e-4

/**
 * Whether everyone computes the same function: the loss at the problem's parameters, and the gradients of all of them,
 * against our own on one thread (the first team's). Logs a line for each, and returns whether nobody differs.
 */
export async function agree(teams, { hidden, steps, problemFor, log }) {
  const problem = problemFor(hidden, steps)
  let passed = true
  let expected
  for (const team of teams) {
    const work = team.candidates('train', [1]).length ? 'train' : 'score'
    for (const { label, program, work: extra } of team.candidates(work, [1])) {
      const name = `${team.title} ${label}`
      try {
        const job = { work, hidden, batch, steps, problem, ...extra }
        const actual = await results(await Participant.start(program, job), work, problem, hidden)
        expected ??= actual
        const { text, agrees } = difference(actual, expected)
        log(`${agrees ? 'PASS' : 'FAIL'}  ${name.padEnd(28)} ${text}`)
        passed &&= agrees
      } catch (error) {
        log(`SKIP  ${name.padEnd(28)} ${error.message}`)
      }
    }
  }
  return passed
}

async function results(participant, work, problem, hidden) {
  try {
    if (work === 'score') return { loss: (await participant.ask('run 1')).value }
    const path = join(problem, '..', 'gradients.bin')
    const { value } = await participant.ask(`gradients ${path}`)
    return { loss: value, gradients: readProblem(path, hidden).parameters }
  } finally {
    participant.stop()
  }
}

/** Whether loss and gradients agree, and a text that says how far they do. */
function difference(actual, expected) {
  const shares = Object.entries(actual.gradients ?? {}).map(([name, { values }]) => {
    const wanted = expected.gradients[name].values
    let [difference, largest] = [0, 0]
    values.forEach((value, i) => {
      difference = Math.max(difference, Math.abs(value - wanted[i]))
      largest = Math.max(largest, Math.abs(wanted[i]))
    })
    return [name, difference / largest]
  })
  const lossAgrees = Math.abs(actual.loss - expected.loss) <= tolerance
  const agrees = lossAgrees && shares.every(([, share]) => share <= tolerance)
  const text = [
    `loss ${actual.loss.toFixed(7)}`,
    ...shares.map(([name, x]) => `${name} ${x.toExponential(1)}`),
  ]
  return { text: text.join(', '), agrees }
}
