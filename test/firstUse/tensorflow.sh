# A user of the TensorFlow original, with its checkpoints and reads, in the folder $reference.
set -euo pipefail

xenograd info "$reference/model/model_900.ckpt" | grep -E '^(cell|hidden|updates)'

# The log-likelihoods that the original has written, of the first 125 bases of its test reads.
awk '/^>/ { print; next } { print substr($0, 1, 125) }' "$reference/test_data.fa" > first125.fa
xenograd score -m "$reference/model/model_900.ckpt" first125.fa -q > scores.tsv
column=$(head -1 scores.tsv | tr '\t' '\n' | grep -nx ll_fg | cut -d: -f1)
tail -n +2 scores.tsv | cut -f"$column" | paste - "$reference/lstm_ll_class0.txt" |
  awk '{ d = $1 - $2; if (d < 0) d = -d; if (d > most) most = d } END { print NR " reads, " (most < 2e-6 ? "the same to 2e-6" : "they differ by " most) }'

# To safetensors and back, bit for bit.
xenograd convert "$reference/model/model_900.ckpt" model.safetensors
xenograd convert model.safetensors back.ckpt
cmp back.ckpt.data-00000-of-00001 "$reference/model/model_900.ckpt.data-00000-of-00001" && echo "bit for bit"

# The original's flags, its settings from its own run, its reads.
xenograd train --in_tr_data_dir="$reference" --hidden_lstm_size=30 --dropout_rate=0.1 --num_steps=4 --val_freq=2 \
  --in_val_data_dir= --ood_val_data_dir= --out_dir=out
