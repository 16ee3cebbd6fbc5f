import type { Allocator } from '../allocator.js'
import type { WordAddress } from './assembler.js'

/** The most words that a device keeps: a model's kernels have some hundreds. */
const capacity = 4096

/**
 * Keeps constants in memory, each once: gives a constant's address, or undefined once there are too many. From version
 * 13 on V8 makes every vector constant anew wherever it is used, in three instructions that all wait for the
 * same port: exp, tanh and the like take 1.7 times as long as with constants that are loaded (bench/kernels.js).
 */
export function constantsIn(allocator: Allocator): WordAddress {
  const addresses = new Map<number, number>()
  // Taken while nothing is under way: constants are written at once, past the queue, and memory that was freed since may
  // still be read by what is queued.
  const start = allocator.alloc(4 * capacity)
  return word => {
    const known = addresses.get(word)
    if (known !== undefined || addresses.size === capacity) return known
    const address = start + 4 * addresses.size
    new Int32Array(allocator.memory.buffer, address, 1)[0] = word
    addresses.set(word, address)
    return address
  }
}
