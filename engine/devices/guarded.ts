import { printKernel } from '../kernel/kernel.js'
import { argumentBytes } from '../kernel/operands.js'
import type { Device, DeviceBuffer, Launch, Pairing, Program } from './device.js'

/**
 * A device that refuses misuse as the trait asks for it, around one that need not check anything: buffers that were
 * freed or are another device's, data that does not fit, too few, too many or too small arguments, use after `close`.
 * @throws Error at the call; nothing has changed then.
 */
export function guarded(inner: Device): Device {
  const live = new WeakSet<DeviceBuffer>()
  /** The least bytes of each argument. */
  const argumentSizes = new WeakMap<Program, readonly number[]>()
  let closed = false

  function checkOpen(): void {
    if (closed) throw new Error(`${inner.name} device: used after it was closed; open another`)
  }
  function checkBuffer(buffer: DeviceBuffer): void {
    checkOpen()
    if (!live.has(buffer)) throw new Error(`${inner.name} device: use of a buffer after it was freed`)
  }
  function checkArguments(program: Program, args: readonly DeviceBuffer[]): void {
    const bytes = argumentSizes.get(program)
    const refusal = (reason: string) =>
      new RangeError(`${inner.name} device: ${reason}:\n${printKernel(program.kernel)}`)
    if (!bytes) throw refusal('run of a program that another device has compiled')
    if (args.length !== bytes.length)
      throw refusal(`${args.length} arguments for a kernel of ${bytes.length}`)
    for (let i = 0; i < args.length; i++) {
      checkBuffer(args[i])
      if (args[i].bytes < bytes[i])
        throw refusal(`argument ${i} has ${args[i].bytes} bytes, the kernel takes ${bytes[i]}`)
    }
  }

  function guardedPairing(): Pairing | undefined {
    checkOpen()
    const pairing = inner.pairing!()
    return (
      pairing && {
        invitation: () => pairing.invitation(),
        join(invitation, rank) {
          const pair = pairing.join(invitation, rank)
          return {
            add(buffer, dtype) {
              checkBuffer(buffer)
              pair.add(buffer, dtype)
            },
            close: () => pair.close(),
          }
        },
      }
    )
  }

  return {
    name: inner.name,
    get description() {
      return inner.description
    },
    ...(inner.matmulEps !== undefined && { matmulEps: inner.matmulEps }),
    ...(inner.mapEps !== undefined && { mapEps: inner.mapEps }),
    ...(inner.chosen && { chosen: inner.chosen }),
    ...(inner.saturates !== undefined && { saturates: inner.saturates }),
    alloc(bytes) {
      checkOpen()
      const buffer = inner.alloc(bytes)
      live.add(buffer)
      return buffer
    },
    free(buffer) {
      checkBuffer(buffer)
      live.delete(buffer)
      inner.free(buffer)
    },
    write(buffer, data) {
      checkBuffer(buffer)
      if (data.byteLength > buffer.bytes)
        throw new RangeError(
          `${inner.name} device: write of ${data.byteLength} bytes into a buffer of ${buffer.bytes}`,
        )
      inner.write(buffer, data)
    },
    async read(buffer) {
      checkBuffer(buffer)
      return inner.read(buffer)
    },
    ...(inner.mapped && {
      mapped(buffer: DeviceBuffer) {
        checkBuffer(buffer)
        return inner.mapped!(buffer)
      },
    }),
    compile(kernel) {
      checkOpen()
      const bytes = argumentBytes(kernel)
      const program = inner.compile(kernel)
      if (program) argumentSizes.set(program, bytes)
      return program
    },
    run(program, args) {
      checkOpen()
      checkArguments(program, args)
      inner.run(program, args)
    },
    ...(inner.pairing && { pairing: () => guardedPairing() }),
    ...(inner.runAll && {
      runAll(launches: readonly Launch[]) {
        checkOpen()
        for (const { program, args } of launches) checkArguments(program, args)
        inner.runAll!(launches)
      },
    }),
    ...(inner.forget && {
      forget(launches: readonly Launch[]) {
        checkOpen()
        inner.forget!(launches)
      },
    }),
    ...(inner.release && {
      release(program: Program) {
        checkOpen()
        argumentSizes.delete(program)
        inner.release!(program)
      },
    }),
    ...(inner.overflowed && {
      async overflowed() {
        checkOpen()
        return inner.overflowed!()
      },
    }),
    ...(inner.stats && { stats: () => inner.stats!() }),
    async close() {
      checkOpen()
      closed = true
      await inner.close()
    },
  }
}
