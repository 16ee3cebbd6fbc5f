import type { Command } from 'commander'
import { openChosenDevice } from '../deviceOptions.js'
import { inputPaths, openInput } from '../input.js'
import { watchInterrupts } from '../interrupt.js'
import { loadModels } from '../models.js'
import { writeTable } from '../output.js'
import { say } from '../progress.js'
import { makeDetector, type ScoringFlags, scoreInput, scoringOptions } from '../scoring.js'
import { formatRow, scoreColumns } from '../table.js'
import { Tally } from '../tally.js'

type ScoreFlags = ScoringFlags & {
  foreground: string
  background?: string
  input?: string[]
  output: string
}

const help = `
MODEL is a safetensors file, a run directory (its newest checkpoint), or the prefix of a TensorFlow V2 checkpoint.

Output: tab-separated, a header that starts with #, one row per read in input order:
  ${scoreColumns.join('  ')}
  ll_fg, ll_bg   log-likelihood under the foreground and the background model: mean nats per predicted base
                 (the first base of a read is not predicted). Higher = more like the training reads.
  llr            ll_fg - ll_bg. Higher = in-distribution (other tools have it the other way round).
  gc             fraction of G and C among the known bases
  NA             not defined: no background model, or a read with fewer than two known bases in a row

Input: FASTA, FASTQ, TFRecord (the reference's) or TSV, plain or gzip, told apart by their content; - is standard
input, which is also read when no file is given. Lower case is accepted, U is T. At a base outside ACGT its own
prediction and the next are skipped; such bases are counted and reported. Reads of any length are scored, one row for
each; the model knows the length that it was trained on best. Damaged input: rows for the reads before the damage are
written to standard output (--output FILE is left as it was), the message names file, place and read, exit code 3.

The banner and the summary go to standard error if that is a terminal or --output is a file; elsewhere there is one
line of progress a minute.`

/** `xenograd score`: reads in, a table of log-likelihoods out. */
export function register(program: Command): void {
  const command = program
    .command('score')
    .description('score reads: log-likelihoods and their ratio, as TSV')
    .argument('[reads...]', 'files of reads; - is standard input')
    .requiredOption('-m, --foreground <model>', 'model of in-distribution reads')
    .option('-b, --background <model>', 'model of the background')
    .option('-i, --input <file...>', 'the same as naming files without it')
    .option(
      '-o, --output <file>',
      'where the table goes, whole or not at all; compressed if it ends in .gz',
      '-',
    )
    .addHelpText('after', help)
  for (const option of scoringOptions()) command.addOption(option)
  command.action(async (files: string[], flags: ScoreFlags) => {
    const paths = inputPaths([...(flags.input ?? []), ...files])
    const chatty = !flags.quiet && (process.stderr.isTTY || flags.output !== '-')
    watchInterrupts()
    const device = await openChosenDevice(flags)
    const detector = makeDetector(device, await loadModels(flags), flags, chatty)
    const input = await openInput(paths)
    const tally = new Tally()
    async function* rows(): AsyncGenerator<string> {
      yield `#${scoreColumns.join('\t')}\n`
      for await (const scored of scoreInput(detector, input, tally, flags))
        yield scored.map(read => `${formatRow(read)}\n`).join('')
    }
    try {
      await writeTable(flags.output, rows())
    } finally {
      const warning = tally.warning()
      if (warning) say(`xenograd score: ${warning}`)
    }
    if (chatty) say(`${tally.reads} reads scored, ${tally.readsPerSecond}`)
  })
}
