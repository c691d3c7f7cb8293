package io.kelpie.cluster.recovery;

import io.kelpie.cluster.message.RecoveryMessage.SlotRelease;
import io.kelpie.cluster.message.RecoveryMessage.SlotRequest;
import io.kelpie.cluster.message.RecoveryMessage.SlotStatus;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.LocalStore.Space;

import java.util.Comparator;
import java.util.TreeMap;

/**
 * The places for sessions that a node receives. The most urgent group gets a place that becomes
 * free, whoever asks first. Places and wishes run out by time, as those who have them may die.
 */
final class IncomingSlots {
    /** A session repeats its request every second. */
    static final long PLACE_NANOS = 5_000_000_000L;
    /** Who waits asks every second. */
    private static final long WISH_NANOS = 3_000_000_000L;
    /** Wishes remembered; of more the place goes to who asks next. */
    private static final int MAX_WISHES = 1024;
    /** Used share of the disk from which on a node receives no copies. */
    private static final int FULL_PERCENT = 90;

    private final int limit;
    private final TreeMap<Key, Place> places = new TreeMap<>();
    private final TreeMap<Key, Place> wishes = new TreeMap<>();

    IncomingSlots(int limit) {
        this.limit = limit;
    }

    SlotStatus ask(PeerId from, SlotRequest request, Space space, long now) {
        places.values().removeIf(place -> place.untilNanos <= now);
        wishes.values().removeIf(wish -> wish.untilNanos <= now);
        Key key = new Key(from, request.pg());
        boolean goesOn = places.containsKey(key);
        if (!goesOn && isFull(space)) {
            return SlotStatus.FULL;
        }
        if (goesOn || (places.size() < limit && isMostUrgent(key, request.danger()))) {
            wishes.remove(key);
            places.put(key, new Place(request.session(), request.danger(), now + PLACE_NANOS));
            return SlotStatus.GRANTED;
        }
        if (wishes.size() < MAX_WISHES) {
            wishes.put(key, new Place(request.session(), request.danger(), now + WISH_NANOS));
        }
        return SlotStatus.BUSY;
    }

    void release(PeerId from, SlotRelease release) {
        Key key = new Key(from, release.pg());
        wishes.remove(key);
        Place place = places.get(key);
        if (place != null && place.session == release.session()) {
            places.remove(key);
        }
    }

    private static boolean isFull(Space space) {
        long used = space.totalBytes() - space.freeBytes();
        return used > space.totalBytes() / 100 * FULL_PERCENT;
    }

    private boolean isMostUrgent(Key asking, int danger) {
        int free = limit - places.size();
        int before = 0;
        for (var wish : wishes.entrySet()) {
            if (wish.getValue().danger < danger && !wish.getKey().equals(asking)) {
                before++;
            }
        }
        return before < free;
    }

    private record Place(long session, int danger, long untilNanos) {}

    private record Key(PeerId primary, PgId pg) implements Comparable<Key> {
        private static final Comparator<Key> ORDER =
                Comparator.comparing(Key::primary).thenComparing(Key::pg);

        @Override
        public int compareTo(Key other) {
            return ORDER.compare(this, other);
        }
    }
}
