package io.kelpie.cluster.vdi;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.port.Completion;

/**
 * A call in work at the home of a VDI. It ends with NO_PRIMARY as soon as the home moves, so that
 * its asker need not wait for what the former home still has in work; the payloads are held until
 * that has ended too.
 *
 * @param <T> the result
 */
final class HomeCall<T> implements Completion<T> {
    private final Inode inode;
    private final Runnable release;
    private final Completion<T> asker;
    private boolean answered;

    /**
     * Begins.
     *
     * @param inode the VDI at its home
     * @param release drops the references of payloads that the work holds
     * @param asker gets the result
     */
    HomeCall(Inode inode, Runnable release, Completion<T> asker) {
        this.inode = inode;
        this.release = release;
        this.asker = asker;
        inode.add(this);
    }

    void drop() {
        if (!answered) {
            answered = true;
            asker.failed(ErrorCode.NO_PRIMARY);
        }
    }

    @Override
    public void done(T result) {
        end();
        if (!answered) {
            answered = true;
            asker.done(result);
        }
    }

    @Override
    public void failed(ErrorCode error) {
        end();
        if (!answered) {
            answered = true;
            asker.failed(error);
        }
    }

    private void end() {
        inode.remove(this);
        release.run();
    }
}
