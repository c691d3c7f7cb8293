package io.kelpie.simulator;

import io.kelpie.simulator.RegisterEvent.Kind;

import java.util.ArrayList;
import java.util.List;

/** Writes down the history of a register, operation numbers chosen by the test. */
final class HistoryBuilder {
    private final List<RegisterEvent> events;

    private HistoryBuilder(List<RegisterEvent> events) {
        this.events = events;
    }

    static HistoryBuilder aHistory() {
        return new HistoryBuilder(new ArrayList<>());
    }

    HistoryBuilder copy() {
        return new HistoryBuilder(new ArrayList<>(events));
    }

    HistoryBuilder wrote(int operation, long value) {
        return startWrite(operation, value).end(operation);
    }

    HistoryBuilder wroteDurably(int operation, long value) {
        return add(Kind.WRITE_START, operation, value, RegisterEvent.DURABLE).end(operation);
    }

    HistoryBuilder startWrite(int operation, long value) {
        return add(Kind.WRITE_START, operation, value, 0);
    }

    HistoryBuilder startUncertain(int operation, long value) {
        return add(Kind.WRITE_START, operation, value, RegisterEvent.UNCERTAIN);
    }

    HistoryBuilder read(int operation, long value) {
        return add(Kind.READ_START, operation, value, 0).end(operation);
    }

    HistoryBuilder end(int operation) {
        return add(Kind.END, operation, 0, 0);
    }

    HistoryBuilder startFlush(int operation) {
        return add(Kind.FLUSH_START, operation, 0, 0);
    }

    HistoryBuilder endFlush(int operation) {
        return add(Kind.FLUSH_END, operation, 0, 0);
    }

    HistoryBuilder flushed(int operation) {
        return startFlush(operation).endFlush(operation);
    }

    HistoryBuilder losePower() {
        return add(Kind.POWER_LOSS, 0, 0, 0);
    }

    RegisterChecker.Verdict verdict() {
        return RegisterChecker.check(events);
    }

    private HistoryBuilder add(Kind kind, int operation, long value, int flags) {
        events.add(new RegisterEvent(kind, operation, value, flags));
        return this;
    }
}
