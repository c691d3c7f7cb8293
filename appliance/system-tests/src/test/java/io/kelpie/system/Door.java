package io.kelpie.system;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** The three ways to a disk, each through the client that people use with it. */
enum Door {
    NBD {
        @Override
        void write(SheepProcess sheep, String vdi, long offset, byte[] bytes) {
            inFile(
                    bytes,
                    file -> qemuIo(
                            "qemu-io", sheep.nbdUri(vdi), writeCommand(file, offset, bytes)));
        }

        @Override
        byte[] read(SheepProcess sheep, String vdi) {
            return throughFile(
                    file -> Commands.output("nbdcopy", sheep.nbdUri(vdi), file.toString()));
        }

        @Override
        void discard(SheepProcess sheep, String vdi, long offset, long length) {
            qemuIo("qemu-io", "-d", "unmap", sheep.nbdUri(vdi), "discard " + offset + " " + length);
        }

        @Override
        void resize(SheepProcess sheep, String vdi, long sizeBytes) {
            // NBD has no such request; its clients see the size when they connect.
            sheep.dog("vdi", "resize", vdi, Long.toString(sizeBytes)).succeeded();
        }
    },
    FUSE {
        @Override
        void write(SheepProcess sheep, String vdi, long offset, byte[] bytes) {
            try (FileChannel image = FileChannel.open(sheep.image(vdi), StandardOpenOption.WRITE)) {
                ByteBuffer source = ByteBuffer.wrap(bytes);
                while (source.hasRemaining()) {
                    image.write(source, offset + source.position());
                }
                image.force(true);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        byte[] read(SheepProcess sheep, String vdi) {
            try {
                return Files.readAllBytes(sheep.image(vdi));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        void discard(SheepProcess sheep, String vdi, long offset, long length) {
            Commands.output(
                    "fallocate",
                    "--punch-hole",
                    "--offset",
                    Long.toString(offset),
                    "--length",
                    Long.toString(length),
                    sheep.image(vdi).toString());
        }

        @Override
        void resize(SheepProcess sheep, String vdi, long sizeBytes) {
            Commands.output(
                    "truncate",
                    "--size",
                    Long.toString(sizeBytes),
                    sheep.image(vdi).toString());
        }
    },
    SHEEPDOG {
        @Override
        void write(SheepProcess sheep, String vdi, long offset, byte[] bytes) {
            inFile(
                    bytes,
                    file -> qemuIo(
                            QemuSheepdog.io(),
                            sheep.sheepdogUri(vdi),
                            writeCommand(file, offset, bytes)));
        }

        @Override
        byte[] read(SheepProcess sheep, String vdi) {
            return throughFile(file -> Commands.output(
                    QemuSheepdog.img(),
                    "convert",
                    "-f",
                    "raw",
                    "-O",
                    "raw",
                    sheep.sheepdogUri(vdi),
                    file.toString()));
        }

        @Override
        void discard(SheepProcess sheep, String vdi, long offset, long length) {
            qemuIo(
                    QemuSheepdog.io(),
                    "-d",
                    "unmap",
                    sheep.sheepdogUri(vdi),
                    "discard " + offset + " " + length);
        }

        @Override
        void resize(SheepProcess sheep, String vdi, long sizeBytes) {
            Commands.output(
                    QemuSheepdog.img(),
                    "resize",
                    "-f",
                    "raw",
                    sheep.sheepdogUri(vdi),
                    Long.toString(sizeBytes));
        }
    };

    /** Writes whole sectors of 512 bytes, durably. */
    abstract void write(SheepProcess sheep, String vdi, long offset, byte[] bytes);

    /** Reads the whole disk. */
    abstract byte[] read(SheepProcess sheep, String vdi);

    abstract void discard(SheepProcess sheep, String vdi, long offset, long length);

    abstract void resize(SheepProcess sheep, String vdi, long sizeBytes);

    private interface FileUse {
        void use(Path file);
    }

    private static void qemuIo(String program, String uri, String command) {
        Commands.output(program, "-f", "raw", "-c", command, "-c", "flush", uri);
    }

    private static void qemuIo(
            String program, String flag, String value, String uri, String command) {
        Commands.output(program, "-f", "raw", flag, value, "-c", command, uri);
    }

    private static String writeCommand(Path file, long offset, byte[] bytes) {
        return "write -q -s " + file + " " + offset + " " + bytes.length;
    }

    private static void inFile(byte[] bytes, FileUse use) {
        try {
            Path file = Files.createTempFile("kelpie-door", ".raw");
            try {
                use.use(Files.write(file, bytes));
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] throughFile(FileUse use) {
        try {
            Path file = Files.createTempFile("kelpie-door", ".raw");
            try {
                use.use(file);
                return Files.readAllBytes(file);
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
