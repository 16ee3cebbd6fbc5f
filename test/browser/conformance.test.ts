import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tape'
import { effort } from '../effort.js'
import { openPage, testInChromium } from './chromium.js'
import type { Report } from './page.js'
import { servePage } from './server.js'

// Devices in a browser: a page on localhost runs the conformance suite and some more (page.ts).

/** gpu.js as browsers load it, where the tests of the device gpu have it. */
const gpuScript = [process.env.XENOGRAD_GPU_PACKAGES, '.']
  .filter(folder => folder !== undefined)
  .map(folder => join(folder, 'node_modules/gpu.js/dist/gpu-browser.js'))
  .find(path => existsSync(path))

type Page = {
  readonly device: string
  readonly isolated: boolean
  readonly flags?: readonly string[]
  /** What of `navigator` the page shall do without. */
  readonly without?: 'gpu'
}

/** What a page finds; undefined, with a failure, when the browser ends before. */
async function visit(
  t: Test,
  chromium: string,
  { device, isolated, flags, without }: Page,
): Promise<Report | undefined> {
  const server = await servePage(isolated, device === 'gpu' ? gpuScript : undefined)
  const query = `device=${device}&effort=${effort / 4}${without ? `&without=${without}` : ''}`
  const browser = openPage(chromium, server.url(query), flags)
  let log = ''
  browser.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log += text
  })
  const ended = new Promise<undefined>(resolve => {
    browser.once('error', error => {
      log += error.message
      resolve(undefined)
    })
    browser.once('close', () => resolve(undefined))
  })
  const report = (await Promise.race([server.result, ended])) as Report | undefined
  browser.kill()
  await ended
  server.close()
  if (!report) t.fail(`the browser ended without a result:\n${log}`)
  for (const message of report?.failed ?? []) t.fail(message)
  for (const message of report?.skipped ?? []) t.comment(`skipped: ${message}`)
  return report
}

testInChromium(
  'browser: wasm with threads under cross-origin isolation, alone without, to the same bits',
  async (t, chromium) => {
    const isolated = await visit(t, chromium, { device: 'wasm', isolated: true })
    const alone = await visit(t, chromium, { device: 'wasm', isolated: false })
    if (!isolated || !alone) return
    t.ok(isolated.passed.length > 20, `${isolated.passed.length} tests in ${isolated.description}`)
    t.ok(alone.passed.length > 20, `${alone.passed.length} tests in ${alone.description}`)
    t.deepEqual([isolated.isolated, isolated.threads, isolated.twoThreads], [true, true, 'works'])
    t.ok(
      isolated.tasks > 5,
      `the page is free while workers compute: its event loop did ${isolated.tasks} tasks`,
    )
    t.deepEqual([alone.isolated, alone.threads], [false, false])
    t.match(alone.description, /, 1 thread,/)
    t.match(
      alone.twoThreads,
      /no threads that share memory; open it with the option threads: 1, or serve the page cross-origin/,
    )
    t.equal(isolated.digest, alone.digest, 'same bits')
  },
)

testInChromium('browser: gpu', async (t, chromium) => {
  if (!gpuScript) return t.skip('skipped: gpu.js is not installed; see README, device gpu')
  const flags = [
    '--enable-unsafe-webgpu',
    '--enable-features=Vulkan',
    '--use-webgpu-adapter=swiftshader',
    '--ignore-gpu-blocklist',
  ]
  const report = await visit(t, chromium, { device: 'gpu', isolated: false, flags })
  if (!report || report.skipped.length) return
  t.ok(report.passed.length > 20, `${report.passed.length} tests in ${report.description}`)
  t.ok(report.difference < 1e-5, `a recurrence as of wasm, within ${report.difference.toExponential(1)}`)
})

testInChromium('browser: gpu, by WebGL2 where there is no WebGPU', async (t, chromium) => {
  if (!gpuScript) return t.skip('skipped: gpu.js is not installed; see README, device gpu')
  const flags = ['--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--ignore-gpu-blocklist']
  const report = await visit(t, chromium, { device: 'gpu', isolated: false, flags, without: 'gpu' })
  if (!report || report.skipped.length) return
  t.ok(report.passed.length > 20, `${report.passed.length} tests in ${report.description}`)
  t.ok(report.difference < 1e-5, `a recurrence as of wasm, within ${report.difference.toExponential(1)}`)
  t.match(report.description, /^gpu\.js, WebGL2 on ANGLE .*\(software on the CPU\)$/)
  t.match(
    report.refused,
    /this browser has no WebGPU .*; nor is there WebGL2: .*\(software on the CPU\).*option allowCpu/,
  )
  const [first, made, deleted] = report.textures
  t.ok(first > 0, `the first steps make ${first} textures`)
  t.equal(made, deleted, `200 more keep none of the ${made} that they make`)
})
