"""Six schedules side by side: six runs, read back as one logdir.

    python examples/schedules/all_schedules.py [FOLDER]

Runs the trainings of the six scripts in this folder, each into its own run below FOLDER (``runs`` by default), reads
all runs back, checks the rates and draws them into one PNG beside the runs. Needs ``tbevents[plot]``.
"""

import cosine_annealing_lr
import exponential_lr
import lambda_lr
import multi_step_lr
import reduce_lr_on_plateau
import step_lr
from common import Figure, check, draw_rates, finish, heading, new_run, styled

import tbevents

DEMONSTRATIONS = [step_lr, multi_step_lr, exponential_lr, cosine_annealing_lr, reduce_lr_on_plateau, lambda_lr]


def train(folder):
    for demonstration in DEMONSTRATIONS:
        demonstration.train(folder / demonstration.NAME)


def main():
    folder = new_run("schedules")
    train(folder)
    logdir = tbevents.read_logdir(folder)
    with styled():
        figure = Figure(figsize=(9, 5), layout="constrained")
        for ax, demonstration in zip(figure.subplots(2, 3, sharey=True).flat, DEMONSTRATIONS, strict=True):
            run = logdir[demonstration.NAME]
            rates = demonstration.expected()
            for tag, values in rates.items() if isinstance(rates, dict) else [("lr", rates)]:
                check(run.scalars[tag], values, demonstration.NAME)
            heading(ax, demonstration.NAME, demonstration.ARGUMENTS)
            draw_rates(ax, run)
            ax.label_outer()
        finish(figure, folder)


if __name__ == "__main__":
    main()
