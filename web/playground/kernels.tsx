/** How a training step of a cell is compiled: its kernels as a graph, and what the compiler has to say. */
import { useState } from 'preact/hooks'
import type { Outline, OutlinedKernel } from '../work/index.js'
import { layers } from './layers.js'

const box = { width: 132, height: 34, gapX: 14, gapY: 30, inner: 22 } as const

/** A kernel in a few words. */
export function summary({ kind, text, loop }: OutlinedKernel): string {
  if (loop) return `${loop.steps} steps${loop.reverse ? ', backward' : ''}`
  const first = text.split('\n')[0]
  switch (kind) {
    case 'matmul': {
      const sizes = /(\d+x\d+) .*? by (\d+x\d+)/.exec(first)
      return sizes ? `${sizes[1]} by ${sizes[2]}`.replaceAll('x', '×') : ''
    }
    case 'map':
      return `${/\[(.*?)\]/.exec(first)?.[1].replaceAll(',', '×') || 'scalar'}, ${count(text.split('\n').filter(line => line.startsWith('  %')).length, 'operation')}`
    default:
      return first.replace(/^\w+ /, '').replace(/ ->.*| to .*/, '')
  }
}

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`

const heightOf = ({ loop }: OutlinedKernel): number =>
  box.height + (loop ? loop.kernels.length * box.inner + 6 : 0)

export function KernelGraph({ outline }: { readonly outline: Outline }) {
  const [chosen, choose] = useState<OutlinedKernel | undefined>()
  const { kernels } = outline
  const places = layers(kernels.map(({ after }) => after))
  const rows = Math.max(0, ...places.map(({ layer }) => layer)) + 1
  const heights = Array.from({ length: rows }, (_, row) =>
    Math.max(...kernels.filter((_, i) => places[i].layer === row).map(heightOf)),
  )
  const tops = heights.map((_, row) => heights.slice(0, row).reduce((a, b) => a + b + box.gapY, 4))
  const half = Math.max(...places.map(({ column }) => Math.abs(column))) + 0.5
  const pitch = box.width + box.gapX
  const width = 2 * half * pitch
  const height = tops[rows - 1] + heights[rows - 1] + 8
  const centre = (i: number): number => width / 2 + places[i].column * pitch
  const top = (i: number): number => tops[places[i].layer]
  return (
    <>
      <div class="scroll">
        {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is no picture */}
        <svg
          class="graph"
          width={width}
          height={height}
          viewBox={`0 0 ${width} ${height}`}
          role="group"
          aria-label={`${count(kernels.length, 'kernel')} of a training step`}
        >
          {kernels.flatMap(({ after }, i) =>
            after.map(before => {
              const [x1, y1] = [centre(before), top(before) + heightOf(kernels[before])]
              const [x2, y2] = [centre(i), top(i)]
              const bend = (y2 - y1) / 2
              return (
                <path
                  key={`${before}-${i}`}
                  class="edge"
                  d={`M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2}`}
                />
              )
            }),
          )}
          {kernels.map((kernel, i) => (
            <KernelBox
              key={`${i}-${kernel.text}`}
              kernel={kernel}
              x={centre(i) - box.width / 2}
              y={top(i)}
              chosen={chosen}
              onChoose={choose}
            />
          ))}
        </svg>
      </div>
      {chosen ? (
        <pre class="kernel-text">{chosen.text}</pre>
      ) : (
        <p class="note">Choose a kernel to read what it computes.</p>
      )}
      <Remarks outline={outline} />
    </>
  )
}

type BoxProps = {
  readonly kernel: OutlinedKernel
  readonly x: number
  readonly y: number
  readonly chosen: OutlinedKernel | undefined
  readonly onChoose: (kernel: OutlinedKernel) => void
}

function KernelBox({ kernel, x, y, chosen, onChoose }: BoxProps) {
  const { kind, loop } = kernel
  return (
    <>
      <KernelButton kernel={kernel} chosen={chosen} onChoose={onChoose} label={`${kind}, ${summary(kernel)}`}>
        <rect class={`kernel ${kind}`} x={x} y={y} width={box.width} height={heightOf(kernel)} rx="5" />
        <text class="kind" x={x + 8} y={y + 14}>
          {kind}
        </text>
        <text class="note" x={x + 8} y={y + 27}>
          {summary(kernel)}
        </text>
      </KernelButton>
      {loop?.kernels.map((inner, i) => {
        const top = y + box.height + i * box.inner
        return (
          <KernelButton
            key={`${i}-${inner.text}`}
            kernel={inner}
            chosen={chosen}
            onChoose={onChoose}
            label={`in the loop: ${inner.kind}, ${summary(inner)}`}
          >
            <rect
              class={`kernel inner ${inner.kind}`}
              x={x + 6}
              y={top}
              width={box.width - 12}
              height={box.inner - 3}
              rx="4"
            />
            <text class="note" x={x + 12} y={top + 13}>
              {inner.kind} {summary(inner).slice(0, 16)}
            </text>
          </KernelButton>
        )
      })}
    </>
  )
}

type ButtonProps = Omit<BoxProps, 'x' | 'y'> & {
  readonly label: string
  readonly children: preact.ComponentChildren
}

function KernelButton({ kernel, chosen, onChoose, label, children }: ButtonProps) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: there are no buttons in SVG
    <g
      role="button"
      tabIndex={0}
      aria-label={label}
      aria-pressed={kernel === chosen}
      class={kernel === chosen ? 'chosen' : ''}
      onClick={() => onChoose(kernel)}
      onKeyDown={event => {
        if (event.key !== 'Enter' && event.key !== ' ') return
        event.preventDefault()
        onChoose(kernel)
      }}
    >
      {children}
    </g>
  )
}

/** What each pass of the compiler says, those first that a writer of cells can do something about. */
const passes = {
  hoist: 'What leaves the loop, and what does not',
  differentiate: 'What the backward loop keeps, and what leaves it',
  fuse: 'What one kernel computes, and what was not fused',
  carry: 'How the state is handed on',
  simplify: 'What is computed once, or not at all',
  overlay: 'What is kept in the memory of something else',
  share: 'What shares memory',
} as const

function Remarks({ outline: { remarks } }: { readonly outline: Outline }) {
  const spoken = remarks.filter(({ dump }) => !dump)
  return (
    <>
      {Object.entries(passes).map(([pass, title]) => {
        const lines = spoken.filter(remark => remark.pass === pass)
        return (
          lines.length > 0 && (
            <details key={pass} open={pass === 'hoist'}>
              <summary>
                {title} <small>({lines.length})</small>
              </summary>
              <ul class="remarks">
                {lines.map(({ part, text }) => (
                  <li key={text}>{[...part, text].join(': ')}</li>
                ))}
              </ul>
            </details>
          )
        )
      })}
    </>
  )
}
