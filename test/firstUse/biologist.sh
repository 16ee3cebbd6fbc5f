# A biologist: known bacteria as FASTA, a sequencer's FASTQ files in a pipe. Which reads are of something else?
# Here: known.fa (genus=… in the headers), held.fa (known, too, but kept back), R1.fq.gz and R2.fq.gz (mates).
set -euo pipefail

xenograd fit mlr --reads known.fa -o known.safetensors
xenograd calibrate -m known.safetensors held.fa -o detector.safetensors --lengths 300,600 -q

zcat R1.fq.gz | xenograd score -m detector.safetensors > reads.tsv
xenograd score -m detector.safetensors --paired R1.fq.gz R2.fq.gz --fpr 0.1 --keep unknown --reads-out unknown.fq.gz \
  -o pairs.tsv -q
echo "table: $(wc -l < reads.tsv) lines, $(wc -l < pairs.tsv) with pairs"
echo "unknown: $(zcat unknown.fq.gz | grep -c '^@new')  known taken for unknown: $(zcat unknown.fq.gz | grep -c '^@old')"

# Whoever has seen enough stops reading; a sample may be empty; no output replaces reads.
zcat R1.fq.gz | xenograd score -m detector.safetensors -q | head -1
xenograd score -m detector.safetensors -q - < /dev/null && echo "empty sample: exit code 0"
xenograd score -m detector.safetensors held.fa -o held.fa || echo "exit code $?"
