import { join } from 'node:path'
import { Participant } from './participant.js'
import { batch, readProblem } from './problem.js'

/** A first loss or a gradient may differ by this share of the gradient's largest element. */
const tolerance = 1e-4

/**
 * Whether everyone computes the same function: the loss at the problem's parameters, and the gradients of all of them,
 * against our own on one thread. Returns lines for people, and whether all is well.
 */
export async function agree(teams, { hidden, steps, problemFor, log }) {
  const problem = problemFor(hidden, steps)
  const lines = []
  let well = true
  let wanted
  for (const team of teams) {
    const work = team.candidates('train', [1]).length ? 'train' : 'score'
    for (const { label, program, work: extra } of team.candidates(work, [1])) {
      const name = `${team.title} ${label}`
      try {
        const job = { work, hidden, batch, steps, problem, ...extra }
        const found = await results(await Participant.start(program, job), work, problem, hidden)
        wanted ??= found
        const { text, good } = difference(found, wanted)
        lines.push(`${good ? 'PASS' : 'FAIL'}  ${name.padEnd(28)} ${text}`)
        well &&= good
      } catch (error) {
        lines.push(`SKIP  ${name.padEnd(28)} ${error.message}`)
      }
      log(lines.at(-1))
    }
  }
  return { lines, well }
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

function difference(found, wanted) {
  const loss = Math.abs(found.loss - wanted.loss)
  const worst = Object.entries(found.gradients ?? {}).map(([name, { values }]) => {
    const expected = wanted.gradients[name].values
    let [most, largest] = [0, 0]
    values.forEach((value, i) => {
      most = Math.max(most, Math.abs(value - expected[i]))
      largest = Math.max(largest, Math.abs(expected[i]))
    })
    return [name, most / largest]
  })
  const good = loss <= tolerance && worst.every(([, share]) => share <= tolerance)
  const text = [`loss ${found.loss.toFixed(7)}`, ...worst.map(([name, x]) => `${name} ${x.toExponential(1)}`)]
  return { text: text.join(', '), good }
}
