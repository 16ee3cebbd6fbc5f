import fc from 'fast-check'
import test from 'tape'
import { encode, reverseComplement } from '../../../data/index.js'
import { BloomFilter } from '../../../eval/scores/sets/bloomFilter.js'
import { HashSet } from '../../../eval/scores/sets/hashSet.js'
import { keyBatch } from '../../../eval/scores/sets/index.js'
import { agree, fitOn, reload, sequence, trainingAndFragments, withReverse } from './sequences.js'

/** The k-mers of a sequence as texts, without those that have an unknown base. */
const words = (bases: Uint8Array, k: number): string[] =>
  Array.from({ length: Math.max(0, bases.length - k + 1) }, (_, i) => bases.slice(i, i + k).join('')).filter(
    word => !word.includes('4'),
  )

test('kmers: the share by definition, for all lengths and sets, and again when it was stored', async t => {
  const sets = ['', ',set=bloom,logBits=24']
  for (const k of [1, 2, 7, 11, 15, 16, 17, 21, 31])
    for (const set of k === 15 ? sets.slice(1) : sets)
      await fc.assert(
        fc.asyncProperty(trainingAndFragments, async ({ training, fragments }) => {
          const score = fitOn(`kmers:k=${k}${set}`, training)
          const seen = new Set(withReverse(training).flatMap(bases => words(bases, k)))
          const direct = fragments.map(fragment => {
            const all = words(fragment, k)
            return all.filter(word => seen.has(word)).length / all.length
          })
          const values = await score.score(fragments)
          const again = await reload(score).score(fragments)
          const reverse = await score.score(fragments.map(reverseComplement))
          return (
            agree(values, direct, 1e-12) &&
            values.every((x, i) => Object.is(x, again[i]) && Object.is(x, reverse[i]))
          )
        }),
        { numRuns: 8 },
      )
  t.pass('k from 1 to 31, bits, hash table and Bloom filter, both strands alike')
})

test('shares: a sequence that is longer than a batch loses no k-mer', async t => {
  const long = Uint8Array.from({ length: 30_000 }, (_, i) => ((i * 2654435761) >>> 13) & 3)
  // The pieces lie where batches end, of bases and of codons.
  const pieces = [long, long.subarray(4000, 4200), long.subarray(12_200, 12_500)]
  for (const spec of ['kmers:k=9', 'kmers:k=20', 'aminoKmers:k=6,frames=sum'])
    t.deepEqual([...(await fitOn(spec, [long]).score(pieces))], [1, 1, 1], spec)
})

const code: Readonly<Record<string, string>> = {
  TTT: 'F',
  TTC: 'F',
  TTA: 'L',
  TTG: 'L',
  TCT: 'S',
  TCC: 'S',
  TCA: 'S',
  TCG: 'S',
  TAT: 'Y',
  TAC: 'Y',
  TAA: '*',
  TAG: '*',
  TGT: 'C',
  TGC: 'C',
  TGA: '*',
  TGG: 'W',
  CTT: 'L',
  CTC: 'L',
  CTA: 'L',
  CTG: 'L',
  CCT: 'P',
  CCC: 'P',
  CCA: 'P',
  CCG: 'P',
  CAT: 'H',
  CAC: 'H',
  CAA: 'Q',
  CAG: 'Q',
  CGT: 'R',
  CGC: 'R',
  CGA: 'R',
  CGG: 'R',
  ATT: 'I',
  ATC: 'I',
  ATA: 'I',
  ATG: 'M',
  ACT: 'T',
  ACC: 'T',
  ACA: 'T',
  ACG: 'T',
  AAT: 'N',
  AAC: 'N',
  AAA: 'K',
  AAG: 'K',
  AGT: 'S',
  AGC: 'S',
  AGA: 'R',
  AGG: 'R',
  GTT: 'V',
  GTC: 'V',
  GTA: 'V',
  GTG: 'V',
  GCT: 'A',
  GCC: 'A',
  GCA: 'A',
  GCG: 'A',
  GAT: 'D',
  GAC: 'D',
  GAA: 'E',
  GAG: 'E',
  GGT: 'G',
  GGC: 'G',
  GGA: 'G',
  GGG: 'G',
}

/** The k-mers of amino acids of each of six frames as texts; `?` stands for an unknown codon. */
function peptides(bases: Uint8Array, k: number): string[][] {
  return withReverse([bases]).flatMap(strand =>
    [0, 1, 2].map(frame => {
      const text = [...strand]
        .map(base => 'ACGTN'[base])
        .join('')
        .slice(frame)
      const residues = (text.match(/.../g) ?? []).map(codon => code[codon] ?? '?').join('')
      return Array.from({ length: Math.max(0, residues.length - k + 1) }, (_, i) =>
        residues.slice(i, i + k),
      ).filter(word => !word.includes('?'))
    }),
  )
}

test('aminoKmers: the share by definition, in the best frame or all, and again when it was stored', async t => {
  for (const k of [2, 3, 5, 8, 9])
    for (const [frames, stops] of [
      ['best', 'skip'],
      ['sum', 'skip'],
      ['best', 'count'],
      ['sum', 'count'],
    ])
      await fc.assert(
        fc.asyncProperty(trainingAndFragments, async ({ training, fragments }) => {
          const score = fitOn(`aminoKmers:k=${k},frames=${frames},stops=${stops}`, training)
          const seen = new Set(
            training.flatMap(bases => peptides(bases, k).flat()).filter(w => !w.includes('*')),
          )
          const share = (all: string[]) => all.filter(word => seen.has(word)).length / all.length
          const direct = fragments.map(fragment => {
            const all = peptides(fragment, k).map(frame =>
              stops === 'count' ? frame : frame.filter(word => !word.includes('*')),
            )
            if (frames === 'sum') return share(all.flat())
            const shares = all.filter(frame => frame.length > 0).map(share)
            return shares.length ? Math.max(...shares) : Number.NaN
          })
          const values = await score.score(fragments)
          const again = await reload(score).score(fragments)
          const reverse = await score.score(fragments.map(reverseComplement))
          return (
            agree(values, direct, 1e-12) &&
            values.every((x, i) => Object.is(x, again[i]) && Object.is(x, reverse[i]))
          )
        }),
        { numRuns: 5 },
      )
  t.pass('k from 2 to 9')
})

test('shares of fragments that are too short are not defined', async t => {
  const short = ['', 'A', 'AC', 'ACGTN'].map(encode)
  for (const spec of ['kmers:k=7', 'kmers:k=31', 'aminoKmers:k=4', 'aminoKmers:k=4,frames=sum'])
    t.ok((await fitOn(spec, [encode('ACGTACGTACGTACGT')]).score(short)).every(Number.isNaN), spec)
  await fc.assert(
    fc.asyncProperty(sequence(), async bases => {
      const [share] = await fitOn('kmers:k=5', [bases]).score([bases])
      return words(bases, 5).length === 0 ? Number.isNaN(share) : share === 1
    }),
  )
})

/** So many different keys. */
function distinctKeys(count: number, first: number) {
  const keys = keyBatch(count)
  for (let i = 0; i < count; i++) {
    keys.low[i] = Math.imul(first + i, 0x9e3779b1)
    keys.high[i] = (first + i) & 0x7fffffff
  }
  return keys
}

test('sets: the hash table is exact while it grows, the Bloom filter keeps the error that it states', t => {
  const [inside, outside] = [distinctKeys(20_000, 1), distinctKeys(20_000, 20_001)]
  const exact = new HashSet()
  exact.addAll(inside, 20_000)
  exact.addAll(inside, 20_000)
  t.equal(exact.countMembers(inside, 20_000), 20_000)
  t.equal(exact.countMembers(outside, 20_000), 0)
  const again = new HashSet(exact.arrays)
  t.equal(again.countMembers(inside, 20_000), 20_000)

  const filter = new BloomFilter(17)
  filter.addAll(inside, 20_000)
  t.equal(filter.countMembers(inside, 20_000), 20_000, 'nothing is forgotten')
  const rate = filter.falsePositiveRate()
  const share = filter.countMembers(outside, 20_000) / 20_000
  t.ok(
    rate > 0.01 && Math.abs(share - rate) < 4 * Math.sqrt(rate / 20_000),
    `stated ${rate}, measured ${share}`,
  )
  t.throws(() => new BloomFilter(40), /Bloom filter of 2\^40 bits: give a whole number from 3 to 32/)
  t.throws(
    () => new HashSet({ high: new Uint32Array(3), low: new Uint32Array(3) }),
    /hash table: got 3 and 3 slots, wanted the same power of two/,
  )
  t.end()
})
