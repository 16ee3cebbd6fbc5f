import { referenceDevice } from '../../../engine/devices/reference/index.js'
import type { Device, DeviceBuffer, Kernel } from '../../../engine/index.js'
import type { LoopKernel } from '../../../engine/kernel/kernel.js'
import { operands, withViews } from '../../../engine/kernel/operands.js'
import type { View } from '../../../engine/kernel/shape.js'
import { lazy } from './lazy.js'

// Devices with one thing wrong, which the suite must find.

/** The reference device that runs other kernels than it is asked to, in loops, too. */
const computing = (change: (kernel: Kernel) => Kernel) => (): Device => {
  const reference = referenceDevice()
  const changed = (kernel: Kernel): Kernel =>
    kernel.kind === 'loop'
      ? change({ ...kernel, body: kernel.body.map(l => ({ ...l, kernel: changed(l.kernel) })) })
      : change(kernel)
  return { ...reference, compile: kernel => reference.compile(changed(kernel)) }
}

/** The reference device with some methods changed. */
const behaving = (change: (reference: Device) => Partial<Device>) => (): Device => {
  const reference = referenceDevice()
  return { ...reference, ...change(reference) }
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
const memoryOf = (buffer: DeviceBuffer): ArrayBuffer =>
  (buffer as DeviceBuffer & { memory: ArrayBuffer }).memory

function ignoring(work: () => void): void {
  try {
    work()
  } catch {}
}

const found = 'argument \\d+, element \\d+ is \\S+, on the reference device \\S+'
const inKernel = (kind: string) => new RegExp(`device .*: kernel ${kind}: ${found}[^]*\\(seed 1, path`)

/** By what is wrong: the device, and what one of the failures must say. */
export const mutants: Record<string, [device: () => Device, message: RegExp]> = {
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
    new RegExp(`device .*: programs of constants that JSON does not tell apart: ${found}`),
  ],
  'writes when it is read from': [
    behaving(reference => {
      const late: (() => void)[] = []
      return {
        write(buffer, data) {
          const copy = (data as Uint8Array).slice()
          late.push(() => reference.write(buffer, copy))
        },
        read(buffer) {
          for (const write of late.splice(0)) write()
          return reference.read(buffer)
        },
      }
    }),
    /order of writes, runs and reads: (read \d+, element \d+ is|.*after it was freed)/,
  ],
  'looks at data after write has returned': [
    () => lazy({ data: data => data }),
    /order of writes, runs and reads: read \d+, element \d+ is -1/,
  ],
  'looks at arguments after run has returned': [
    () => lazy({ args: args => args }),
    /order of writes, runs and reads: read \d+, element \d+ is/,
  ],
  'hands out its own memory': [
    behaving(() => {
      const shared = new Map<DeviceBuffer, ArrayBuffer>()
      return {
        async read(buffer) {
          const known = shared.get(buffer) ?? memoryOf(buffer).slice(0)
          new Uint8Array(known).set(new Uint8Array(memoryOf(buffer)))
          shared.set(buffer, known)
          return known
        },
      }
    }),
    /two reads gave the same memory|read \d+ of 100 at a time|order of/,
  ],
  'keeps a buffer of its own for every run': [
    behaving(reference => ({
      run(program, args) {
        reference.alloc(4)
        reference.run(program, args)
      },
    })),
    /memory is given back: leak: it holds .*, before/,
  ],
  'takes a write that does not fit': [
    behaving(reference => ({
      write: (buffer, data) =>
        reference.write(
          buffer,
          new Uint8Array(data.buffer, data.byteOffset, Math.min(data.byteLength, buffer.bytes)),
        ),
    })),
    /misuse is refused: write of 8 bytes into a buffer of 4 was accepted/,
  ],
  'frees twice': [
    behaving(reference => ({ free: buffer => ignoring(() => reference.free(buffer)) })),
    /misuse is refused: free of a buffer that was freed was accepted/,
  ],
  'writes to what was freed': [
    behaving(reference => ({ write: (buffer, data) => ignoring(() => reference.write(buffer, data)) })),
    /misuse is refused: write to a buffer that was freed was accepted/,
  ],
  'reads what was freed': [
    behaving(() => ({ read: async buffer => memoryOf(buffer).slice(0) })),
    /misuse is refused: read of a buffer that was freed was accepted/,
  ],
  'runs with what was freed': [
    behaving(reference => ({ run: (program, args) => ignoring(() => reference.run(program, args)) })),
    /misuse is refused: run with an input that was freed was accepted/,
  ],
  'runs into what was freed': [
    behaving(reference => {
      const freed = new WeakSet<DeviceBuffer>()
      return {
        free(buffer) {
          reference.free(buffer)
          freed.add(buffer)
        },
        run(program, args) {
          if (!freed.has(args[args.length - 1])) reference.run(program, args)
        },
      }
    }),
    /misuse is refused: run with an output that was freed was accepted/,
  ],
  'frees what work that was put off still uses': [
    () => lazy({ free: buffer => new Uint8Array(memoryOf(buffer)).fill(0xff) }),
    /(many reads at a time|order of writes, runs and reads): read \d+/,
  ],
  'frees nothing': [behaving(() => ({ free() {} })), /memory is given back: leak: it holds .*, before/],
  'frees nothing and has no stats': [
    behaving(({ alloc }) => {
      let left = 2 ** 27
      return {
        alloc(bytes) {
          left -= bytes
          if (left < 0) throw new Error('out of memory')
          return alloc(bytes)
        },
        free() {},
        stats: undefined,
      }
    }),
    /memory is given back: leak: alloc of \d+ bytes fails after \d of them.*: out of memory/,
  ],
  'reads what is written later': [
    behaving(() => ({
      async read(buffer) {
        await Promise.resolve()
        return memoryOf(buffer).slice(0)
      },
    })),
    /(order of writes, runs and reads: read \d+, element \d+|many reads at a time: read \d+ of 100)/,
  ],
  'answers two reads at once with the same': [
    behaving(() => {
      let staged = new ArrayBuffer(0)
      return {
        async read(buffer) {
          staged = memoryOf(buffer).slice(0)
          await Promise.resolve()
          return staged.slice(0)
        },
      }
    }),
    /(order of writes, runs and reads: read \d+, element \d+|many reads at a time: read \d+ of 100)/,
  ],
  'answers the last of several reads first': [
    behaving(() => {
      const waiting: ((bytes: ArrayBuffer) => void)[] = []
      return {
        read(buffer) {
          const bytes = memoryOf(buffer).slice(0)
          setImmediate(() => waiting.pop()!(bytes))
          return new Promise(resolve => waiting.push(resolve))
        },
      }
    }),
    /(order of writes, runs and reads: read \d+, element \d+|many reads at a time: read \d+ of 100)/,
  ],
  'runs before what was written': [
    () => lazy({ order: works => [...works].sort((a, b) => Number(b.isRun) - Number(a.isRun)) }),
    /order of writes, runs and reads: read \d+, element \d+ is/,
  ],
  'runs the later program first': [
    () => lazy({ order: works => [...works].reverse() }),
    /order of writes, runs and reads: read \d+, element \d+ is/,
  ],
  'ignores arguments that are too many': [
    behaving(reference => ({
      run: (program, args) =>
        reference.run(program, program.kernel.kind === 'map' && args.length > 3 ? args.slice(0, 3) : args),
    })),
    /run of a program of 3 arguments with 4 was accepted/,
  ],
  'goes on after it was closed': [
    behaving(() => ({ async close() {} })),
    /close: alloc after close was accepted/,
  ],
}

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
