import type { AddressType } from '../memory.js'
import type { ModuleCode } from './linker.js'

/** What the pool tells workers by message; all else is in the ring. */
export type Message =
  /** The first: the worker's number, how many there are, the ring's memory (ring.ts) and the device's, with the type of its addresses. */
  | {
      readonly kind: 'start'
      readonly worker: number
      readonly workers: number
      readonly block: SharedArrayBuffer
      readonly memory: WebAssembly.Memory
      readonly addressType: AddressType
    }
  | { readonly kind: 'program'; readonly id: number; readonly code: ModuleCode }
  | { readonly kind: 'stagingBuffer'; readonly id: number; readonly block: SharedArrayBuffer }

/** What the first worker answers when it has filled a staging buffer; `failed`: its contents mean nothing. */
export type Answer = { readonly id: number; readonly failed: boolean }

/** Bytes of the largest staging buffer that is used again. */
const largestKept = 1 << 20
/** Whether a staging buffer stays with the workers after its first use. */
export const isKept = (block: SharedArrayBuffer): boolean => block.byteLength <= largestKept
