package io.kelpie.node.runtime;

import java.lang.reflect.Proxy;

/**
 * Signals of the operating system. The JDK's class for them is not part of its promised API, and
 * naming it draws a warning that cannot be silenced, so it is reached by reflection; where it is
 * missing, the JVM's own answer to a signal stays in force.
 */
public final class Signals {
    private Signals() {}

    /**
     * Runs a task whenever a signal comes, on a thread of the JVM, instead of what the JVM does.
     *
     * @param name without SIG, for example {@code TERM}
     * @param task must return soon
     * @return false if signals cannot be handled here
     */
    public static boolean handle(String name, Runnable task) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            Object proxy = Proxy.newProxyInstance(
                    Signals.class.getClassLoader(),
                    new Class<?>[] {handler},
                    (self, call, args) -> {
                        switch (call.getName()) {
                            case "handle" -> task.run();
                            case "hashCode" -> {
                                return System.identityHashCode(self);
                            }
                            case "equals" -> {
                                return self == args[0];
                            }
                            default -> {
                                return "handler of SIG" + name;
                            }
                        }
                        return null;
                    });
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
            return true;
        } catch (ReflectiveOperationException e) {
            return false;
        }
    }
}
