package io.kelpie.node.export;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.volume.Volume;
import io.kelpie.cluster.volume.VolumeData;
import io.kelpie.nbd.Reply;

/**
 * Brings a range into the store's cache, a piece at a time. Core loop only. As it is a hint, a
 * piece that cannot be read ends it without an error: who reads it will be told.
 */
final class CacheRange implements Completion<VolumeData> {
    private static final int PIECE_BYTES = 1 << 20;

    private final Volume volume;
    private final long end;
    private final Reply reply;
    private long at;
    private boolean reading;
    private boolean advancing;

    CacheRange(Volume volume, long offset, long length, Reply reply) {
        this.volume = volume;
        this.at = offset;
        this.end = offset + length;
        this.reply = reply;
    }

    /** A loop, not a chain: holes are answered inside the call, and there may be a million. */
    void next() {
        if (advancing) {
            return;
        }
        advancing = true;
        while (!reading && at < end) {
            int piece = (int) Math.min(PIECE_BYTES, end - at);
            at += piece;
            reading = true;
            volume.read(at - piece, piece, this);
        }
        advancing = false;
        if (!reading) {
            reply.done();
        }
    }

    @Override
    public void done(VolumeData data) {
        data.release();
        reading = false;
        next();
    }

    @Override
    public void failed(ErrorCode error) {
        at = end;
        reading = false;
        next();
    }
}
