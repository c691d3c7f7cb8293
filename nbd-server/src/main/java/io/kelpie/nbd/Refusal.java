// Kelpie, Apache-2.0.
package io.kelpie.nbd;

/**
 * Why a request is not given to the device.
 *
 * @param error the number the client sees
 * @param why for the log
 */
record Refusal(NbdError error, String why) {}
