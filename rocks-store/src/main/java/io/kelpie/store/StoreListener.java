package io.kelpie.store;

/**
 * Told of changes in the state of a whole store. Calls come from the threads that call the store;
 * they must return soon and must not call the store.
 */
public interface StoreListener {
    /** A listener that does nothing. */
    StoreListener NONE = new StoreListener() {};

    /**
     * The store broke: every write from now on fails with this exception; reads go on as long as
     * they can. Called once, by the call that met the failure: a failure in the background shows
     * with the next write or sync.
     */
    default void onBroken(StoreException failure) {}

    /** Writes that need space are refused from now on. */
    default void onSpaceExhausted(long freeBytes) {}

    /** Writes that need space are taken again. */
    default void onSpaceReturned(long freeBytes) {}
}
