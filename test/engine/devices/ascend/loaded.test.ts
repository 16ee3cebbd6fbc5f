import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { loadFfi } from '../../../../engine/devices/ascend/library.js'
import { testUnless } from '../../../testUnless.js'

const missing =
  process.platform !== 'linux'
    ? 'only Linux tells which libraries are loaded'
    : await loadFfi().then(
        () => undefined,
        () => 'no koffi; npm install koffi',
      )

/** Any library, under a name that nobody else loads. */
function copyOfLibrary(folder: string): string {
  const { sharedObjects } = process.report.getReport() as { sharedObjects: string[] }
  const copy = join(folder, 'libloaded.so')
  copyFileSync(sharedObjects.find(path => path.includes('libm.so'))!, copy)
  return copy
}

testUnless(missing, 'ascend: a library stays loaded when nothing refers to it any more', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'loaded-'))
  const path = copyOfLibrary(folder)
  const isLoaded = () => readFileSync('/proc/self/maps', 'utf8').includes(path)
  t.notOk(isLoaded())
  await loadFfi().then(ffi => ffi.load(path, { global: false }).func('double cos(double x)'))
  t.ok(isLoaded())
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let i = 0; i < 5; i++) {
    collect()
    await delay(1)
  }
  t.ok(isLoaded())
  rmSync(folder, { recursive: true })
})
