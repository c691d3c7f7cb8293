package io.kelpie.cluster.replication;

import io.kelpie.cluster.message.GroupMessage;
import io.kelpie.cluster.message.GroupMessage.Activate;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.port.Completion;

import org.jspecify.annotations.Nullable;

import java.util.ArrayDeque;
import java.util.List;
import java.util.function.Consumer;

/** The primary: makes the copies level, then serves. Requests that come before that wait. */
final class PrimaryRole extends Role {
    /** Beyond this requests are refused, and gateways send them again. */
    private static final int MAX_PARKED = 4096;

    private final Group group;
    private final Peering peering;
    private final boolean solo;
    private final ArrayDeque<Parked> parked = new ArrayDeque<>();
    private @Nullable Serving serving;
    private boolean over;

    /**
     * Composes the role.
     *
     * @param solo this node is the whole cluster: there is nothing to level
     * @param proven a version that this node knows to be committed
     * @param provers members that must have it
     */
    PrimaryRole(Group group, boolean solo, ObjectVersion proven, List<Integer> provers) {
        this.group = group;
        this.solo = solo;
        this.peering = new Peering(group, proven, provers, this::serve);
    }

    @Override
    void begin() {
        if (solo) {
            serve();
        } else {
            peering.begin();
        }
    }

    private void serve() {
        Serving begun = new Serving(group, solo);
        serving = begun;
        if (!solo) {
            group.gapped.clear();
            group.onCommitted(new ObjectVersion(group.epoch(), 0));
            for (int member : group.others()) {
                group.send(member, new Activate(group.pg, group.epoch()));
            }
        }
        group.around.listener.onActive(group.pg);
        group.around.recovery.onActive(begun.teaching());
        while (!parked.isEmpty() && !over) {
            parked.remove().request().accept(begun);
        }
    }

    @Override
    void abandon() {
        over = true;
        Serving begun = serving;
        if (begun == null) {
            peering.close();
        } else {
            begun.close();
            group.around.recovery.onOver(begun.teaching());
            group.around.listener.onInactive(group.pg);
        }
        List<Parked> left = List.copyOf(parked);
        parked.clear();
        left.forEach(each -> each.completion().failed(ErrorCode.NO_PRIMARY));
    }

    /** The cluster is more than this node from now on, though the group did not change. */
    void endSolitude() {
        Serving begun = serving;
        if (begun != null) {
            begun.endSolitude();
        }
    }

    boolean isSolo() {
        Serving begun = serving;
        return begun != null && begun.isSolo();
    }

    boolean isActive() {
        Serving begun = serving;
        return begun != null && !begun.isFailed();
    }

    /** Hands a request to the serving primary, perhaps later. */
    void request(Completion<?> completion, Consumer<Serving> request) {
        Serving begun = serving;
        if (begun != null) {
            request.accept(begun);
        } else if (parked.size() < MAX_PARKED) {
            parked.add(new Parked(completion, request));
        } else {
            completion.failed(ErrorCode.NO_PRIMARY);
        }
    }

    @Override
    GroupState.State state() {
        Serving begun = serving;
        if (begun == null) {
            return GroupState.State.PEERING;
        }
        return begun.isFailed() ? GroupState.State.FAILED : GroupState.State.ACTIVE;
    }

    @Override
    int parked() {
        Serving begun = serving;
        return parked.size() + (begun == null ? 0 : begun.parked());
    }

    @Override
    String reason() {
        Serving begun = serving;
        return begun == null ? peering.reason() : begun.reason();
    }

    @Override
    void onMessage(int from, GroupMessage message) {
        Serving begun = serving;
        if (begun == null) {
            peering.onMessage(from, message);
        } else {
            begun.onMessage(from, message);
        }
    }

    @Override
    void onLost(int member) {
        Serving begun = serving;
        if (begun == null) {
            peering.onLost(member);
        } else {
            begun.onLost(member);
        }
    }

    private record Parked(Completion<?> completion, Consumer<Serving> request) {}
}
