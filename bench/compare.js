import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Participant } from './participant.js'
import { steps as allSteps, batch, writeProblem } from './problem.js'
import { summary } from './statistics.js'

/** First losses within this of each other: everyone computes the same model. */
const lossTolerance = 1e-4

/** A function from (hidden, steps) to a problem's file; the files live as long as this process. */
export function problemFiles() {
  const folder = mkdtempSync(join(tmpdir(), 'xenograd-bench-'))
  process.once('exit', () => rmSync(folder, { recursive: true }))
  return (hidden, steps) => {
    const path = join(folder, `${hidden}-${steps}.bin`)
    if (!existsSync(path)) writeProblem(path, { hidden, batch, steps })
    return path
  }
}

/**
 * Measures teams (candidates.js) against each other on one kind of work at one size. The first team's candidates all
 * take part, of each other team the fastest candidate for each number of threads (`fastest`). All are started and warmed
 * up; then there are `pairs` rounds, in each of which everyone does one repetition while the rest sleep. Returns
 * `entries`, one for each candidate that took part, with its seconds per step (scaled to all steps where it did fewer),
 * and `missing`: which teams could not be measured, and why. `clock`: as `Participant.measure` has it.
 */
export async function compare(teams, { work, hidden, threads, pairs, clock, problemFor, log }) {
  const entries = []
  const missing = []
  const started = []
  try {
    for (const [index, team] of teams.entries()) {
      const steps = team.stepsFor?.(hidden) ?? allSteps
      const job = { work, hidden, batch, steps, problem: problemFor(hidden, steps) }
      try {
        let candidates = team.candidates(work, threads)
        if (index > 0) candidates = await fastest(candidates, job, log)
        for (const { label, program, work: extra } of candidates) {
          log(`${team.title} ${label}: warming up`)
          const participant = await Participant.start(program, { ...job, ...extra })
          started.push(participant)
          const loss = await participant.warmUp()
          const { version } = participant.about
          entries.push({ team: team.title, label, version, steps, loss, participant, samples: [] })
        }
      } catch (error) {
        missing.push({ team: team.title, why: error.message })
        log(`${team.title} is not measured: ${error.message}`)
      }
    }
    const schedule = alternate(entries, teams[0].title)
    for (let round = 1; round <= pairs; round++)
      for (const entry of schedule) {
        const seconds = (await entry.participant.measure(clock)) * ((allSteps - 1) / (entry.steps - 1))
        entry.samples.push(seconds)
        log(`round ${round} of ${pairs}: ${entry.team} ${entry.label} ${seconds.toPrecision(3)} s`)
      }
    return { entries: entries.map(finish), missing }
  } finally {
    for (const participant of started) participant.stop()
  }
}

const finish = ({ participant, ...entry }) => ({
  ...entry,
  seconds: summary(entry.samples),
  peakMemory: participant.peakMemory,
})

/** A team's entries and the others', alternating: A B A B. */
function alternate(entries, team) {
  const mine = entries.filter(entry => entry.team === team)
  const others = entries.filter(entry => entry.team !== team)
  return Array.from({ length: Math.max(mine.length, others.length) }, (_, i) => [mine[i], others[i]])
    .flat()
    .filter(Boolean)
}

/**
 * The fastest candidate for each number of threads, by the better of two repetitions after a warm-up, each alone, over
 * all steps: over fewer another one wins. Not the fastest of all: two threads may win a heat and then wait for each other
 * whenever something else wants a core.
 */
async function fastest(candidates, job, log) {
  const best = new Map()
  for (const candidate of candidates) {
    const { threads } = candidate.work
    if (candidates.filter(other => other.work.threads === threads).length === 1) {
      best.set(threads, { candidate })
      continue
    }
    const participant = await Participant.start(candidate.program, { ...job, ...candidate.work })
    await participant.warmUp()
    const seconds = Math.min(await participant.measure(), await participant.measure())
    participant.stop()
    log(`heat: ${candidate.label} ${seconds.toPrecision(3)} s`)
    if (!(best.get(threads)?.seconds <= seconds)) best.set(threads, { candidate, seconds })
  }
  return [...best.values()].map(({ candidate }) => candidate)
}

/** @throws Error when two entries that read the same problem start from different losses. */
export function checkLosses(entries) {
  for (const a of entries) {
    const b = entries.find(({ steps }) => steps === a.steps)
    if (!(Math.abs(a.loss - b.loss) <= lossTolerance))
      throw new Error(
        `not the same model: ${a.team} ${a.label} starts at loss ${a.loss}, ${b.team} ${b.label} at ${b.loss}`,
      )
  }
}

/**
 * Seconds from the start of a process to the end of its first step, every candidate once in each of `pairs` rounds.
 */
export async function compareStarts(teams, { hidden, threads, pairs, problemFor, log }) {
  const job = { work: 'train', hidden, batch, steps: allSteps, problem: problemFor(hidden, allSteps) }
  const entries = teams.flatMap(team =>
    team
      .candidates('start', threads)
      .map(candidate => ({ team: team.title, label: candidate.label, candidate, samples: [] })),
  )
  const missing = []
  for (let round = 1; round <= pairs; round++)
    for (const { team, label, candidate, samples } of entries) {
      if (missing.some(m => m.team === team)) continue
      try {
        const start = performance.now()
        const participant = await Participant.start(candidate.program, { ...job, ...candidate.work })
        await participant.ask('run 1')
        samples.push((performance.now() - start) / 1000)
        participant.stop()
        log(`round ${round} of ${pairs}: ${team} ${label} ${samples.at(-1).toPrecision(3)} s`)
      } catch (error) {
        missing.push({ team, why: error.message })
      }
    }
  const measured = entries.filter(({ samples }) => samples.length === pairs)
  return {
    entries: measured.map(({ candidate, ...entry }) => ({ ...entry, seconds: summary(entry.samples) })),
    missing,
  }
}

/** An entry's time over another's, round by round. */
export const ratio = (entry, other) => summary(entry.samples.map((seconds, i) => seconds / other.samples[i]))

/** Every entry gets `ratio`: its time over that of the fastest entry of our own team. */
export function withRatios(entries, ours) {
  const mine = fastestOf(entries.filter(({ team }) => team === ours))
  return entries.map(entry => ({ ...entry, ...(mine && { ratio: ratio(entry, mine) }) }))
}

/** The entry with the least median. */
export const fastestOf = entries =>
  entries.reduce((best, e) => (best && best.seconds.median <= e.seconds.median ? best : e), undefined)
