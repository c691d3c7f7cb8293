package io.kelpie.wire.peer;

import io.kelpie.cluster.message.ControlMessage;
import io.kelpie.cluster.message.GatewayMessage;
import io.kelpie.cluster.message.GroupMessage;
import io.kelpie.cluster.message.LivenessMessage;
import io.kelpie.cluster.message.RecoveryMessage;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.port.PeerMessage;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Makes random values of the message records from their declarations, so that a new message or
 * field is in the tests without anybody having thought of it.
 */
final class RandomMessages {
    /** All records that are messages, of all families. */
    static final List<Class<?>> TYPES = leaves(List.of(
            GatewayMessage.class,
            GroupMessage.class,
            LivenessMessage.class,
            ControlMessage.class,
            RecoveryMessage.class));

    private final Random random;

    RandomMessages(long seed) {
        this.random = new Random(seed);
    }

    PeerMessage any() {
        return of(TYPES.get(random.nextInt(TYPES.size())));
    }

    PeerMessage of(Class<?> type) {
        return (PeerMessage) value(type, type);
    }

    static List<Class<?>> leaves(List<Class<?>> types) {
        List<Class<?>> leaves = new ArrayList<>();
        for (Class<?> type : types) {
            if (type.isSealed()) {
                leaves.addAll(leaves(Arrays.asList(type.getPermittedSubclasses())));
            } else {
                leaves.add(type);
            }
        }
        return leaves;
    }

    private Object value(Class<?> type, Type generic) {
        if (type == long.class || type == Long.class) {
            return random.nextLong() >>> (1 + random.nextInt(62));
        }
        if (type == int.class) {
            return random.nextInt() >>> (1 + random.nextInt(30));
        }
        if (type == boolean.class) {
            return random.nextBoolean();
        }
        if (type == byte[].class) {
            return bytes(random.nextInt(2000));
        }
        if (type == int[].class) {
            return random.ints(random.nextInt(50)).toArray();
        }
        if (type == Payload.class) {
            return new ArrayPayload(bytes(1 + random.nextInt(9000)));
        }
        if (type == List.class) {
            Class<?> element = (Class<?>) ((ParameterizedType) generic).getActualTypeArguments()[0];
            List<Object> elements = new ArrayList<>();
            for (int left = random.nextInt(5); left > 0; left--) {
                elements.add(value(element, element));
            }
            return elements;
        }
        if (type.isEnum()) {
            Object[] constants = type.getEnumConstants();
            return constants[random.nextInt(constants.length)];
        }
        if (type.isSealed()) {
            List<Class<?>> leaves = leaves(List.of(type));
            return value(leaves.get(random.nextInt(leaves.size())), type);
        }
        return bounded(type);
    }

    /** Records whose constructors refuse some values. */
    private Object bounded(Class<?> type) {
        if (type == PgId.class) {
            return new PgId(random.nextInt(1 << PgId.MAX_BITS));
        }
        if (type == VdiId.class) {
            return new VdiId(1 + random.nextInt(VdiId.MAX));
        }
        if (type == ObjectId.class) {
            return new ObjectId(random.nextLong());
        }
        if (type == Endpoint.class) {
            return new Endpoint(random.nextLong(), random.nextLong(), 1 + random.nextInt(65535));
        }
        if (type == ClusterMap.class) {
            return ClusterMapCodecTest.aMap(1 << random.nextInt(6));
        }
        if (type.getSimpleName().equals("Piece")) {
            return piece();
        }
        if (type.getSimpleName().equals("ObjectChange")) {
            return change();
        }
        return record(type);
    }

    private Object piece() {
        long offset = random.nextInt(1 << 22);
        return random.nextBoolean()
                ? io.kelpie.cluster.message.ObjectChange.Piece.zeros(
                        offset, 1 + random.nextInt(1 << 22))
                : io.kelpie.cluster.message.ObjectChange.Piece.of(
                        offset, new ArrayPayload(bytes(1 + random.nextInt(5000))));
    }

    private Object change() {
        Object made = null;
        while (made == null) {
            try {
                made = record(io.kelpie.cluster.message.ObjectChange.class);
            } catch (IllegalStateException e) {
                made = null; // A removal with pieces: draw again.
            }
        }
        return made;
    }

    private Object record(Class<?> type) {
        RecordComponent[] components = type.getRecordComponents();
        Class<?>[] types = new Class<?>[components.length];
        Object[] values = new Object[components.length];
        for (int i = 0; i < components.length; i++) {
            types[i] = components[i].getType();
            boolean absent = components[i].getAnnotatedType().getAnnotations().length > 0
                    && random.nextInt(3) == 0;
            values[i] = absent ? null : value(types[i], components[i].getGenericType());
        }
        try {
            Constructor<?> constructor = type.getDeclaredConstructor(types);
            return constructor.newInstance(values);
        } catch (InvocationTargetException e) {
            throw new IllegalStateException(e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("no value of " + type, e);
        }
    }

    private byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }
}
