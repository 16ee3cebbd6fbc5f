import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'tape'
import { encode } from '../../data/index.js'
import { fitScores, loadScores, parseSpec } from '../../eval/scores/index.js'
import { readDetectorFile, writeDetectorFile } from '../../model/index.js'

const specs = [
  'markov:order=2',
  'markovRatio:order=2',
  'mlr:order=1,own=1',
  'mlr:order=1,own=bic',
  'kmers:k=5',
  'kmers:k=20',
  'kmers:k=20,set=bloom,logBits=10',
  'aminoKmers:k=3',
  'bothStrands:of=markov2,join=max',
  'compression:of=markov2',
  'gcRegressed:of=markov2,degree=1',
  'weightedSum:name=sum,of=kmers5+markov2',
]
const fragments = ['ACGTTGCATGCCATGACGTTAGCTAG', 'AC', '', 'ACGTNACGTTGACCCATTGACCTA'].map(encode)

const fitted = () =>
  fitScores(
    specs.map(parseSpec),
    (async function* () {
      for (const text of ['ACGTTGCATGCCATGACGTTAGCTAGGACCATTACGAT', 'TTGACCCATTGACCTANNACGGACTTAG'])
        yield { genus: text.slice(0, 2), bases: encode(text) }
    })(),
    [
      {
        length: 0,
        fragments: ['ACGTA', 'CCCGT', 'AATTG', 'GGCAT'].map(encode),
        labels: Uint8Array.of(1, 1, 1, 0),
      },
    ],
  )

const scratch = () => mkdtempSync(join(tmpdir(), 'xenograd-detector-'))

test('detector file: every kind of score comes back with the same bits', async t => {
  const scores = await fitted()
  const path = join(scratch(), 'detector.safetensors')
  const more = { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) } as const
  await writeDetectorFile(path, {
    scores: scores.map(score => score.store()),
    tensors: new Map([['network.kernel', more]]),
    metadata: { genera: 'A, B' },
  })
  const file = await readDetectorFile(path)
  t.deepEqual(file.metadata, { genera: 'A, B' })
  t.deepEqual([...file.tensors.keys()], ['network.kernel'])
  t.deepEqual(file.tensors.get('network.kernel')?.data, more.data)
  const loaded = loadScores(file.scores)
  for (const [i, score] of scores.entries()) {
    t.equal(loaded[i].name, score.name)
    t.deepEqual([...(await loaded[i].score(fragments))], [...(await score.score(fragments))], score.name)
  }
})

test('detector file: equal arrays of scores are in memory once, if they are large', async t => {
  const path = join(scratch(), 'detector.safetensors')
  const large = Uint32Array.from({ length: 20_000 }, (_, i) => i)
  const other = large.with(10_000, 0)
  const small = Uint32Array.of(1, 2)
  const scores = [large, large, other].map((genomes, i) => ({
    kind: 'markov',
    name: `score${i}`,
    settings: {},
    arrays: { genomes, small, bytes: new Uint8Array(80_000), numbers: new Float32Array(20_000) },
  }))
  await writeDetectorFile(path, { scores, tensors: new Map(), metadata: {} })
  const [one, same, another] = (await readDetectorFile(path)).scores.map(({ arrays }) => arrays)
  t.equal(one.genomes, same.genomes)
  t.notEqual(one.small, same.small)
  t.deepEqual([one.genomes, another.genomes], [large, other])
  t.deepEqual([one.bytes, one.numbers], [new Uint8Array(80_000), new Float32Array(20_000)], 'of one type')
})

test('detector file: what is refused', async t => {
  const [score] = (await fitted()).map(score => score.store())
  const folder = scratch()
  const path = join(folder, 'detector.safetensors')
  const refusal = (action: Promise<unknown>) =>
    action.then(
      () => 'none',
      error => error.message,
    )
  const contents = { scores: [score], tensors: new Map(), metadata: {} }
  t.match(
    await refusal(writeDetectorFile(path, { ...contents, scores: [score, score] })),
    /two scores are called markov2/,
  )
  const tensors = new Map([['scores.x', { dtype: 'U8', shape: [1], data: Uint8Array.of(1) } as const]])
  t.match(
    await refusal(writeDetectorFile(path, { ...contents, tensors })),
    /names that begin with scores\. are for scores/,
  )
  t.match(await refusal(readDetectorFile(path)), /cannot read the checkpoint/, 'nothing was written')

  await writeDetectorFile(path, contents)
  const bytes = readFileSync(path)
  const damaged = async (from: string, to: string) => {
    const other = join(folder, 'damaged.safetensors')
    writeFileSync(other, Buffer.from(bytes.toString('latin1').replace(from, to), 'latin1'))
    return refusal(readDetectorFile(other))
  }
  t.match(await damaged('xenograd-detector-1', 'xenograd-detector-9'), /no detector: its metadata has format/)
  t.match(await damaged('[{\\"kind', '[[\\"kind'), /its list of scores is not JSON/)
  t.match(await damaged('\\"name\\"', '\\"nome\\"'), /does not give each a kind, a name, settings and arrays/)
  t.match(await damaged('[\\"logProb', '[\\"lugProb'), /tensor scores\.markov2\.lugProbabilities is missing/)
})
