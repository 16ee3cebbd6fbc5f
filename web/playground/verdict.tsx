/** What is found out about a cell when its text is run: whether it is one, and whether its gradients are right. */
import type { CellProblem } from '../work/index.js'

/** At which stage something is wrong, and how that is said. */
const stages = {
  worker: 'The text cannot be run here',
  text: 'The text cannot be run',
  endless: 'It does not come to an end',
  step: 'A step cannot be compiled',
  properties: 'A property does not hold',
  gradient: 'A gradient is wrong',
} as const

export type Verdict =
  | { readonly kind: 'running' }
  /** Gradients are right; `seconds`: how long it took to find out. */
  | { readonly kind: 'sound'; readonly seconds: number }
  | { readonly kind: 'wrong'; readonly stage: keyof typeof stages; readonly problem: CellProblem }

/** The line of a property test's report that says what is wrong; the rest is for those who want to repeat it. */
const essence = (message: string): string =>
  (/^Got \w*error: (.*)$/im.exec(message)?.[1] ?? message.split('\n')[0]).replace(/^gradcheck: /, '')

/** The stage at which a check of properties has failed. */
export const stageOfCheck = ({ message }: CellProblem): 'gradient' | 'properties' =>
  /^Got \w*error: gradcheck: /im.test(message) ? 'gradient' : 'properties'

export function VerdictOf({ verdict }: { readonly verdict: Verdict }) {
  return (
    <div aria-live="polite">
      {verdict.kind === 'running' && <p class="verdict running">Runs it, and looks for mistakes…</p>}
      {verdict.kind === 'sound' && (
        <p class="verdict sound">
          <strong>Gradients agree with finite differences</strong>, and the compiled loop with the plain one,
          in twelve random cases ({verdict.seconds.toFixed(1)} s).
        </p>
      )}
      {verdict.kind === 'wrong' && <Wrong {...verdict} />}
    </div>
  )
}

function Wrong({ stage, problem: { message, line } }: Extract<Verdict, { kind: 'wrong' }>) {
  return (
    <div class="verdict wrong">
      <p>
        <strong>
          {stages[stage]}
          {line !== undefined && ` (line ${line})`}
        </strong>
      </p>
      <p>{essence(message)}</p>
      {message.includes('\n') && (
        <details>
          <summary>The whole report, with the seed that repeats it</summary>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
          <pre tabIndex={0}>{message}</pre>
        </details>
      )}
    </div>
  )
}

/** For the text of a link, which is code that somebody else has written. */
export function Untrusted({ onRun }: { readonly onRun: () => void }) {
  return (
    <div class="verdict untrusted">
      <p>
        <strong>This cell comes from a link: it is code, and runs when you say so.</strong>
      </p>
      <p>
        It runs in a worker that has neither network nor storage, and can do no more than keep a processor
        busy.
      </p>
      <button type="button" class="primary" onClick={onRun}>
        Run this cell
      </button>
    </div>
  )
}
