"""The example for Spark, on two threads of workers, with files in a bucket."""

import shutil
import sys
import warnings
from pathlib import Path

import pytest
from scripts import load_script

pytest.importorskip("pyspark", reason="pyspark is not installed")
if shutil.which("java") is None:
    pytest.skip("Spark needs Java", allow_module_level=True)

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "spark_scalars.py"


@pytest.fixture(scope="module")
def example():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return load_script(EXAMPLE)


@pytest.fixture(scope="module")
def spark(bucket, tmp_path_factory):
    from pyspark.sql import SparkSession

    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pandas 3
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("PYTHONPATH", str(EXAMPLE.parent.parent))
        builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
        builder = builder.config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
        builder = builder.config("spark.sql.warehouse.dir", str(tmp_path_factory.mktemp("spark")))
        session = builder.config("spark.sql.shuffle.partitions", "2").getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
        yield session
        session.stop()


@pytest.mark.filterwarnings("ignore")  # Spark warns of pandas 3
def test_workers_read_the_runs_of_the_drivers_references(spark, example, remote_runs, rows):
    frame = example.read_scalars(spark, remote_runs, partitions=3)
    assert sorted(map(tuple, frame.collect())) == rows
    assert frame.rdd.getNumPartitions() == 3
    losses = example.read_scalars(spark, remote_runs, partitions=30, tags="loss")
    assert losses.count() == sum(row[1] == "loss" for row in rows)
