package io.kelpie.simulator;

/** A client of the node that does one thing after another. */
interface Client {
    /** Starts the next thing; it ends with {@link Seat#next}. */
    void step();

    /** The serving process is gone and with it everything that was opened. */
    void onDown();

    /** Gives back what was opened, between two steps, to go to another node. */
    default void leave() {
        onDown();
    }
}
