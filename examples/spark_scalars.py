"""The scalars of many runs in Spark: the driver lists the runs once, the workers read them.

    pip install '.[arrow,remote]' pyspark
    python examples/spark_scalars.py runs loss

The runs are a folder, or a URL such as s3://bucket/runs. The workers must be able to read it, and need tbevents, too.
"""

import os
import pickle
import sys

try:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql import functions as sql
except ImportError:
    sys.exit("This needs pyarrow and pyspark: pip install '.[arrow]' pyspark")

import tbevents

SCHEMA = "run string, tag string, step long, wall_time double, value double"


def read_scalars(spark: SparkSession, runs: str, partitions: int, **options) -> DataFrame:
    """Returns the scalars of the runs below a folder, read by the workers in `partitions` tasks."""
    refs = sorted(tbevents.read_logdir(runs).refs(), key=lambda ref: ref.size)
    # Every n-th run by size, so that all tasks read about the same amount.
    tasks = [(pickle.dumps(refs[start::partitions]),) for start in range(partitions)]

    def read(batches):
        for batch in batches:
            for pickled in batch.column("refs").to_pylist():
                for rows in tbevents.iter_batches(pickle.loads(pickled), **options):
                    # Spark does not accept dictionary-encoded strings.
                    columns = dict(zip(rows.schema.names, rows.columns, strict=True))
                    columns |= {name: columns[name].cast(pa.string()) for name in ("run", "tag")}
                    yield pa.RecordBatch.from_pydict(columns)

    return spark.createDataFrame(tasks, "refs binary").repartition(partitions).mapInArrow(read, SCHEMA)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    runs, tag = sys.argv[1:]
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # the workers need a Python with tbevents
    spark = SparkSession.builder.master("local[2]").appName("scalars").getOrCreate()
    scalars = read_scalars(spark, runs, partitions=8, tags=tag)
    best = scalars.groupBy("run").agg(sql.min("value").alias("best"), sql.count("*").alias("points"))
    for row in best.orderBy("best").limit(10).collect():
        print(f"{row.run}: {row.best:g} of {row.points} points")
    spark.stop()


if __name__ == "__main__":
    main()
