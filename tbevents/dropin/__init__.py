"""Puts our writer where torch's and tensorboardX's are imported from, for code whose imports cannot be changed.

::

    python -m tbevents.dropin train.py --epochs 3  # or: python -m tbevents.dropin -m package.train

or, before the frameworks are imported::

    import tbevents.dropin

    tbevents.dropin.install()  # also a context manager

From then on `torch.utils.tensorboard` and `tensorboardX` are tbevents', and frameworks find them available: Lightning,
Hugging Face's Trainer, accelerate, ignite, Stable-Baselines3, mmengine. A package that is installed stays, unless
forced; stderr says so. The modules are loaded when they are first used, so `install` itself is cheap.
"""

from tbevents.dropin.installation import Installation, install, uninstall

__all__ = ["Installation", "install", "uninstall"]
