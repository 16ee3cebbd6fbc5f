import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'

const script = name => fileURLToPath(new URL(`./peers/${name}`, import.meta.url))
const threadCount = n => (n === 1 ? '1 thread' : `${n} threads`)

/** Debian's OpenBLAS with OpenMP: its other build gives PyTorch a second pool of threads, and is half as fast. */
const openblas = '/usr/lib/x86_64-linux-gnu/openblas-openmp'

/**
 * Who can be measured: a team is one library with all the ways in which it may compute, its candidates. It gives them for
 * `work` ('train', 'score' or 'start') and a list of thread counts: what to run, what to add to the work, and a label.
 * `stepsFor` is there where a team cannot do all steps in reasonable time.
 */
export const teams = {
  xenograd: {
    title: 'Xenograd',
    candidates: (_, threads) => threads.map(n => xenograd('lstm', n)),
  },
  blas: {
    title: 'Xenograd with BLAS',
    candidates: (work, threads) =>
      work === 'train' || work === 'score' ? threads.map(n => xenograd('lstm', n, 'on')) : [],
  },
  torch: {
    title: 'PyTorch',
    candidates: (work, threads) =>
      ['nn.LSTM', 'loop', 'script'].flatMap(variant =>
        (work === 'start' ? [1] : threads).flatMap(n => pytorch(variant, n)),
      ),
  },
  onnxruntime: {
    title: 'onnxruntime-node',
    candidates: (work, threads) =>
      work === 'score'
        ? threads.map(n => ({ label: threadCount(n), program: node('onnxruntime.js'), work: { threads: n } }))
        : [],
  },
  tfjs: {
    title: 'TensorFlow.js',
    stepsFor: hidden => (hidden <= 128 ? 250 : hidden <= 256 ? 25 : hidden <= 512 ? 13 : 5),
    candidates: () => [{ label: 'wasm', program: node('tfjs.js'), work: {} }],
  },
  jax: {
    title: 'jax-js',
    // Its compiler takes 20 s for 250 steps, and often does not return from them.
    stepsFor: hidden => (hidden <= 256 ? 50 : hidden <= 512 ? 25 : 5),
    candidates: () => [{ label: 'wasm', program: node('jax.js', '--stack-size=4000'), work: {} }],
  },
}

const node = (file, ...flags) => ({ command: process.execPath, args: [...flags, script(file)] })

/**
 * Xenograd with a cell (a name or a file) on a number of threads, with the widest vectors, as the command line takes
 * them; with `blas` 'on' large products go to the system's library.
 */
export const xenograd = (cell, threads, blas = 'off') => ({
  label: `${basename(cell, '.js')}, ${threadCount(threads)}`,
  program: {
    ...node('xenograd.js'),
    env: {
      XENOGRAD_THREADS: `${threads}`,
      XENOGRAD_BLAS: blas,
      XENOGRAD_VECTORS: process.env.XENOGRAD_VECTORS || 'auto',
    },
  },
  work: { variant: cell, threads, blas },
})

/** PyTorch's variants; which of OpenMP's ways to wait is faster depends on the machine. */
function pytorch(variant, threads) {
  const policies = threads === 1 ? ['passive'] : ['active', 'passive']
  return policies.map(policy => ({
    label: `${variant}, ${threadCount(threads)}${threads > 1 ? ` (${policy} wait)` : ''}`,
    program: {
      command: process.env.PYTHON ?? '/usr/bin/python3',
      args: [script('pytorch.py')],
      env: {
        OMP_NUM_THREADS: `${threads}`,
        OMP_WAIT_POLICY: policy,
        ...(existsSync(openblas) && { LD_LIBRARY_PATH: openblas }),
      },
    },
    work: { variant, threads },
  }))
}
