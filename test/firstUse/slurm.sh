# A job with a time limit: Slurm ends it with SIGTERM, and the same command, submitted again, goes on.
# Here: in_tr, a folder of reads.
set -euo pipefail

job=(xenograd train --in_tr_data_dir=in_tr --hidden_lstm_size=16 --seq_len=50 --batch_size=20 --num_steps=300
  --val_freq=150 --log_freq=10)

"${job[@]}" --out_dir=out/uninterrupted -q

# The limit comes when the first steps are done, which metrics.jsonl says.
"${job[@]}" --out_dir=out/limited 2> first.log &
until grep -qs . out/limited/*/metrics.jsonl; do sleep 0.05; done
kill -TERM $!
wait $! || echo "exit code $?"
ls out/limited/*/model | grep safetensors

"${job[@]}" --out_dir=out/limited 2> second.log
grep 'goes on at step' second.log
cmp out/*/*/model/model_299.safetensors && echo "bit for bit"
