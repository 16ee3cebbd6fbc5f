// The foreign function interface by itself: what C functions are called with, and what the same calls cost when the
// functions return at once.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadFfi } from '../dist/engine/devices/ascend/library.js'
import { header } from '../dist/engine/devices/ascend/prototypes.js'

/** The interface, which adds every call, as prototype and arguments, to `tap.calls` while that is an array. */
export async function tapped(tap) {
  const ffi = await loadFfi()
  return {
    ...ffi,
    load(path, options) {
      const library = ffi.load(path, options)
      return {
        func(prototype) {
          const call = library.func(prototype)
          return (...args) => {
            tap.calls?.push({ prototype, args })
            return call(...args)
          }
        },
      }
    },
  }
}

/** A library of all functions that the device `ascend` calls, each of which returns at once. */
async function emptyLibrary() {
  const folder = mkdtempSync(join(tmpdir(), 'xenograd-crossings-'))
  const resultOf = declaration =>
    declaration.startsWith('int ') ? '0' : declaration.startsWith('const char') ? '""' : '(void *)64'
  const source = header()
    .replace('#pragma once', '')
    .replace(/^(.+\));$/gm, (_, declaration) => `${declaration} { return ${resultOf(declaration)}; }`)
  const [file, library] = ['empty.c', 'empty.so'].map(name => join(folder, name))
  writeFileSync(file, source)
  execFileSync('cc', ['-O2', '-shared', '-fPIC', '-o', library, file])
  return (await loadFfi()).load(library, { global: false })
}

/** Milliseconds that calls take when the functions return at once: the fastest of `rounds`, less the time of the loop. */
export async function crossingTime(calls, rounds = 9) {
  const library = await emptyLibrary()
  const bound = new Map()
  for (const { prototype } of calls) if (!bound.has(prototype)) bound.set(prototype, library.func(prototype))
  const time = functionOf => {
    const functions = calls.map(({ prototype }) => functionOf(prototype))
    const times = Array.from({ length: rounds }, () => {
      const start = performance.now()
      for (let i = 0; i < calls.length; i++) functions[i](...calls[i].args)
      return performance.now() - start
    })
    return Math.min(...times)
  }
  return time(prototype => bound.get(prototype)) - time(() => () => 0)
}
