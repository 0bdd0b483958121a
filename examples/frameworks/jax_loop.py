"""JAX: logs from a loop, and from inside a compiled function. Run with ``python jax_loop.py [LOGDIR]``."""

import os
import sys

import jax
import jax.numpy as jnp

from tbevents import SummaryWriter

logdir = sys.argv[1] if len(sys.argv) > 1 else "runs"
with SummaryWriter(os.path.join(logdir, "jax")) as writer:

    @jax.jit
    def train_step(weights, step):
        loss, gradient = jax.value_and_grad(lambda w: jnp.sum(w**2))(weights)
        jax.debug.callback(lambda norm, step: writer.add_scalar("norm", norm, step), jnp.linalg.norm(gradient), step)
        return weights - 0.1 * gradient, loss

    weights = jnp.ones(3)
    for step in range(4):
        weights, loss = train_step(weights, step)
        writer.add_scalar("loss", loss, step)
    jax.effects_barrier()  # callbacks run in the background, and must end before the writer closes
