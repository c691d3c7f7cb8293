package io.kelpie.system;

import java.io.IOException;

/** One connection to one node through which blocks of one VDI are read and written, one a time. */
interface BlockDoor extends AutoCloseable {
    /** A silence longer than this is no answer. */
    int ANSWER_MILLIS = 20_000;

    /** For a node that is gone altogether. */
    int CONNECT_MILLIS = 2_000;

    byte[] read(int block) throws IOException;

    /** Returns when the write is acknowledged; an exception says that it may have happened. */
    void write(int block, byte[] bytes) throws IOException;

    @Override
    void close();

    /** The server answered, with an error. */
    final class RefusedException extends IOException {
        private static final long serialVersionUID = 1;

        private final boolean startUp;

        RefusedException(String what, boolean isStartUp) {
            super(what);
            startUp = isStartUp;
        }

        /** Whether the node only says that it is not there yet. */
        boolean isStartUp() {
            return startUp;
        }
    }
}
