import { receiveMessageOnPort, workerData } from 'node:worker_threads'
import { blasImports } from './blas.js'
import { type Assignment, commands, control, patience, type WorkerData } from './team.js'

// A thread of the wasm device (see team.ts): waits for its turn, loads or runs a program, says that it is done.

const { port, memory, words: block } = workerData as WorkerData
const words = new Int32Array(block)
const programs = new Map<number, { run: (...pointers: number[]) => void; offsets: readonly number[] }>()
const scratch = new WebAssembly.Global({ value: 'i32', mutable: true }, 0)

function awaitTurn(seen: number): void {
  for (let i = 0; i < patience; i++) if (Atomics.load(words, control.turn) !== seen) return
  while (Atomics.load(words, control.turn) === seen) Atomics.wait(words, control.turn, seen)
}

function load(): void {
  const received = receiveMessageOnPort(port)
  if (!received) throw new Error('no program came with the command to load it')
  const { id, module, offsets, scratch: own, blas } = received.message as Assignment
  scratch.value = own
  const { exports } = new WebAssembly.Instance(module, {
    env: { memory, scratch, ...blasImports(blas, memory) },
  })
  programs.set(id, { run: exports.run as (...pointers: number[]) => void, offsets })
}

function run(): void {
  const program = programs.get(words[control.id])
  if (!program) throw new Error(`program ${words[control.id]} was never loaded`)
  const pointers = words.subarray(control.pointers, control.pointers + words[control.count])
  program.run(...program.offsets.map((offset, i) => pointers[i] + offset))
}

for (let turn = 0; ; turn = (turn + 1) | 0) {
  awaitTurn(turn)
  try {
    if (words[control.command] === commands.load) load()
    else run()
  } catch (error) {
    port.postMessage(error instanceof Error ? error.message : String(error))
    Atomics.store(words, control.failed, 1)
  }
  Atomics.add(words, control.done, 1)
  Atomics.notify(words, control.done)
}
