"""Hugging Face's Trainer. Run with ``python -m tbevents.dropin transformers_trainer.py [LOGDIR]``."""

import os
import sys

import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

logdir = sys.argv[1] if len(sys.argv) > 1 else "runs"
os.environ["TENSORBOARD_LOGGING_DIR"] = os.path.join(logdir, "transformers")
config = BertConfig(vocab_size=50, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8)
rows = [{"input_ids": torch.tensor([1, row, 2]), "labels": row % 2} for row in range(8)]
arguments = TrainingArguments(
    os.path.join(logdir, "models"), report_to=["tensorboard"], max_steps=3, logging_steps=1, save_strategy="no"
)
Trainer(BertForSequenceClassification(config), arguments, train_dataset=rows).train()
