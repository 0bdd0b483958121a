"""Replaces the writers of torch and tensorboardX with that of tbevents, for code whose imports cannot be changed.

::

    python -m tbevents.dropin train.py --epochs 3  # or: python -m tbevents.dropin -m package.train

or, before the frameworks are imported::

    import tbevents.dropin

    tbevents.dropin.install()  # also a context manager

Imports of `torch.utils.tensorboard` and `tensorboardX` then return modules of tbevents, and frameworks find them
available: Lightning, Hugging Face's Trainer, accelerate, ignite, Stable-Baselines3, mmengine. An installed package is
not replaced unless forced; a line on stderr says so. The modules are loaded on first use, so `install` is cheap.
"""

from tbevents.dropin.installation import Installation, install, uninstall

__all__ = ["Installation", "install", "uninstall"]
