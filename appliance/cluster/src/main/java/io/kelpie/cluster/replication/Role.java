package io.kelpie.cluster.replication;

import io.kelpie.cluster.message.GroupMessage;

/** What a node does for a group in one partition epoch. */
abstract sealed class Role permits IdleRole, FollowerRole, PrimaryRole {
    /** Begins; called once, after the group obeys the new entry. */
    abstract void begin();

    /** The epoch is over; nothing is sent or completed by this role any more. */
    abstract void abandon();

    abstract GroupState.State state();

    /** Takes a message of this epoch; ownership of payloads passes to the role. */
    abstract void onMessage(int from, GroupMessage message);

    abstract void onLost(int member);

    int parked() {
        return 0;
    }

    String reason() {
        return "";
    }
}
