package io.kelpie.cluster.volume;

import io.kelpie.cluster.message.PrimaryCall;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Extent;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.vdi.InodeView;

/** Has the home of a VDI that other nodes may use too free a whole extent. Core loop only. */
final class SharedDiscard implements Completion<Outcome> {
    private final InodeView view;
    private final Extent extent;
    private final Completion<Outcome> completion;

    SharedDiscard(InodeView view, Extent extent, Completion<Outcome> completion) {
        this.view = view;
        this.extent = extent;
        this.completion = completion;
    }

    void start() {
        view.askHome(
                new PrimaryCall.Discard(
                        view.id(), extent.index(), extent.offset(), extent.length(), true),
                this);
    }

    @Override
    public void done(Outcome result) {
        view.note(extent.index(), false);
        completion.done(result);
    }

    @Override
    public void failed(ErrorCode error) {
        completion.failed(error);
    }
}
