#!/bin/bash
# The generating stages of one iteration on N cards of a Slurm cluster, one array task a shard.
#
#     docs/examples/slurm-array.sh runs/mine 1        # run folder and iteration, from the repository's root
#
# submits responses, their merge, judging and its merge, each to start when the one before is done. The repository and
# the run folder lie on a file system that all nodes see. A task that died is submitted again and goes on:
#
#     sbatch --array=3 --export=ALL,N=8,STAGE=responses,RUN=runs/mine,ITERATION=1 docs/examples/slurm-array.sh
#
#SBATCH --job-name=srlm
#SBATCH --array=1-8
#SBATCH --gpus=1
#SBATCH --cpus-per-task=8
#SBATCH --mem=64G
#SBATCH --time=12:00:00
#SBATCH --requeue
#SBATCH --output=%x-%A-%a.log
set -euo pipefail

if [[ -n ${SLURM_ARRAY_TASK_ID:-} ]]; then
    exec cargo xtask-cuda "$STAGE" --set runtime.device=cuda:0 --run "$RUN" --iteration "$ITERATION" --shard "$SLURM_ARRAY_TASK_ID/$N"
fi

if [[ $# -ne 2 ]]; then
    echo "usage: $0 RUN ITERATION" >&2
    exit 2
fi
export RUN=$1 ITERATION=$2 N=${N:-8}

# Built once here, not by N tasks at a time.
cargo xtask --version
cargo xtask-cuda --version

after=
for STAGE in responses judge; do
    export STAGE
    shards=$(sbatch --parsable ${after:+--dependency=afterok:$after} --array="1-$N" --export=ALL "$0")
    after=$(sbatch --parsable --dependency="afterok:$shards" --job-name=srlm-merge --export=ALL \
        --wrap "cargo xtask merge --run '$RUN' --iteration $ITERATION $STAGE")
    echo "$STAGE: shards in job $shards, merge in job $after"
done
