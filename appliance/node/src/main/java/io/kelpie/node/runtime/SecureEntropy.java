package io.kelpie.node.runtime;

import io.kelpie.cluster.port.Entropy;

import java.security.SecureRandom;

/**
 * Randomness from the operating system: node ids must differ between machines that were started
 * from one image at one moment. Any thread.
 */
public final class SecureEntropy implements Entropy {
    private final SecureRandom random = new SecureRandom();

    /** Creates the source. */
    public SecureEntropy() {}

    @Override
    public long next() {
        return random.nextLong();
    }
}
