package io.kelpie.fuse;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The rules for names of images, and their bytes. Any thread. */
final class FileNames {
    /** What Linux allows for one path element, and what {@code statfs} promises. */
    static final int MAX_NAME_BYTES = 255;

    private static final Charset PATH_CHARSET =
            Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));

    private FileNames() {}

    /**
     * Whether a name can be a file of a flat directory: 1 to 255 bytes of UTF-8, no {@code /}, no
     * NUL, not {@code .} or {@code ..}, no half of a surrogate pair.
     */
    static boolean isListable(String name) {
        if (name.isEmpty() || name.equals(".") || name.equals("..")) {
            return false;
        }
        if (name.indexOf('/') >= 0 || name.indexOf('\0') >= 0) {
            return false;
        }
        return StandardCharsets.UTF_8.newEncoder().canEncode(name)
                && name.getBytes(StandardCharsets.UTF_8).length <= MAX_NAME_BYTES;
    }

    /**
     * The name in a path that the kernel sent.
     *
     * @param path UTF-8 bytes, {@code /} and one element
     * @return the name; empty for the directory itself; {@link FuseException} with ENOENT when it
     *     has several elements or is not UTF-8, ENAMETOOLONG when too long
     */
    static String of(byte[] path) {
        if (path.length == 0 || path[0] != '/') {
            throw new FuseException(FuseError.EINVAL, "a path must begin with /");
        }
        if (path.length - 1 > MAX_NAME_BYTES) {
            throw new FuseException(
                    FuseError.ENAMETOOLONG,
                    "a name has at most " + MAX_NAME_BYTES + " bytes, this " + (path.length - 1));
        }
        String name;
        try {
            name = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(path, 1, path.length - 1))
                    .toString();
        } catch (CharacterCodingException notUtf8) {
            throw new FuseException(FuseError.ENOENT, "a name must be UTF-8", notUtf8);
        }
        if (name.indexOf('/') >= 0) {
            throw new FuseException(FuseError.ENOENT, "the directory is flat, no " + name);
        }
        return name;
    }

    /** The bytes of a listable name, without a NUL. */
    static byte[] bytes(String name) {
        return name.getBytes(StandardCharsets.UTF_8);
    }

    /** The bytes of a path as the JDK passes them to the kernel, which depends on the locale. */
    static byte[] bytes(Path path) {
        return path.toString().getBytes(PATH_CHARSET);
    }
}
