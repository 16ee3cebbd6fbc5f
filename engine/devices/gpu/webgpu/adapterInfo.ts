// Run as a process of its own by lookForAdapter (see adapter.ts), with the URL of the package webgpu: prints what the
// adapter that it finds says of itself, as JSON, or null. A driver may print lines of its own.

import { writeSync } from 'node:fs'

const { create } = (await import(process.argv[2])) as { create(options: string[]): GPU }
const adapter = await create([]).requestAdapter({ powerPreference: 'high-performance' })
const { description, device, architecture, vendor, isFallbackAdapter } = adapter?.info ?? {}
const info = adapter && { description, device, architecture, vendor, isFallbackAdapter }
writeSync(process.stdout.fd, `\nadapter: ${JSON.stringify(info)}\n`)
// Dawn would keep the process alive.
process.exit()
