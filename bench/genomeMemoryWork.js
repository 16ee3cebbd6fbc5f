// A process of genomeMemory.js: loads the build in a folder, scores fragments, and prints what that cost as JSON.
import { createHash } from 'node:crypto'
import { pathToFileURL } from 'node:url'

const [folder, detector, count, length] = process.argv.slice(2)
const load = file => import(pathToFileURL(`${folder}/dist/${file}`).href)
const { loadDetector } = await load('model/index.js')
const { loadScores } = await load('eval/scores/index.js')
const { bitsAt, keyFromSeed } = await load('engine/hostRandom.js')

const key = keyFromSeed(1)
const fragments = Array.from({ length: Number(count) }, (_, i) =>
  Uint8Array.from({ length: Number(length) }, (_, k) => bitsAt(key, i, k) & 3),
)
const seconds = since => (process.cpuUsage(since).user + process.cpuUsage(since).system) / 1e6

let start = process.cpuUsage()
const { scores } = await loadDetector(detector)
const [score] = loadScores(scores.filter(({ kind }) => kind === 'genusOdds'))
await score.score(fragments.slice(0, 1))
const prepare = seconds(start)

start = process.cpuUsage()
const hash = createHash('sha256')
for (let i = 0; i < fragments.length; i += 100) hash.update(await score.score(fragments.slice(i, i + 100)))
const peak = process.resourceUsage().maxRSS * 1024
console.log(JSON.stringify({ prepare, score: seconds(start), peak, scores: hash.digest('hex') }))
