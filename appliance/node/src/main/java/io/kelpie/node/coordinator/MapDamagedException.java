package io.kelpie.node.coordinator;

/** Stored bytes are no cluster map, or no event. */
public final class MapDamagedException extends Exception {
    private static final long serialVersionUID = 1;

    /**
     * Creates the exception.
     *
     * @param what what is wrong with them
     */
    public MapDamagedException(String what) {
        super(what);
    }
}
