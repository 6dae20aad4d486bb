// The job on Kafka Streams: a topic in the topic's form -> rentals and returns by hour and station, in a topic.
//
//   java StreamsJob BROKERS TOPIC RESULTS FOLDER RECORDS
//
// One processor with its state in RocksDB: of each station what waits for ten minutes to come in order,
// the last count, and the sums of the open hour, which are forwarded when the first observation of the
// next hour is applied. So the last hour is not written. Exactly once, a commit each 30 s, state behind a
// cache of 64 MiB and in a change log.
//
// A result: key = station, value = "start of the hour in UTC seconds,rentals,returns". Ends when RECORDS
// records were processed; prints "ready" when the partitions are assigned, "first" when the first result
// is forwarded, "done" when everything is committed.

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

public final class StreamsJob {
  private static final String STORE = "stations";
  private static final long DELAY_S = 600;
  private static final long HOUR_S = 3600;

  private static final class Differences implements Processor<String, byte[], String, String> {
    private static final int HEAD_BYTES = 28;  // count, end of the hour, rentals, returns, time
    private static final int SEEN_BYTES = 12;  // time, bikes
    private final JsonFactory json = new JsonFactory();
    private final AtomicLong left;
    private final CountDownLatch over;
    private final AtomicBoolean hasForwarded;
    private ProcessorContext<String, String> context;
    private KeyValueStore<String, byte[]> stations;
    private long latest_s = 0;
    private String lastText = "";
    private long last_s = 0;

    Differences(AtomicLong left, CountDownLatch over, AtomicBoolean hasForwarded) {
      this.left = left;
      this.over = over;
      this.hasForwarded = hasForwarded;
    }

    @Override
    public void init(ProcessorContext<String, String> context) {
      this.context = context;
      stations = context.getStateStore(STORE);
    }

    @Override
    public void process(Record<String, byte[]> record) {
      try {
        observe(record);
      } catch (IOException error) {
        throw new IllegalStateException(error);
      }
      if (left.decrementAndGet() == 0) over.countDown();
    }

    private long seconds(String text) {
      if (!text.equals(lastText)) {
        last_s = LocalDateTime.parse(text.replace(' ', 'T')).toEpochSecond(ZoneOffset.ofHours(9));
        lastText = text;
      }
      return last_s;
    }

    private void observe(Record<String, byte[]> record) throws IOException {
      String station = null;
      int bikes = 0;
      long at_s = 0;
      try (JsonParser parser = json.createParser(record.value())) {
        parser.nextToken();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
          String name = parser.currentName();
          parser.nextToken();
          if (name.equals("stationId")) station = parser.getText();
          else if (name.equals("parkingBikeTotCnt")) bikes = Integer.parseInt(parser.getText());
          else if (name.equals("timestamp")) at_s = seconds(parser.getText());
        }
      }
      latest_s = Math.max(latest_s, at_s);
      if (at_s < latest_s - DELAY_S) return;  // late
      stations.put(station, advance(station, stations.get(station), at_s, bikes, record));
    }

    // The state after one more observation: head, then what waits, by time.
    private byte[] advance(
        String station, byte[] bytes, long at_s, int bikes, Record<String, byte[]> record) {
      ByteBuffer old = ByteBuffer.wrap(bytes == null ? new byte[HEAD_BYTES] : bytes);
      boolean known = bytes != null;
      int count = old.getInt();
      long end_s = old.getLong();
      int rentals = old.getInt();
      int returns = old.getInt();
      long applied_s = old.getLong();
      int waiting = (old.capacity() - HEAD_BYTES) / SEEN_BYTES;
      ByteBuffer merged = ByteBuffer.allocate((waiting + 1) * SEEN_BYTES);
      boolean isPlaced = false;
      for (int i = 0; i < waiting; ++i) {
        long other_s = old.getLong();
        int others = old.getInt();
        if (!isPlaced && at_s < other_s) {
          merged.putLong(at_s).putInt(bikes);
          isPlaced = true;
        }
        merged.putLong(other_s).putInt(others);
      }
      if (!isPlaced) merged.putLong(at_s).putInt(bikes);
      merged.flip();
      while (merged.hasRemaining() && merged.getLong(merged.position()) < latest_s - DELAY_S) {
        long next_s = merged.getLong();
        int next = merged.getInt();
        if (next_s >= end_s) {
          if (end_s != 0) forward(station, end_s - HOUR_S, rentals, returns, record);
          end_s = next_s / HOUR_S * HOUR_S + HOUR_S;
          rentals = returns = 0;
        }
        if (known && applied_s != 0) {
          rentals += Math.max(count - next, 0);
          returns += Math.max(next - count, 0);
        }
        count = next;
        applied_s = next_s;
      }
      return ByteBuffer.allocate(HEAD_BYTES + merged.remaining())
          .putInt(count)
          .putLong(end_s)
          .putInt(rentals)
          .putInt(returns)
          .putLong(applied_s)
          .put(merged)
          .array();
    }

    private void forward(
        String station, long start_s, int rentals, int returns, Record<String, byte[]> record) {
      if (hasForwarded.compareAndSet(false, true)) System.out.println("first");
      context.forward(
          new Record<>(station, start_s + "," + rentals + "," + returns, record.timestamp()));
    }
  }

  public static void main(String[] arguments) throws Exception {
    Properties properties = new Properties();
    properties.put(StreamsConfig.APPLICATION_ID_CONFIG, arguments[2] + "-job");
    properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0]);
    properties.put(StreamsConfig.STATE_DIR_CONFIG, arguments[3]);
    properties.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
    properties.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    properties.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 30_000);
    properties.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 64L << 20);
    properties.put(StreamsConfig.producerPrefix("transaction.timeout.ms"), 120_000);
    properties.put(StreamsConfig.producerPrefix("compression.type"), "lz4");
    properties.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");

    AtomicLong left = new AtomicLong(Long.parseLong(arguments[4]));
    CountDownLatch over = new CountDownLatch(1);
    AtomicBoolean hasForwarded = new AtomicBoolean(false);
    StreamsBuilder builder = new StreamsBuilder();
    builder.addStateStore(
        Stores.keyValueStoreBuilder(
                Stores.persistentKeyValueStore(STORE), Serdes.String(), Serdes.ByteArray())
            .withCachingEnabled());
    builder
        .stream(arguments[1], Consumed.with(Serdes.String(), Serdes.ByteArray()))
        .process(() -> new Differences(left, over, hasForwarded), STORE)
        .to(arguments[2], Produced.with(Serdes.String(), Serdes.String()));
    KafkaStreams streams = new KafkaStreams(builder.build(), properties);
    streams.setStateListener(
        (state, before) -> {
          if (state == KafkaStreams.State.RUNNING) System.out.println("ready");
        });
    streams.start();
    over.await();
    streams.close(Duration.ofSeconds(60));
    System.out.println("done");
  }

  private StreamsJob() {}
}
