/** What the compiler has to say of a step: what left its loops, what it did not fuse, and why. */
import type { Outline } from '../work/index.js'

/** What each pass speaks of, those first that a writer of cells can do something about. */
const passes = {
  hoist: 'What leaves the loop, and what does not',
  differentiate: 'What the backward loop keeps, and what leaves it',
  fuse: 'What was not fused, and why',
  carry: 'How the state is handed on',
  simplify: 'What is computed once, or not at all',
  overlay: 'What lies in the memory of something else',
  share: 'What shares memory',
} as const satisfies Record<Outline['remarks'][number]['pass'], string>

const open: readonly string[] = ['hoist', 'differentiate']

export function Remarks({ remarks }: Pick<Outline, 'remarks'>) {
  const spoken = remarks.filter(({ dump }) => !dump)
  return (
    <div class="remarks">
      {Object.entries(passes).map(([pass, title]) => {
        const lines = spoken.filter(remark => remark.pass === pass)
        return (
          lines.length > 0 && (
            <details key={pass} open={open.includes(pass)}>
              <summary>
                {title} <small>({lines.length})</small>
              </summary>
              <ul>
                {lines.map(({ part, text }) => {
                  const line = [...part, text].join(': ')
                  return <li key={line}>{line}</li>
                })}
              </ul>
            </details>
          )
        )
      })}
    </div>
  )
}
