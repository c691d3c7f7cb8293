// Kelpie, Apache-2.0.
package io.kelpie.nbd;

/**
 * How a range shall be zeroed: the flags of a WRITE_ZEROES command.
 *
 * @param fua whether the zeroes must be durable when the call ends
 * @param noHole whether the range must stay allocated ({@code false}: the device may punch a hole)
 * @param fast whether the device must refuse with {@link NbdError#ENOTSUP}, at once, if zeroing is
 *     not faster than writing; only seen by devices whose limits say
 *     {@link DeviceLimits#canFastZero}
 */
public record ZeroFlags(boolean fua, boolean noHole, boolean fast) {}
