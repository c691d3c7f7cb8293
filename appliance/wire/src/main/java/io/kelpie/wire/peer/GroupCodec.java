package io.kelpie.wire.peer;

import io.kelpie.cluster.message.GroupMessage;
import io.kelpie.cluster.message.GroupMessage.Acknowledge;
import io.kelpie.cluster.message.GroupMessage.Activate;
import io.kelpie.cluster.message.GroupMessage.Committed;
import io.kelpie.cluster.message.GroupMessage.Digest;
import io.kelpie.cluster.message.GroupMessage.DigestRequest;
import io.kelpie.cluster.message.GroupMessage.Info;
import io.kelpie.cluster.message.GroupMessage.LeaseEnd;
import io.kelpie.cluster.message.GroupMessage.ListRequest;
import io.kelpie.cluster.message.GroupMessage.Listing;
import io.kelpie.cluster.message.GroupMessage.Pull;
import io.kelpie.cluster.message.GroupMessage.Push;
import io.kelpie.cluster.message.GroupMessage.Query;
import io.kelpie.cluster.message.GroupMessage.ReplicaStatus;
import io.kelpie.cluster.message.GroupMessage.Replicate;
import io.kelpie.cluster.message.GroupMessage.Stale;
import io.kelpie.cluster.message.GroupMessage.Versions;
import io.kelpie.cluster.message.GroupMessage.VersionsRequest;
import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.ObjectDigest;

import java.util.List;

/** Bodies of {@link GroupMessage}s. */
final class GroupCodec {
    private static final int MAX_OBJECTS = 4096;
    private static final int MAX_LOG_ENTRIES = 65_536;
    /** An object of 2 GiB has so many chunks. */
    private static final int MAX_SUMS = 32_768;

    private static final int HELD_BYTES = 32;
    private static final int MIN_LOG_ENTRY_BYTES = 26;

    private static final Codes<ReplicaStatus> STATUS = new Codes<>(
            "status",
            List.of(
                    ReplicaStatus.APPLIED,
                    ReplicaStatus.GAP,
                    ReplicaStatus.NO_SPACE,
                    ReplicaStatus.IO_ERROR));

    private GroupCodec() {}

    static EncodedFrame encode(GroupMessage message) {
        if (message instanceof Replicate replicate) {
            PeerOutput out = begin(PeerType.REPLICATE, message)
                    .u64(replicate.session())
                    .version(replicate.previous())
                    .version(replicate.version())
                    .maybeOperation(replicate.operation())
                    .u64(replicate.committed());
            return ChangeCodec.put(out, replicate.change()).finish();
        }
        if (message instanceof Acknowledge acknowledge) {
            return begin(PeerType.ACKNOWLEDGE, message)
                    .u64(acknowledge.session())
                    .object(acknowledge.object())
                    .version(acknowledge.version())
                    .code(STATUS, acknowledge.status())
                    .version(acknowledge.held())
                    .finish();
        }
        if (message instanceof Committed committed) {
            return begin(PeerType.COMMITTED, message).u64(committed.sequence()).finish();
        }
        if (message instanceof Push push) {
            return encodePush(push);
        }
        return encodeComparison(message);
    }

    private static EncodedFrame encodeComparison(GroupMessage message) {
        if (message instanceof Stale stale) {
            return begin(PeerType.STALE, message).mapVersion(stale.mapVersion()).finish();
        }
        if (message instanceof Query) {
            return begin(PeerType.QUERY, message).finish();
        }
        if (message instanceof Info info) {
            PeerOutput out = begin(PeerType.INFO, message)
                    .truth(info.full())
                    .version(info.highest())
                    .truth(info.last());
            return out.list(info.entries(), MAX_LOG_ENTRIES, out::logEntry).finish();
        }
        if (message instanceof VersionsRequest request) {
            PeerOutput out = begin(PeerType.VERSIONS_REQUEST, message);
            return out.list(request.objects(), MAX_OBJECTS, out::object).finish();
        }
        if (message instanceof Versions versions) {
            PeerOutput out = begin(PeerType.VERSIONS, message);
            return out.list(versions.held(), MAX_OBJECTS, out::held).finish();
        }
        if (message instanceof ListRequest request) {
            return begin(PeerType.LIST_REQUEST, message)
                    .u64(request.session())
                    .object(request.from())
                    .u32(request.max())
                    .finish();
        }
        if (message instanceof Listing listing) {
            PeerOutput out = begin(PeerType.LISTING, message)
                    .u64(listing.session())
                    .object(listing.from())
                    .truth(listing.last());
            return out.list(listing.held(), MAX_OBJECTS, out::held).finish();
        }
        if (message instanceof Pull pull) {
            return begin(PeerType.PULL, message).object(pull.object()).finish();
        }
        if (message instanceof DigestRequest request) {
            return begin(PeerType.DIGEST_REQUEST, message)
                    .u64(request.session())
                    .object(request.object())
                    .finish();
        }
        if (message instanceof Digest digest) {
            return encodeDigest(digest);
        }
        if (message instanceof Activate) {
            return begin(PeerType.ACTIVATE, message).finish();
        }
        if (message instanceof LeaseEnd) {
            return begin(PeerType.LEASE_END, message).finish();
        }
        throw new IllegalArgumentException("no bytes for a " + message.getClass());
    }

    private static PeerOutput begin(PeerType type, GroupMessage message) {
        return new PeerOutput(type).group(message.pg(), message.epoch());
    }

    private static EncodedFrame encodePush(Push push) {
        PeerOutput out = begin(PeerType.PUSH, push)
                .u64(push.session())
                .version(push.expected())
                .held(push.held())
                .u32(push.part())
                .truth(push.last())
                .truth(push.whole());
        ChangeCodec.putPieces(out, push.pieces());
        return out.list(push.operations(), MAX_LOG_ENTRIES, out::logEntry).finish();
    }

    private static EncodedFrame encodeDigest(Digest digest) {
        int[] sums = digest.digest().sums();
        if (sums.length > MAX_SUMS) {
            throw new IllegalArgumentException(
                    "a DIGEST of " + sums.length + " sums, at most " + MAX_SUMS);
        }
        PeerOutput out = begin(PeerType.DIGEST, digest)
                .u64(digest.session())
                .held(digest.digest().held())
                .u32(sums.length);
        for (int sum : sums) {
            out.u32(sum);
        }
        return out.finish();
    }

    static GroupMessage decode(PeerInput in) {
        PgId pg = in.pg();
        long epoch = in.header().epoch();
        return switch (in.header().type()) {
            case REPLICATE ->
                new Replicate(
                        pg,
                        epoch,
                        in.u64(),
                        in.version(),
                        in.version(),
                        in.maybeOperation(),
                        in.u64(),
                        ChangeCodec.get(in));
            case ACKNOWLEDGE ->
                new Acknowledge(
                        pg,
                        epoch,
                        in.u64(),
                        in.object(),
                        in.version(),
                        in.code(STATUS),
                        in.version());
            case STALE -> new Stale(pg, epoch, in.header().mapVersion());
            case COMMITTED -> new Committed(pg, epoch, in.u64());
            case QUERY -> new Query(pg, epoch);
            case INFO -> getInfo(in, pg, epoch);
            case VERSIONS_REQUEST ->
                new VersionsRequest(pg, epoch, in.list(MAX_OBJECTS, Long.BYTES, in::object));
            case VERSIONS -> new Versions(pg, epoch, in.list(MAX_OBJECTS, HELD_BYTES, in::held));
            case LIST_REQUEST ->
                new ListRequest(pg, epoch, in.u64(), in.object(), in.smallAmount());
            case LISTING -> getListing(in, pg, epoch);
            case PULL -> new Pull(pg, epoch, in.object());
            case PUSH ->
                new Push(
                        pg,
                        epoch,
                        in.u64(),
                        in.version(),
                        in.held(),
                        in.smallAmount(),
                        in.truth(),
                        in.truth(),
                        ChangeCodec.getPieces(in),
                        in.list(MAX_LOG_ENTRIES, MIN_LOG_ENTRY_BYTES, in::logEntry));
            case DIGEST_REQUEST -> new DigestRequest(pg, epoch, in.u64(), in.object());
            case DIGEST -> getDigest(in, pg, epoch);
            case ACTIVATE -> new Activate(pg, epoch);
            case LEASE_END -> new LeaseEnd(pg, epoch);
            default -> throw in.refused("not of this family");
        };
    }

    private static Info getInfo(PeerInput in, PgId pg, long epoch) {
        boolean full = in.truth();
        var highest = in.version();
        boolean last = in.truth();
        var entries = in.list(MAX_LOG_ENTRIES, MIN_LOG_ENTRY_BYTES, in::logEntry);
        return new Info(pg, epoch, full, highest, entries, last);
    }

    private static Listing getListing(PeerInput in, PgId pg, long epoch) {
        long session = in.u64();
        var from = in.object();
        boolean last = in.truth();
        return new Listing(
                pg, epoch, session, from, in.list(MAX_OBJECTS, HELD_BYTES, in::held), last);
    }

    private static Digest getDigest(PeerInput in, PgId pg, long epoch) {
        long session = in.u64();
        HeldObject held = in.held();
        int[] sums = new int[in.count(MAX_SUMS, Integer.BYTES)];
        for (int i = 0; i < sums.length; i++) {
            sums[i] = in.u32();
        }
        return new Digest(pg, epoch, session, new ObjectDigest(held, sums));
    }
}
