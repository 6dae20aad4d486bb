"""The job on Spark with its state in Python: applyInPandasWithState, then a window aggregation.

    spark-submit spark_pandas.py BROKERS TOPIC FOLDER

As the form "state" of SparkJobs.java, which says what it prints and what it cannot write.
"""

import sys

import numpy
import pandas
from pyspark.sql import SparkSession, functions
from pyspark.sql.streaming.state import GroupStateTimeout

HOUR_S = 3600


def sums(key, frames, state):
    frame = pandas.concat(list(frames))
    at = frame["at"].to_numpy().astype("datetime64[s]").astype(numpy.int64)
    order = numpy.argsort(at, kind="stable")
    at, bikes = at[order], frame["bikes"].to_numpy(dtype=numpy.int64)[order]
    last_s, count = state.get if state.exists else (at[0], bikes[0])
    kept = at >= last_s
    at, bikes = at[kept], bikes[kept]
    if not len(at):
        return
    change = numpy.diff(bikes, prepend=count)
    state.update((int(at[-1]), int(bikes[-1])))
    starts = numpy.flatnonzero(numpy.diff(at // HOUR_S, prepend=-1))
    ends = numpy.append(starts[1:], len(at)) - 1
    yield pandas.DataFrame({
        "station": key[0],
        "at": pandas.to_datetime(at[ends], unit="s"),  # the last observation that the sums hold
        "rentals": numpy.add.reduceat(numpy.maximum(-change, 0), starts),
        "returns": numpy.add.reduceat(numpy.maximum(change, 0), starts),
    })


def main():
    brokers, topic, folder = sys.argv[1:]
    spark = SparkSession.builder.getOrCreate()
    print("ready", flush=True)
    (spark.readStream.format("kafka")
     .option("kafka.bootstrap.servers", brokers)
     .option("subscribe", topic)
     .option("startingOffsets", "earliest")
     .load()
     .selectExpr("from_json(CAST(value AS STRING), 'stationId STRING, parkingBikeTotCnt STRING,"
                 " timestamp STRING') AS j")
     .selectExpr("j.stationId AS station", "CAST(j.parkingBikeTotCnt AS INT) AS bikes",
                 "to_timestamp(j.timestamp, 'yyyy-MM-dd HH:mm:ss') AS at")
     .withWatermark("at", "10 minutes")
     .groupBy("station")
     .applyInPandasWithState(sums, "station STRING, at TIMESTAMP, rentals LONG, returns LONG",
                             "last_s LONG, bikes LONG", "append", GroupStateTimeout.NoTimeout)
     .withWatermark("at", "10 minutes")
     .groupBy(functions.window("at", "1 hour"), "station")
     .agg(functions.sum("rentals").alias("rentals"), functions.sum("returns").alias("returns"))
     .selectExpr("window.start AS start", "station", "rentals", "returns")
     .writeStream.format("parquet")
     .option("compression", "zstd")
     .option("path", f"{folder}/rows")
     .option("checkpointLocation", f"{folder}/checkpoint")
     .outputMode("append")
     .trigger(availableNow=True)
     .start()
     .awaitTermination())
    print("done", flush=True)
    spark.stop()


if __name__ == "__main__":
    main()
