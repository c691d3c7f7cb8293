package io.kelpie.fuse;

import java.util.List;
import java.util.Optional;

/**
 * The images that a mount shows: a flat directory. The user of this library implements it; the
 * mount calls it from any {@code kelpie-fuse-N} thread, several at once. Every call may block, by
 * its own deadline; while it does, it holds one of the mount's threads.
 *
 * <p>Names are one path element: 1 to 255 bytes of UTF-8, without {@code /} and not {@code .} or
 * {@code ..}; the mount passes on no others and does not list others.
 *
 * <p>Errors: a {@link FuseException} becomes its errno; any other {@link Throwable} becomes EIO and
 * is logged.
 */
public interface ImageDirectory {
    /**
     * The names of all images, in any order.
     *
     * @return a list that nobody changes; empty when there is none
     */
    List<String> names();

    /**
     * What {@code stat} shows. Called very often; should be cheap.
     *
     * @param name an image's name
     * @return its attributes, or empty when there is no such image (ENOENT)
     */
    Optional<ImageAttributes> attributes(String name);

    /**
     * Opens an image. One image may be open several times at once; each handle is closed by itself.
     *
     * @param name an image's name
     * @param writable true when the handle will write, truncate or punch
     * @return the opened image, owned by the mount, which closes it; {@link FuseError#ENOENT} when
     *     missing, {@link FuseError#EROFS} when it is read-only and {@code writable},
     *     {@link FuseError#EBUSY} when locked elsewhere
     */
    ImageFile open(String name, boolean writable);

    /**
     * Makes an image of size 0. It becomes a disk by {@link ImageFile#truncate}, which follows when
     * a tool sets the size or writes.
     *
     * @param name the new name; {@link FuseError#EEXIST} when taken
     */
    void create(String name);

    /**
     * Removes an image and its content, for good.
     *
     * @param name an image's name; {@link FuseError#ENOENT} when missing, {@link FuseError#EBUSY}
     *     when it is open and the directory does not remove open images
     */
    void remove(String name);

    /**
     * Renames an image. Refused with {@link FuseError#EOPNOTSUPP} unless implemented.
     *
     * @param oldName an image's name
     * @param newName the name it gets; {@link FuseError#EEXIST} when taken: an image is never
     *     replaced by a rename
     */
    default void rename(String oldName, String newName) {
        throw new FuseException(
                FuseError.EOPNOTSUPP, "images cannot be renamed: " + oldName + " to " + newName);
    }

    /**
     * What {@code df} shows.
     *
     * @return the space, now
     */
    FileSystemSpace space();
}
