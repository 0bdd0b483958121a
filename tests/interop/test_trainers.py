"""Trainers of other libraries log through our `SummaryWriter`, and step our schedulers."""

import pytest

from tbevents import lr_scheduler, summary
from tbevents.proto import HParamsPluginData
from tbevents.testing import MemoryWriter, assert_scalars
from tbevents.writing.summary_writer import SummaryWriter

torch = pytest.importorskip("torch", reason="trains models of torch's")
accumulator = pytest.importorskip(
    "tensorboard.backend.event_processing.event_accumulator", reason="reads back with TensorBoard's loader"
)


def reloaded(folder):
    return accumulator.EventAccumulator(str(folder), {"histograms": 0}).Reload()


def hparams_of(loaded):
    content = loaded.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    return HParamsPluginData.FromString(content).session_start_info.hparams


@pytest.mark.filterwarnings("ignore")  # the trainers' own
def test_lightnings_logger_trains_through_our_writer(tmp_path, monkeypatch):
    lightning = pytest.importorskip("lightning.pytorch", reason="trains with it")
    from lightning.pytorch.loggers import TensorBoardLogger

    monkeypatch.setattr("torch.utils.tensorboard.SummaryWriter", SummaryWriter)
    monkeypatch.setattr("torch.utils.tensorboard.summary.hparams", summary.hparams)

    class Module(lightning.LightningModule):
        def __init__(self, lr=0.1, name="net", flag=True):
            super().__init__()
            self.save_hyperparameters()
            self.layer = torch.nn.Linear(4, 1)
            self.example_input_array = torch.zeros(1, 4)

        def forward(self, batch):
            return self.layer(batch)

        def training_step(self, batch, index):
            loss = self(batch).pow(2).mean()
            self.log("loss", loss)
            self.logger.experiment.add_histogram("weights", self.layer.weight, self.global_step)
            return loss

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)

    logger = TensorBoardLogger(str(tmp_path), name="run", version="v", log_graph=True, default_hp_metric=True)
    trainer = lightning.Trainer(
        logger=logger,
        max_steps=4,
        log_every_n_steps=1,
        accelerator="cpu",
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    data = torch.utils.data.DataLoader(torch.ones(16, 4), batch_size=4)
    trainer.fit(Module(), data)
    assert isinstance(logger.experiment, SummaryWriter)
    loaded = reloaded(tmp_path / "run" / "v")
    tags = loaded.Tags()
    assert [point.step for point in loaded.Scalars("loss")] == [0, 1, 2, 3]
    losses = [point.value for point in loaded.Scalars("loss")]
    assert losses == sorted(losses, reverse=True)
    assert [point.step for point in loaded.Histograms("weights")] == [0, 1, 2, 3]
    assert tags["graph"]
    assert any("Linear" in node.name for node in loaded.Graph().node)
    hparams = hparams_of(loaded)
    assert (hparams["lr"].number_value, hparams["name"].string_value) == (0.1, "net")
    assert hparams["flag"].bool_value
    assert "hp_metric" in tags["scalars"]


@pytest.mark.filterwarnings("ignore")  # the trainer's own
def test_a_hugging_face_trainer_trains_through_our_writer(tmp_path, monkeypatch):
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.setenv(name, "1")
    transformers = pytest.importorskip("transformers", reason="trains with it")
    pytest.importorskip("accelerate", reason="transformers' Trainer needs it")
    from transformers.integrations import TensorBoardCallback

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(4, 1)

        def forward(self, values=None, labels=None):
            got = self.layer(values)
            return {"loss": (got - labels).pow(2).mean(), "logits": got}

    rows = [{"values": torch.ones(4), "labels": torch.ones(1)} for _ in range(8)]
    folder = tmp_path / "log"
    writer = SummaryWriter(folder)
    arguments = transformers.TrainingArguments(
        output_dir=str(tmp_path / "out"),
        max_steps=3,
        logging_steps=1,
        per_device_train_batch_size=2,
        report_to=[],
        save_strategy="no",
        use_cpu=True,
        disable_tqdm=True,
    )
    callback = TensorBoardCallback(tb_writer=writer)
    transformers.Trainer(model=Model(), args=arguments, train_dataset=rows, callbacks=[callback]).train()
    assert writer.file_writer is None  # the callback closes it
    loaded = reloaded(folder)
    assert [point.step for point in loaded.Scalars("train/loss")] == [1, 2, 3]
    assert "train/learning_rate" in loaded.Tags()["scalars"]
    assert b"max_steps" in loaded.Tensors("args/text_summary")[0].tensor_proto.string_val[0]


@pytest.mark.filterwarnings("ignore")  # the trainer's own
@pytest.mark.parametrize("name", ["StepLR", "ReduceLROnPlateau"])
def test_lightning_steps_our_schedulers_through_its_hook(tmp_path, name):
    lightning = pytest.importorskip("lightning.pytorch", reason="trains with it")
    writer = MemoryWriter()

    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(4, 1)

        def training_step(self, batch, index):
            loss = self.layer(batch).pow(2).mean()
            self.log("loss", loss, on_epoch=True)
            return loss

        def lr_scheduler_step(self, scheduler, metric):
            scheduler.step() if metric is None else scheduler.step(metric)

        def configure_optimizers(self):
            optimizer = torch.optim.SGD(self.parameters(), lr=0.1)
            if name == "StepLR":
                return [optimizer], [lr_scheduler.StepLR(optimizer, 1, 0.5, writer=writer)]
            scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, threshold=1e9, patience=0, writer=writer)
            how = {"scheduler": scheduler, "monitor": "loss", "reduce_on_plateau": True}
            return {"optimizer": optimizer, "lr_scheduler": how}

    trainer = lightning.Trainer(
        default_root_dir=str(tmp_path),
        max_epochs=3,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(Module(), torch.utils.data.DataLoader(torch.ones(8, 4), batch_size=4))
    rates = {"StepLR": [0.1, 0.05, 0.025, 0.0125], "ReduceLROnPlateau": [0.1, 0.01, 0.001, 0.0001]}[name]
    assert_scalars(writer, "lr", values=rates, steps=range(4))
    assert ("lr/metric" in writer.run.tags) == (name == "ReduceLROnPlateau")
