// The job on Spark, on the JVM: a topic in the topic's form -> rentals and returns by hour and station, as Parquet.
//
//   spark-submit --class SparkJobs JAR lag|state BROKERS TOPIC FOLDER
//
// lag:   a batch over the whole topic, lag() over each station by time, grouped by hour.
// state: a stream with Trigger.AvailableNow; flatMapGroupsWithState keeps each station's last count, and
//        its sums go to a window aggregation. Its watermark never passes the last hour, so that is not
//        written.
//
// Prints "ready" when the session is there and "done" when everything is written.

import java.sql.Timestamp;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.function.FlatMapGroupsWithStateFunction;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.streaming.GroupState;
import org.apache.spark.sql.streaming.GroupStateTimeout;
import org.apache.spark.sql.streaming.OutputMode;
import org.apache.spark.sql.streaming.Trigger;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import scala.Tuple2;

public final class SparkJobs {
  private static final StructType SUMS =
      new StructType()
          .add("station", DataTypes.StringType)
          .add("at", DataTypes.TimestampType)
          .add("rentals", DataTypes.LongType)
          .add("returns", DataTypes.LongType);
  private static final long HOUR_S = 3600;

  // One from_json for each record, and no filter after it: that would make Spark parse again.
  private static Dataset<Row> observations(Dataset<Row> records) {
    return records
        .selectExpr(
            "from_json(CAST(value AS STRING), 'stationId STRING, parkingBikeTotCnt STRING,"
                + " timestamp STRING') AS j")
        .selectExpr(
            "j.stationId AS station",
            "CAST(j.parkingBikeTotCnt AS INT) AS bikes",
            "to_timestamp(j.timestamp, 'yyyy-MM-dd HH:mm:ss') AS at");
  }

  private static void lag(SparkSession spark, String brokers, String topic, String folder) {
    observations(
            spark.read()
                .format("kafka")
                .option("kafka.bootstrap.servers", brokers)
                .option("subscribe", topic)
                .load())
        .createOrReplaceTempView("observations");
    spark
        .sql(
            "SELECT date_trunc('HOUR', at) AS start, station,"
                + " sum(greatest(-change, 0)) AS rentals, sum(greatest(change, 0)) AS returns FROM ("
                + " SELECT station, at, coalesce(bikes - lag(bikes) OVER"
                + " (PARTITION BY station ORDER BY at), 0) AS change FROM observations)"
                + " GROUP BY station, date_trunc('HOUR', at)")
        .write()
        .option("compression", "zstd")
        .parquet(folder + "/rows");
  }

  // Sums of one station and hour, placed at the last observation that they hold.
  private static Iterator<Row> sums(
      String station, Iterator<Row> values, GroupState<Tuple2<Long, Integer>> state) {
    List<Row> rows = new ArrayList<>();
    while (values.hasNext()) rows.add(values.next());
    long[][] seen = new long[rows.size()][];
    for (int i = 0; i < seen.length; ++i) {
      seen[i] = new long[] {rows.get(i).getTimestamp(2).getTime() / 1000, rows.get(i).getInt(1)};
    }
    Arrays.sort(seen, (a, b) -> Long.compare(a[0], b[0]));
    boolean known = state.exists();
    long last_s = known ? state.get()._1() : Long.MIN_VALUE;
    long bikes = known ? state.get()._2() : 0;
    List<Row> out = new ArrayList<>();
    long rentals = 0;
    long returns = 0;
    long sums_end_s = Long.MIN_VALUE;
    for (long[] each : seen) {
      if (each[0] < last_s) continue;
      if (each[0] >= sums_end_s) {
        if (sums_end_s != Long.MIN_VALUE) {
          out.add(RowFactory.create(station, new Timestamp(last_s * 1000), rentals, returns));
        }
        rentals = returns = 0;
        sums_end_s = Math.floorDiv(each[0], HOUR_S) * HOUR_S + HOUR_S;
      }
      long change = known ? each[1] - bikes : 0;
      if (change < 0) rentals -= change;
      if (change > 0) returns += change;
      known = true;
      last_s = each[0];
      bikes = each[1];
    }
    if (sums_end_s != Long.MIN_VALUE) {
      out.add(RowFactory.create(station, new Timestamp(last_s * 1000), rentals, returns));
    }
    state.update(new Tuple2<>(last_s, (int) bikes));
    return out.iterator();
  }

  private static void state(SparkSession spark, String brokers, String topic, String folder)
      throws Exception {
    observations(
            spark.readStream()
                .format("kafka")
                .option("kafka.bootstrap.servers", brokers)
                .option("subscribe", topic)
                .option("startingOffsets", "earliest")
                .load())
        .withWatermark("at", "10 minutes")
        .groupByKey((MapFunction<Row, String>) row -> row.getString(0), Encoders.STRING())
        .flatMapGroupsWithState(
            (FlatMapGroupsWithStateFunction<String, Row, Tuple2<Long, Integer>, Row>)
                SparkJobs::sums,
            OutputMode.Append(),
            Encoders.tuple(Encoders.LONG(), Encoders.INT()),
            Encoders.row(SUMS),
            GroupStateTimeout.NoTimeout())
        .withWatermark("at", "10 minutes")
        .groupBy(functions.window(functions.col("at"), "1 hour"), functions.col("station"))
        .agg(functions.sum("rentals").as("rentals"), functions.sum("returns").as("returns"))
        .selectExpr("window.start AS start", "station", "rentals", "returns")
        .writeStream()
        .format("parquet")
        .option("compression", "zstd")
        .option("path", folder + "/rows")
        .option("checkpointLocation", folder + "/checkpoint")
        .outputMode("append")
        .trigger(Trigger.AvailableNow())
        .start()
        .awaitTermination();
  }

  public static void main(String[] arguments) throws Exception {
    SparkSession spark = SparkSession.builder().getOrCreate();
    System.out.println("ready");
    if (arguments[0].equals("lag")) {
      lag(spark, arguments[1], arguments[2], arguments[3]);
    } else {
      state(spark, arguments[1], arguments[2], arguments[3]);
    }
    System.out.println("done");
    spark.stop();
  }

  private SparkJobs() {}
}
