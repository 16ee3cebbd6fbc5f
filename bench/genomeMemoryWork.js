// A process of genomeMemory.js: loads the build in a folder, scores fragments, and prints what that cost as JSON.
import { createHash } from 'node:crypto'
import { pathToFileURL } from 'node:url'

const [folder, detector, count, length, reads] = process.argv.slice(2)
const load = file => import(pathToFileURL(`${folder}/dist/${file}`).href)
const { loadDetector } = await load('model/index.js')
const { loadScores } = await load('eval/scores/index.js')
const { bitsAt, keyFromSeed } = await load('engine/hostRandom.js')
const { readReads } = await load('data/index.js')

const key = keyFromSeed(1)
const fragments = Array.from({ length: reads ? 0 : Number(count) }, (_, i) =>
  Uint8Array.from({ length: Number(length) }, (_, k) => bitsAt(key, i, k) & 3),
)
if (reads) for await (const { bases } of readReads(reads)) fragments.push(bases)
const seconds = since => (process.cpuUsage(since).user + process.cpuUsage(since).system) / 1e6

let start = process.cpuUsage()
const { scores } = await loadDetector(detector)
const remembering = loadScores(scores.filter(({ kind }) => kind === 'genusOdds' || kind === 'genusLeads'))
/** What all say of a batch, side by side, as detectors have it. */
const score = batch => Promise.all(remembering.map(one => one.score(batch)))
await score(fragments.slice(0, 1))
const prepare = seconds(start)

start = process.cpuUsage()
const hash = createHash('sha256')
for (let i = 0; i < fragments.length; i += 100)
  for (const column of await score(fragments.slice(i, i + 100))) hash.update(column)
const peak = process.resourceUsage().maxRSS * 1024
const bases = fragments.reduce((sum, { length }) => sum + length, 0)
console.log(JSON.stringify({ prepare, score: seconds(start), bases, peak, scores: hash.digest('hex') }))
