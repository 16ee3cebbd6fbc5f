import type { DeviceBuffer } from '../../../../engine/index.js'
import { lazy } from '../lazy.js'
import { behaving, type Mutants, memoryOf } from './mutant.js'

function ignoring(work: () => void): void {
  try {
    work()
  } catch {}
}

/** Devices that do something else with memory, or in another order, than they are asked to. */
export const memoryMutants: Mutants = {
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
