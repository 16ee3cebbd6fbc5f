/** What this browser has of what the page makes use of. */
export type Capabilities = {
  /** WebAssembly's vectors, without which nothing can be computed. */
  readonly simd: boolean
  /** Threads that share memory: the page is cross-origin isolated. */
  readonly threads: boolean
  /** Processors that the browser tells of. */
  readonly processors: number
}

/** A module with one function that makes a vector: valid where a browser has WebAssembly SIMD (128-bit). */
const vectorModule = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0], // magic, version
  ...[1, 5, 1, 96, 0, 1, 123], // type: () -> v128
  ...[3, 2, 1, 0], // function 0 has it
  ...[10, 8, 1, 6, 0, 65, 0, 253, 15, 11], // i32.const 0, i8x16.splat, end
)

/** What this browser has, as it is now: isolation comes with the service worker. */
export const capabilities = (): Capabilities => ({
  simd: typeof WebAssembly === 'object' && WebAssembly.validate(vectorModule),
  threads: globalThis.crossOriginIsolated === true && typeof SharedArrayBuffer === 'function',
  processors: navigator.hardwareConcurrency ?? 1,
})
