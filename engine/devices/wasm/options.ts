import { type OptionValues, option } from '../options.js'

/** What the device wasm may be opened with. */
export const wasmOptions = {
  threads: option.wholeNumber(1, {
    meaning: 'threads to compute with',
    otherwise: 'one for each core',
    variable: 'XENOGRAD_THREADS',
  }),
  vectors: option.oneOf(['128', '256', 'auto'], {
    meaning:
      'width of the vectors in bits, to the same results: 256 (from Node 24 on, on x64) is nearly twice as fast as 128; ' +
      'auto is the widest there is',
    // Wider ones take a flag of V8's that concerns the whole process.
    otherwise: '128',
    variable: 'XENOGRAD_VECTORS',
  }),
  memory64: option.oneOf(['auto', 'on', 'off', 'unchecked'], {
    meaning:
      'addresses of 64 bits, for more memory than 4 GiB (from Node 24 on), to the same results in twice the time: never, ' +
      'always, or from when they are needed (auto; unchecked: then without the checks of every address that take that time)',
    otherwise: 'auto',
    variable: 'XENOGRAD_MEMORY64',
  }),
  blas: option.text('off, auto, on, or the path of a library', {
    meaning:
      'who computes large products of matrices: the BLAS library that is found, where it is faster (auto), or for all of ' +
      'them (on), one by its path, or none (off); results differ in their last bits',
    otherwise: 'off',
    variable: 'XENOGRAD_BLAS',
  }),
} as const

export type WasmOptions = OptionValues<typeof wasmOptions>
