package io.kelpie.fuse;

import java.nio.ByteBuffer;

/** A file that does what another does, but for what a test changes. */
abstract class ForwardingFile implements ImageFile {
    private final ImageFile target;

    ForwardingFile(ImageFile target) {
        this.target = target;
    }

    @Override
    public void read(long offset, ByteBuffer destination) {
        target.read(offset, destination);
    }

    @Override
    public void write(long offset, ByteBuffer source) {
        target.write(offset, source);
    }

    @Override
    public void sync() {
        target.sync();
    }

    @Override
    public void truncate(long sizeBytes) {
        target.truncate(sizeBytes);
    }

    @Override
    public void punchHole(long offset, long length) {
        target.punchHole(offset, length);
    }

    @Override
    public void writeZeroes(long offset, long length) {
        target.writeZeroes(offset, length);
    }

    @Override
    public long sizeBytes() {
        return target.sizeBytes();
    }

    @Override
    public void close() {
        target.close();
    }
}
