package io.kelpie.store;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * One object at one instant, while others go on writing it. For use by one thread at a time; must
 * be closed soon (it keeps old data from being freed) and before the store is: closing the store
 * waits for open snapshots for a bounded time and then invalidates them.
 */
public interface ObjectSnapshot extends AutoCloseable {
    /** The object's name. */
    ObjectKey key();

    /** Its head at that instant. */
    ObjectHead head();

    /** As {@link ObjectStore#read}, at that instant. */
    int read(long offset, ByteBuffer destination);

    /** As {@link ObjectStore#extents}, at that instant. */
    List<ObjectExtent> extents(long offset, long length);

    /** Ends it; closing twice does nothing. */
    @Override
    void close();
}
