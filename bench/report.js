import { fastestOf, ratio } from './compare.js'
import { batch, steps } from './problem.js'

const number = x => (x >= 1000 ? x.toFixed(0) : x.toPrecision(3))
const range = ({ median, min, max }) => `${number(median)} (${number(min)}–${number(max)})`
const megabytes = bytes => (bytes === undefined ? '' : `${Math.round(bytes / 1e6)} MB`)

/** A Markdown table, its columns padded so that it can be read as it is. */
function table(head, rows) {
  const cells = [head, head.map(() => '---'), ...rows].map(row => row.map(String))
  const widths = head.map((_, column) => Math.max(...cells.map(row => row[column].length)))
  return cells
    .map(
      row => `| ${row.map((cell, i) => cell.padEnd(widths[i], row === cells[1] ? '-' : ' ')).join(' | ')} |`,
    )
    .join('\n')
}

const titles = {
  train: hidden => `Training step, H = ${hidden}`,
  score: hidden => `Scoring, H = ${hidden}`,
  cells: hidden => `Cells, training step, H = ${hidden}`,
  cellScores: hidden => `Cells, scoring, H = ${hidden}`,
  start: hidden => `Process start to first training step done, H = ${hidden}`,
}

/** Whether a kind of work is one cell beside the other. */
export const isOfCells = work => work === 'cells' || work === 'cellScores'

/** The summary: for every comparison ours (`teams`, those that took part), and each peer's time over each of ours. */
function summaryTable(comparisons, teams) {
  const rows = comparisons.filter(({ work }) => !isOfCells(work))
  const measured = [...new Set(rows.flatMap(({ entries }) => entries.map(e => e.team)))]
  const ours = teams.filter((team, i) => i === 0 || measured.includes(team))
  const pairs = measured.filter(t => !teams.includes(t)).flatMap(peer => ours.map(mine => [peer, mine]))
  const best = (entries, team) => fastestOf(entries.filter(e => e.team === team))
  return table(
    ['work', ...ours.map(team => `${team}, s`), ...pairs.map(([peer, mine]) => `${peer} / ${mine}`)],
    rows.map(({ work, hidden, entries }) => [
      titles[work](hidden),
      ...ours.map(team => {
        const mine = best(entries, team)
        return mine ? `${number(mine.seconds.median)} (${mine.label})` : 'not measured'
      }),
      ...pairs.map(pair => {
        const [entry, mine] = pair.map(team => best(entries, team))
        return entry && mine ? range(ratio(entry, mine)) + mark(entry) : ''
      }),
    ]),
  )
}

const mark = entry => (entry.steps && entry.steps !== steps ? ` ~${entry.steps}` : '')

function entryTable({ work, entries }) {
  if (isOfCells(work))
    return table(
      ['cell', 's per step', 'arithmetic / lstm', 'time / lstm', 'time over arithmetic'],
      entries.map(e => [
        e.label,
        range(e.seconds),
        number(e.arithmetic),
        range(e.ratio),
        range(e.overArithmetic),
      ]),
    )
  const timed = work !== 'start'
  return table(
    ['who', 'seconds', 'time / Xenograd', ...(timed ? ['reads/s', 'peak memory'] : [])],
    entries.map(e => [
      `${e.team} ${e.label}${mark(e)}`,
      range(e.seconds),
      e.ratio ? range(e.ratio) : '',
      ...(timed ? [number(batch / e.seconds.median), megabytes(e.peakMemory)] : []),
    ]),
  )
}

const method = `One-hot of 4 bases, LSTM, dense layer to 4, mean cross-entropy, Adam; float32, ${batch} reads of ${steps} bases
(\`problem.js\`). Everyone starts from the same parameters, and a run ends if first losses differ by more than 1e-4.
Participants take turns, each in a warm process of its own that is stopped while the others run. Figures are the median
(least–most) of the rounds. Ratios are taken round by round, the peer's time over ours: above 1 Xenograd is faster. In the tables of single
comparisons ours is the fastest without BLAS.
\`~T\`: measured over T bases and scaled, which flatters that peer. PyTorch: for each number of threads the fastest in
a heat of nn.LSTM, a hand-written cell in a loop and torch.jit.script of that, with OpenMP's two ways to wait; the
summary has the best.
Time over arithmetic: operations are counted in the cell's graph and its gradients' (\`cellArithmetic\` of \`xenograd/testing\`),
for scoring in the first alone. With \`--processor\` seconds are those of the processor.
Virtual machines of this kind run at half their speed for seconds to minutes: ratios within one round suffer least; seconds
of different runs do not compare. The same numbers are in \`results.json\`.`

const noise = ({ load, stolen }) =>
  `a load of ${load.toFixed(1)} when the run began${stolen === undefined ? '' : `; ${(100 * stolen).toFixed(1)} % of the processors' time went to other guests`}`

/** One run: its conditions, a summary, and every comparison in full. */
export function runReport({ conditions, comparisons }, teams) {
  const { date, machine, runtime, commit, environment, command, pairs, remark } = conditions
  const versions = new Set(
    comparisons.flatMap(({ entries }) => entries.flatMap(e => (e.version ? [`${e.team} ${e.version}`] : []))),
  )
  const missing = comparisons.flatMap(({ work, hidden, missing }) =>
    missing.map(({ team, why }) => `- ${team}, ${titles[work](hidden)}: ${why}`),
  )
  return [
    `## ${remark ?? `Run of ${date}`}`,
    [
      `- When: ${date} UTC, commit ${commit}, ${pairs} rounds`,
      `- Command: \`${command}\``,
      `- Machine: ${machine}`,
      `- Versions: ${[runtime, ...versions].join(', ')}`,
      `- Environment: ${environment.join(' ') || 'no variable of OpenBLAS, OpenMP, MKL or BLIS is set'}`,
      `- Noise: ${noise(conditions)}`,
    ].join('\n'),
    ...(comparisons.some(({ work }) => !isOfCells(work)) ? [summaryTable(comparisons, teams)] : []),
    ...comparisons.map(c => `### ${titles[c.work](c.hidden)}\n\n${entryTable(c)}`),
    ...(missing.length ? [`### Not measured\n\n${missing.join('\n')}`] : []),
  ].join('\n\n')
}

/** RESULTS.md: how it was measured, and every run. */
export const report = (runs, teams) =>
  `${['# Results', method, ...runs.map(run => runReport(run, teams))].join('\n\n')}\n`
