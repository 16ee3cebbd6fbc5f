/** How a training step of a cell is compiled: its kernels as a graph, what each computes, and the compiler's remarks. */
import { useState } from 'preact/hooks'
import type { Outline, OutlinedKernel } from '../work/index.js'
import { kindOf, summaryOf } from './kernelWords.js'
import { layers } from './layers.js'
import { Remarks } from './remarks.js'

const box = { width: 150, height: 38, gapX: 10, gapY: 26, inner: 25 } as const

/** Boxes beside each other, at most: as many as there is room for. */
const mostInARow = (): number => (matchMedia('(max-width: 640px)').matches ? 2 : 4)

const heightOf = ({ loop }: OutlinedKernel): number =>
  box.height + (loop ? loop.kernels.length * box.inner + 6 : 0)

/** Where kernels stand in the picture, in its units. */
type Drawing = {
  readonly width: number
  readonly height: number
  /** Of each kernel: the middle of its upper edge. */
  readonly tops: readonly { readonly x: number; readonly y: number }[]
}

function draw(kernels: readonly OutlinedKernel[]): Drawing {
  const places = layers(
    kernels.map(({ after }) => after),
    mostInARow(),
  )
  const rows = Math.max(0, ...places.map(({ layer }) => layer)) + 1
  const heights = Array.from({ length: rows }, (_, row) =>
    Math.max(...kernels.map((kernel, i) => (places[i].layer === row ? heightOf(kernel) : 0))),
  )
  const yOf = heights.map((_, row) =>
    heights.slice(0, row).reduce((sum, height) => sum + height + box.gapY, 4),
  )
  const half = Math.max(0, ...places.map(({ column }) => Math.abs(column))) + 0.5
  const pitch = box.width + box.gapX
  return {
    width: 2 * half * pitch,
    height: yOf[rows - 1] + heights[rows - 1] + 4,
    tops: places.map(({ layer, column }) => ({ x: (half + column) * pitch, y: yOf[layer] })),
  }
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

export function KernelGraph({ outline: { kernels, bytes, remarks } }: { readonly outline: Outline }) {
  const [chosen, choose] = useState<OutlinedKernel | undefined>()
  const { width, height, tops } = draw(kernels)
  const edges = kernels.flatMap(({ after }, i) => after.map(before => ({ before, i })))
  return (
    <div class="kernels">
      <div class="scroll">
        {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is no picture */}
        <svg
          class="graph"
          width={width}
          height={height}
          viewBox={`0 0 ${width} ${height}`}
          role="group"
          aria-label={`${kernels.length} kernels of a training step`}
        >
          {edges.map(({ before, i }) => (
            <Edge
              key={`${before}-${i}`}
              from={{ ...tops[before], y: tops[before].y + heightOf(kernels[before]) }}
              to={tops[i]}
              isNear={chosen !== undefined && (kernels[before] === chosen || kernels[i] === chosen)}
            />
          ))}
          {kernels.map((kernel, i) => (
            <KernelBox
              key={`${i}-${kernel.text}`}
              kernel={kernel}
              x={tops[i].x - box.width / 2}
              y={tops[i].y}
              chosen={chosen}
              onChoose={choose}
            />
          ))}
        </svg>
      </div>
      <div class="said">
        <p class="note">
          Forward, and backward, of {megabytes(bytes)} together. Each box is a function of WebAssembly; those
          in a loop run for every base. Choose one to read what it computes.
        </p>
        {chosen && (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
          <pre class="kernel-text" tabIndex={0}>
            {chosen.text}
          </pre>
        )}
        <Remarks remarks={remarks} />
      </div>
    </div>
  )
}

type Point = { readonly x: number; readonly y: number }

function Edge({ from, to, isNear }: { readonly from: Point; readonly to: Point; readonly isNear: boolean }) {
  const bend = (to.y - from.y) / 2
  const path = `M${from.x} ${from.y}C${from.x} ${from.y + bend} ${to.x} ${to.y - bend} ${to.x} ${to.y}`
  return <path class={isNear ? 'edge near' : 'edge'} d={path} />
}

type BoxProps = {
  readonly kernel: OutlinedKernel
  readonly x: number
  readonly y: number
  readonly chosen: OutlinedKernel | undefined
  readonly onChoose: (kernel: OutlinedKernel) => void
}

function KernelBox({ kernel, x, y, chosen, onChoose }: BoxProps) {
  return (
    <>
      <KernelButton kernel={kernel} chosen={chosen} onChoose={onChoose}>
        <rect
          class={`kernel ${kernel.kind}`}
          x={x}
          y={y}
          width={box.width}
          height={heightOf(kernel)}
          rx="6"
        />
        <text class="kind" x={x + 10} y={y + 16}>
          {`${kindOf(kernel)} `}
        </text>
        <text class="note" x={x + 10} y={y + 30}>
          {summaryOf(kernel)}
        </text>
      </KernelButton>
      {kernel.loop?.kernels.map((inner, i) => {
        const top = y + box.height + i * box.inner
        return (
          <KernelButton key={`${i}-${inner.text}`} kernel={inner} chosen={chosen} onChoose={onChoose} inLoop>
            <rect
              class={`kernel ${inner.kind}`}
              x={x + 6}
              y={top}
              width={box.width - 12}
              height={box.inner - 3}
              rx="4"
            />
            <text class="note" x={x + 14} y={top + 15}>
              {summaryOf(inner)}
            </text>
          </KernelButton>
        )
      })}
    </>
  )
}

type ButtonProps = Omit<BoxProps, 'x' | 'y'> & {
  readonly inLoop?: boolean
  readonly children: preact.ComponentChildren
}

function KernelButton({ kernel, chosen, onChoose, inLoop = false, children }: ButtonProps) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: there are no buttons in SVG
    <g
      role="button"
      // Names of attributes have their case in SVG.
      tabindex={0}
      aria-label={`${inLoop ? 'in the loop: ' : ''}${kindOf(kernel)} ${summaryOf(kernel)}`}
      aria-pressed={kernel === chosen}
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
