/** What is found out about a cell when its text is run: whether it is one, and whether its gradients are right. */
import type { CellProblem } from '../work/index.js'

export type Verdict =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'running' }
  | { readonly kind: 'sound'; readonly seconds: number }
  | { readonly kind: 'wrong'; readonly stage: 'text' | 'step' | 'properties'; readonly problem: CellProblem }

const stages = {
  text: 'The text cannot be run',
  step: 'A step cannot be compiled',
  properties: 'A property does not hold',
} as const

/** The line of a property test's report that says what is wrong; the report is for those who want to repeat it. */
export const essence = (message: string): string =>
  /^Got error: (.*)$/m.exec(message)?.[1] ?? message.split('\n')[0]

export function VerdictOf({ verdict }: { readonly verdict: Verdict }) {
  if (verdict.kind === 'waiting')
    return (
      <p class="note">Not run yet: a cell from a link is code of somebody else's. Read it, then run it.</p>
    )
  if (verdict.kind === 'running') return <p class="note">Running…</p>
  if (verdict.kind === 'sound')
    return (
      <div class="verdict sound" role="status">
        <p>
          <strong>Gradients agree with finite differences</strong>, and the compiled loop with the plain one,
          in twelve random cases ({verdict.seconds.toFixed(1)} s).
        </p>
      </div>
    )
  const { stage, problem } = verdict
  const report = problem.message.includes('\n') ? problem.message : undefined
  return (
    <div class="verdict wrong" role="alert">
      <p>
        <strong>
          {stages[stage]}
          {problem.line !== undefined && `, line ${problem.line}`}.
        </strong>
      </p>
      <p>{essence(problem.message)}</p>
      {report && (
        <details>
          <summary>The whole report, with the seed that repeats it</summary>
          <pre>{report}</pre>
        </details>
      )}
    </div>
  )
}
