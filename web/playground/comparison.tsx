/** Cells in training, in numbers. */
import { fixed } from '../ui/format.js'
import type { Progress } from './progress.js'

/** A cell in training; `className` gives its colour. */
export type Compared = Progress & { readonly label: string; readonly className: string }

export function Comparison({ compared }: { readonly compared: readonly Compared[] }) {
  return (
    <div class="scroll">
      <table class="comparison">
        <thead>
          <tr>
            <th scope="col">Cell</th>
            <th scope="col" class="number">
              Step
            </th>
            <th scope="col" class="number">
              Loss
            </th>
            <th scope="col" class="number">
              AUROC [95 %]
            </th>
            <th scope="col" class="number">
              Steps/s
            </th>
          </tr>
        </thead>
        <tbody>
          {compared.map(row => (
            <Row key={row.className} {...row} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Row({ label, className, losses, validations, stepsPerSecond }: Compared) {
  const validation = validations.at(-1)
  return (
    <tr>
      <th scope="row">
        <span class={`key ${className}`} /> {label}
      </th>
      <td class="number">{losses.length}</td>
      <td class="number">{fixed(losses.at(-1) ?? Number.NaN, 4)}</td>
      <td class="number">
        {validation
          ? `${fixed(validation.auroc, 3)} [${fixed(validation.low, 3)}, ${fixed(validation.high, 3)}]`
          : 'at step 50'}
      </td>
      <td class="number">{fixed(stepsPerSecond, 0)}</td>
    </tr>
  )
}
