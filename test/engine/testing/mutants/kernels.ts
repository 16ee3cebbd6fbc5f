import { referenceDevice } from '../../../../engine/devices/reference/index.js'
import type { Device, Kernel } from '../../../../engine/index.js'
import type { LoopKernel } from '../../../../engine/kernel/kernel.js'
import { operands, withViews } from '../../../../engine/kernel/operands.js'
import type { View } from '../../../../engine/kernel/shape.js'
import { behaving, type Mutants, memoryOf, wrongElement } from './mutant.js'

/** The reference device that runs other kernels than it is asked to, in loops, too. */
const computing = (change: (kernel: Kernel) => Kernel) => (): Device => {
  const reference = referenceDevice()
  const changed = (kernel: Kernel): Kernel =>
    kernel.kind === 'loop'
      ? change({ ...kernel, body: kernel.body.map(l => ({ ...l, kernel: changed(l.kernel) })) })
      : change(kernel)
  return { ...reference, compile: kernel => reference.compile(changed(kernel)) }
}

/** What a kernel reads, through other views. */
const readThrough = (kernel: Kernel, change: (view: View) => View): Kernel =>
  kernel.kind === 'loop'
    ? kernel
    : withViews(
        kernel,
        operands(kernel).map(({ role, view }) => (role === 'read' ? change(view) : view)),
      )

/** After every run of some kernels, something is done to the last argument. */
const spoiling = (which: (kernel: Kernel) => boolean, spoil: (out: Float32Array) => void) =>
  behaving(reference => {
    return {
      run(program, args) {
        reference.run(program, args)
        if (which(program.kernel)) {
          const out = args[args.length - 1]
          const bytes = memoryOf(out).slice(0)
          spoil(new Float32Array(bytes))
          reference.write(out, new Uint8Array(bytes))
        }
      },
    }
  })

/** As a product of operands of 11 bits. */
function roughly(out: Float32Array): void {
  out.forEach((x, i) => {
    out[i] = x * (1 + 2 ** -11)
  })
}

/** Every iteration reads and writes the same buffers. */
const withoutAlternation = (kernel: LoopKernel): LoopKernel => ({
  ...kernel,
  body: kernel.body.map(launch => ({ ...launch, args: launch.args.map(arg => ({ ...arg, odd: arg.even })) })),
})

const inKernel = (kind: string) => new RegExp(`device .*: kernel ${kind}: ${wrongElement}[^]*\\(seed 1, path`)

/** Devices that compute something else than a kernel means. */
export const kernelMutants: Mutants = {
  'repeats along the wrong axis': [
    computing(kernel =>
      readThrough(kernel, ({ offset, strides }) => ({
        offset,
        strides: strides.length === 2 && strides[0] === 0 ? [strides[1], 0] : strides,
      })),
    ),
    inKernel('map'),
  ],
  'is off by one where a view does not begin at 0': [
    computing(kernel =>
      readThrough(kernel, view => ({
        ...view,
        offset: view.strides.every(s => s >= 0) ? Math.max(0, view.offset - 1) : view.offset,
      })),
    ),
    inKernel('matmul'),
  ],
  'fills with zeros only': [
    computing(kernel =>
      kernel.kind === 'copy' && typeof kernel.source === 'number' ? { ...kernel, source: 0 } : kernel,
    ),
    inKernel('copy'),
  ],
  'adds nothing to what is there': [
    computing(kernel => ('accumulate' in kernel ? { ...kernel, accumulate: false } : kernel)),
    inKernel('matmul'),
  ],
  'misses the last row of a table': [
    computing(kernel =>
      kernel.kind === 'gather' && kernel.rows > 1 ? { ...kernel, rows: kernel.rows - 1 } : kernel,
    ),
    inKernel('gather'),
  ],
  'begins sums at the first element twice': [
    spoiling(
      kernel => kernel.kind === 'reduce' && kernel.op === 'sum' && kernel.dtype === 'float32',
      out => {
        if (out.length > 2) out[0] *= 2
      },
    ),
    inKernel('reduce'),
  ],
  'finds no NaN in maxima': [
    spoiling(
      kernel => kernel.kind === 'reduce' && kernel.op === 'max' && kernel.dtype === 'float32',
      out => {
        out.forEach((x, i) => {
          if (Number.isNaN(x)) out[i] = 0
        })
      },
    ),
    /(kernel reduce|operation max): .*element \d+ is 0, on the reference device NaN/,
  ],
  'multiplies in 11 bits without saying so': [
    spoiling(kernel => kernel.kind === 'matmul' && kernel.dtype === 'float32', roughly),
    inKernel('matmul'),
  ],
  'writes one element too many': [
    spoiling(
      kernel => kernel.kind === 'randomBits',
      out => {
        out[out.length - 1] = 0
      },
    ),
    inKernel('randomBits'),
  ],
  'runs loops forwards only': [
    computing(kernel => (kernel.kind === 'loop' ? { ...kernel, reverse: false } : kernel)),
    inKernel('loop'),
  ],
  'takes the carry from the wrong buffer': [
    computing(kernel => (kernel.kind === 'loop' ? withoutAlternation(kernel) : kernel)),
    inKernel('loop'),
  ],
  'keeps programs by their JSON, which has no infinities': [
    behaving(reference => {
      const programs = new Map<string, ReturnType<Device['compile']>>()
      return {
        compile(kernel) {
          const key = JSON.stringify(kernel)
          if (!programs.has(key)) programs.set(key, reference.compile(kernel))
          return programs.get(key)!
        },
      }
    }),
    new RegExp(`device .*: programs of constants that JSON does not tell apart: ${wrongElement}`),
  ],
}
