package io.kelpie.store;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * One object at one instant, while others go on writing it. For use by one thread at a time; must
 * be closed soon, as it keeps old data from being freed. Once the store is closed, every method but
 * {@link #key}, {@link #head} and {@link #close} throws {@link StoreException} of kind CLOSED.
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
