package io.kelpie.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;

/**
 * A load of random writes and the record of which were answered. Each write fills four pages with
 * their own numbers and the version of the write. Two writes of the same pages are never in flight
 * together, so after a crash a page must hold the last version that was acknowledged or the one
 * that was in flight, whole.
 */
final class AcknowledgedWrites {
    private static final int PAGE = 4096;
    private static final int PAGES_A_WRITE = 4;
    private static final int LENGTH = PAGE * PAGES_A_WRITE;
    private static final int MAX_IN_FLIGHT = 16;
    private static final int READ_LENGTH = 1 << 20;

    private final String vdi;
    private final long[] acknowledged;
    private final long[] issued;
    private final Random random;
    private final Map<Long, Integer> regionOfCookie = new HashMap<>();
    private final Set<Integer> doubtful = new HashSet<>();
    private long lastVersion;

    AcknowledgedWrites(String vdi, long sizeBytes, long seed) {
        this.vdi = vdi;
        this.acknowledged = new long[Math.toIntExact(sizeBytes / PAGE)];
        this.issued = new long[acknowledged.length];
        this.random = new Random(seed);
    }

    /**
     * Writes until so many answers have come, kills the daemon with requests in flight, takes the
     * last answers.
     */
    void writeAndKill(SheepProcess sheep, int answers) throws IOException {
        try (NbdConnection connection = NbdConnection.open(sheep, vdi)) {
            for (int answered = 0; answered < answers; answered++) {
                while (regionOfCookie.size() < MAX_IN_FLIGHT) {
                    send(connection);
                }
                acknowledge(connection.awaitWritten());
            }
            sheep.kill();
            takeLastAnswers(connection);
        }
        regionOfCookie.clear();
    }

    private void takeLastAnswers(NbdConnection connection) {
        try {
            while (!regionOfCookie.isEmpty()) {
                acknowledge(connection.awaitWritten());
            }
        } catch (IOException e) {
            // The connection of a killed daemon ends somewhere; what was answered before counts.
            assertThat(e).as("end of a killed daemon's connection").isNotNull();
        }
    }

    /** Sends writes until as many are in flight as may be. */
    void fill(NbdConnection connection, int inFlight) throws IOException {
        while (regionOfCookie.size() < inFlight) {
            send(connection);
        }
    }

    /** Takes one answer. */
    void takeAnswer(NbdConnection connection) throws IOException {
        acknowledge(connection.awaitWritten());
    }

    /** How many writes have no answer yet. */
    int inFlight() {
        return regionOfCookie.size();
    }

    /**
     * Nobody will answer what is in flight: each of these writes may have happened, or may happen
     * yet, so their pages are left alone from here on.
     */
    void abandonInFlight() {
        doubtful.addAll(regionOfCookie.values());
        regionOfCookie.clear();
    }

    private void send(NbdConnection connection) throws IOException {
        int region;
        do {
            region = random.nextInt(issued.length / PAGES_A_WRITE);
        } while (regionOfCookie.containsValue(region) || doubtful.contains(region));
        long version = ++lastVersion;
        ByteBuffer bytes = ByteBuffer.allocate(LENGTH);
        for (int page = region * PAGES_A_WRITE; page < (region + 1) * PAGES_A_WRITE; page++) {
            issued[page] = version;
            for (int i = 0; i < PAGE / 16; i++) {
                bytes.putLong(page).putLong(version);
            }
        }
        regionOfCookie.put(version, region);
        connection.write(version, (long) region * LENGTH, bytes.array(), random.nextInt(8) == 0);
    }

    private void acknowledge(long version) {
        int region = Objects.requireNonNull(regionOfCookie.remove(version));
        for (int page = region * PAGES_A_WRITE; page < (region + 1) * PAGES_A_WRITE; page++) {
            acknowledged[page] = version;
        }
    }

    /** Compares the whole disk; what is found now must be found again after the next crash. */
    void verify(SheepProcess sheep) throws IOException {
        try (NbdConnection connection = NbdConnection.open(sheep, vdi)) {
            for (int page = 0; page < issued.length; page += READ_LENGTH / PAGE) {
                ByteBuffer bytes =
                        ByteBuffer.wrap(connection.read((long) page * PAGE, READ_LENGTH));
                for (int i = page; bytes.hasRemaining(); i++) {
                    long found = version(i, bytes);
                    assertThat(found)
                            .as(
                                    "page %d: acknowledged %d, issued %d",
                                    i, acknowledged[i], issued[i])
                            .isIn(acknowledged[i], issued[i]);
                    acknowledged[i] = found;
                    if (!doubtful.contains(i / PAGES_A_WRITE)) {
                        issued[i] = found;
                    }
                }
            }
        }
    }

    private static long version(int page, ByteBuffer bytes) {
        long version = 0;
        for (int i = 0; i < PAGE / 16; i++) {
            long foundPage = bytes.getLong();
            long foundVersion = bytes.getLong();
            if (i == 0) {
                version = foundVersion;
            }
            assertThat(foundVersion).as("one version in all of page %d", page).isEqualTo(version);
            assertThat(foundPage).as("owner of page %d", page).isEqualTo(version == 0 ? 0 : page);
        }
        return version;
    }
}
