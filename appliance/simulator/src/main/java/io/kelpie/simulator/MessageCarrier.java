package io.kelpie.simulator;

import io.kelpie.cluster.port.PeerMessage;

/**
 * How a message leaves one process and arrives in another: the two share no memory, so its payloads
 * are released at the sender and made anew at the receiver.
 */
interface MessageCarrier {
    /** Takes what the message says; its payloads are given back to the sender. */
    Packet pack(PeerMessage message);

    /** A message on its way. */
    interface Packet {
        /** Type of the message, for traces and crash points. */
        String name();

        /** Placement group whose order the message keeps, or -1. */
        int order();

        /** What it takes on the wire. */
        int bytes();

        /** The message for the receiver, whose payloads are of the receiver's ledger. */
        PeerMessage unpack(PayloadLedger receiver);
    }
}
