package io.kelpie.fuse;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The kernel's mount table of this process, {@code /proc/self/mountinfo}. Any thread. */
final class MountTable {
    // Fields of a line: id parent device root mount-point options [optional ...] - type source
    // super
    private static final int FIELD_DEVICE = 2;
    private static final int FIELD_MOUNT_POINT = 4;
    private static final int FIELDS_BEFORE_OPTIONAL = 6;

    private final Path file;

    MountTable(Path file) {
        this.file = file;
    }

    /**
     * One mount.
     *
     * @param device {@code major:minor}, unlike any other mount's of FUSE
     * @param type file system type, {@code fuse.kelpie}
     * @param source as shown in the first column of {@code df}
     */
    record Mount(String device, String type, String source) {
        boolean isFuse() {
            return type.equals("fuse") || type.startsWith("fuse.") || type.equals("fuseblk");
        }
    }

    /** The uppermost mount at a path; empty when the path is not a mount point. */
    Optional<Mount> at(Path mountPoint) {
        List<String> lines;
        try {
            // A mount point may hold any bytes; Latin-1 keeps them apart.
            lines = Files.readAllLines(file, StandardCharsets.ISO_8859_1);
        } catch (IOException unreadable) {
            throw new UncheckedIOException("cannot read the mount table " + file, unreadable);
        }
        String wanted = new String(FileNames.bytes(mountPoint), StandardCharsets.ISO_8859_1);
        Optional<Mount> found = Optional.empty();
        for (String line : lines) {
            String[] fields = line.split(" ");
            if (fields.length > FIELDS_BEFORE_OPTIONAL
                    && unescape(fields[FIELD_MOUNT_POINT]).equals(wanted)) {
                found = parse(fields);
            }
        }
        return found;
    }

    private static Optional<Mount> parse(String[] fields) {
        for (int i = FIELDS_BEFORE_OPTIONAL; i + 2 < fields.length; i++) {
            if (fields[i].equals("-")) {
                return Optional.of(
                        new Mount(fields[FIELD_DEVICE], fields[i + 1], unescape(fields[i + 2])));
            }
        }
        return Optional.empty();
    }

    /** Space, tab, newline and backslash stand as three octal digits. */
    private static String unescape(String field) {
        StringBuilder text = new StringBuilder(field.length());
        for (int i = 0; i < field.length(); i++) {
            char c = field.charAt(i);
            if (c == '\\' && i + 3 < field.length() && isOctal(field, i + 1)) {
                text.append((char) Integer.parseInt(field.substring(i + 1, i + 4), 8));
                i += 3;
            } else {
                text.append(c);
            }
        }
        return text.toString();
    }

    private static boolean isOctal(String field, int from) {
        return field.substring(from, from + 3).chars().allMatch(c -> c >= '0' && c <= '7');
    }
}
