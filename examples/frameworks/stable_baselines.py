"""Stable-Baselines3, environments in processes. Run with ``python -m tbevents.dropin stable_baselines.py [LOGDIR]``."""

import os
import sys

from stable_baselines3 import A2C
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.vec_env import SubprocVecEnv

logdir = sys.argv[1] if len(sys.argv) > 1 else "runs"

if __name__ == "__main__":
    environments = make_vec_env("CartPole-v1", n_envs=2, vec_env_cls=SubprocVecEnv)
    A2C("MlpPolicy", environments, tensorboard_log=os.path.join(logdir, "stable_baselines")).learn(40, log_interval=1)
