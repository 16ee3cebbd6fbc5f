import type { Device, DeviceBuffer, Program } from '../../device.js'
import { type Kernel, kernelKey, printKernel } from '../../kernel.js'
import { Allocator, maxPages } from './allocator.js'
import { argumentBytes } from './bounds.js'
import { emitKernel } from './emit.js'
import { hostTarget, type Target } from './target.js'

type WasmBuffer = DeviceBuffer & { pointer: number }
type WasmProgram = Program & {
  /** The least bytes of each argument. */
  readonly bytes: readonly number[]
  readonly run: (...pointers: number[]) => void
}

function pointerOf(buffer: DeviceBuffer): number {
  const { pointer } = buffer as WasmBuffer
  if (pointer === 0) throw new Error('wasm device: use of a buffer after it was freed')
  return pointer
}

/** @throws RangeError when the arguments are not what the program was compiled for. */
function checkArguments({ kernel, bytes }: WasmProgram, args: readonly DeviceBuffer[]): void {
  if (args.length !== bytes.length)
    throw new RangeError(
      `wasm device: ${args.length} arguments for a kernel of ${bytes.length}:\n${printKernel(kernel)}`,
    )
  for (let i = 0; i < args.length; i++)
    if (args[i].bytes < bytes[i])
      throw new RangeError(
        `wasm device: argument ${i} has ${args[i].bytes} bytes, the kernel takes ${bytes[i]}:\n${printKernel(kernel)}`,
      )
}

/**
 * The default device: every kernel becomes a WebAssembly module, emitted here, with shapes, strides and constants in
 * its code. Takes float32 and int32. Work is done when `run` returns.
 * `target`: what the modules may use; by default all that the host has. Throws where there is no WebAssembly SIMD.
 */
export function wasmDevice(target: Target = hostTarget()): Device {
  let open: Allocator | undefined = new Allocator()
  const programs = new Map<string, WasmProgram>()
  const scratch = new WebAssembly.Global({ value: 'i32', mutable: true }, 0)
  let scratchBytes = 0

  function allocator(): Allocator {
    if (!open) throw new Error('wasm device: used after it was closed; open another')
    return open
  }

  function bytesAt(buffer: DeviceBuffer, bytes: number): Uint8Array {
    // A new view every time: memory that has grown is another ArrayBuffer.
    return new Uint8Array(allocator().memory.buffer, pointerOf(buffer), bytes)
  }

  function needScratch(bytes: number): void {
    if (bytes <= scratchBytes) return
    const pointer = allocator().alloc(bytes)
    if (scratchBytes) allocator().free(scratch.value >>> 0)
    scratch.value = pointer | 0
    scratchBytes = bytes
  }

  function instantiate(kernel: Kernel): WasmProgram {
    const bytes = argumentBytes(kernel)
    const builder = emitKernel(target, kernel)
    needScratch(builder.scratchBytes)
    const module = new WebAssembly.Module(builder.encode(maxPages))
    const { exports } = new WebAssembly.Instance(module, { env: { memory: allocator().memory, scratch } })
    return { kernel, bytes, run: exports.run as WasmProgram['run'] }
  }

  return {
    name: 'wasm',
    description: `WebAssembly SIMD, 1 thread, ${target.relaxed ? 'fused multiply-add (relaxed SIMD)' : 'no fused multiply-add'}`,
    alloc(bytes) {
      return { bytes, pointer: allocator().alloc(bytes) } as WasmBuffer
    },
    free(buffer) {
      allocator().free(pointerOf(buffer))
      ;(buffer as WasmBuffer).pointer = 0
    },
    write(buffer, data) {
      if (data.byteLength > buffer.bytes)
        throw new RangeError(
          `wasm device: write of ${data.byteLength} bytes into a buffer of ${buffer.bytes}`,
        )
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
      bytesAt(buffer, data.byteLength).set(bytes)
    },
    async read(buffer) {
      return bytesAt(buffer, buffer.bytes).slice().buffer
    },
    compile(kernel) {
      const key = kernelKey(kernel)
      // The only place where a dtype can be is in a `dtype` field, at any depth.
      if (key.includes('"dtype":"float64"')) return null
      const program = programs.get(key) ?? instantiate(kernel)
      programs.set(key, program)
      return program
    },
    run(program, args) {
      checkArguments(program as WasmProgram, args)
      ;(program as WasmProgram).run(...args.map(pointerOf))
    },
    async close() {
      programs.clear()
      open = undefined
    },
  }
}
