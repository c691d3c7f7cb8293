package io.kelpie.fuse;

import java.util.List;
import java.util.Optional;

/** A directory that does what another does, but for what a test changes. */
abstract class ForwardingDirectory implements ImageDirectory {
    private final ImageDirectory target;

    ForwardingDirectory(ImageDirectory target) {
        this.target = target;
    }

    @Override
    public List<String> names() {
        return target.names();
    }

    @Override
    public Optional<ImageAttributes> attributes(String name) {
        return target.attributes(name);
    }

    @Override
    public ImageFile open(String name, boolean writable) {
        return target.open(name, writable);
    }

    @Override
    public void create(String name) {
        target.create(name);
    }

    @Override
    public void remove(String name) {
        target.remove(name);
    }

    @Override
    public FileSystemSpace space() {
        return target.space();
    }
}
