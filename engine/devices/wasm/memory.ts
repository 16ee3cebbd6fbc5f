import { nodeProcess } from '../shared/node.js'

/** WebAssembly memories, whose addresses have 32 bits, or 64 where the host has that (webassembly.github.io/memory64). */

/** The type of a memory's addresses. */
export type AddressType = 'i32' | 'i64'

export const pageBytes = 65536

/**
 * Pages of the largest memory: all that 32-bit addresses reach (4 GiB), and what V8 lets a memory with 64-bit addresses
 * have (16 GiB).
 */
export const mostPages = { i32: 1 << 16, i64: 1 << 18 } as const

/** How large a memory is, and may become, in pages; `shared`: whether threads may share it. */
type MemorySize = { readonly initial: number; readonly maximum: number; readonly shared: boolean }

/** A new memory. @throws RangeError where the host has no room for it; TypeError where it has no such addresses. */
export function newMemory(addressType: AddressType, size: MemorySize): WebAssembly.Memory {
  if (addressType === 'i32') return new WebAssembly.Memory(size)
  const { initial, maximum, shared } = size
  const descriptor = { initial: BigInt(initial), maximum: BigInt(maximum), shared, address: 'i64' }
  // TypeScript's declarations know 32-bit addresses only.
  return new WebAssembly.Memory(descriptor as unknown as WebAssembly.MemoryDescriptor)
}

/** Have a memory grow. @throws RangeError where it cannot. */
export function growMemory(memory: WebAssembly.Memory, addressType: AddressType, pages: number): void {
  if (addressType === 'i32') memory.grow(pages)
  else (memory.grow as unknown as (pages: bigint) => void).call(memory, BigInt(pages))
}

/** Why there is no memory with 64-bit addresses on this host; undefined if there is. */
export function no64BitMemory(): string | undefined {
  try {
    newMemory('i64', { initial: 0, maximum: 1, shared: false })
    return undefined
  } catch {
    // Sizes are numbers here, and BigInts there.
  }
  const node = nodeProcess()?.versions?.node
  return node === undefined ? 'this host has none' : `Node ${node} has none: use Node 24 or later`
}

/** Words that are looked at before what they are part of is copied. */
const wordsAtOnce = pageBytes / 4

/**
 * Copy the first `bytes` bytes of a memory, a multiple of 4, to another. What is zero there is not written: pages that nobody has touched
 * stay untouched, and take no room.
 */
export function copyMemory(from: WebAssembly.Memory, to: WebAssembly.Memory, bytes: number): void {
  for (let start = 0; start < bytes; start += 4 * wordsAtOnce) {
    const words = Math.min(wordsAtOnce, (bytes - start) / 4)
    const source = new Int32Array(from.buffer, start, words)
    let i = 0
    while (i < words && source[i] === 0) i++
    if (i < words) new Int32Array(to.buffer, start, words).set(source)
  }
}
