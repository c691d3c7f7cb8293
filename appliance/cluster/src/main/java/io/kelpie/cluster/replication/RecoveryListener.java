package io.kelpie.cluster.replication;

/** Learns of groups for which learners can be brought up to date. Core loop only. */
public interface RecoveryListener {
    /** Teaches nobody. */
    RecoveryListener NONE = new RecoveryListener() {
        @Override
        public void onActive(ActiveGroup group) {}

        @Override
        public void onOver(ActiveGroup group) {}
    };

    /**
     * This node is the active primary of a group; its entry may name learners.
     *
     * @param group the group in this epoch
     */
    void onActive(ActiveGroup group);

    /**
     * The epoch is over: every call to the group does nothing from now on, and completions that are
     * outstanding do not come.
     *
     * @param group as given to {@link #onActive}
     */
    void onOver(ActiveGroup group);
}
