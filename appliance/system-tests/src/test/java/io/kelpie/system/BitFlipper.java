package io.kelpie.system;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/** Damages the table files of a store that nobody has open, as a disk does that forgets. */
final class BitFlipper {
    private BitFlipper() {}

    /** Flips single bits; answers where, nothing if there is no table yet. */
    static String flip(Path store, int bits, Random random) throws IOException {
        List<Path> tables;
        try (Stream<Path> files = Files.walk(store)) {
            tables = files.filter(file -> file.toString().matches(".*\\.(sst|blob)"))
                    .sorted()
                    .toList();
        }
        StringBuilder where = new StringBuilder();
        for (int i = 0; i < bits && !tables.isEmpty(); i++) {
            Path table = tables.get(random.nextInt(tables.size()));
            where.append(' ')
                    .append(table.getFileName())
                    .append('@')
                    .append(flipOne(table, random));
        }
        return where.toString();
    }

    private static long flipOne(Path table, Random random) throws IOException {
        try (FileChannel file =
                FileChannel.open(table, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            long offset = (long) (random.nextDouble() * file.size());
            ByteBuffer one = ByteBuffer.allocate(1);
            file.read(one, offset);
            one.put(0, (byte) (one.get(0) ^ (1 << random.nextInt(8))));
            one.rewind();
            file.write(one, offset);
            return offset;
        }
    }
}
