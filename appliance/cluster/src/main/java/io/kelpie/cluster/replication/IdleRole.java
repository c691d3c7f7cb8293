package io.kelpie.cluster.replication;

import io.kelpie.cluster.message.GroupMessage;

/** The node has no part in the group; copies may be left here from earlier epochs. */
final class IdleRole extends Role {
    private final GroupState.State state;

    IdleRole(GroupState.State state) {
        this.state = state;
    }

    @Override
    void begin() {}

    @Override
    void abandon() {}

    @Override
    GroupState.State state() {
        return state;
    }

    @Override
    void onMessage(int from, GroupMessage message) {
        message.release();
    }

    @Override
    void onLost(int member) {}
}
