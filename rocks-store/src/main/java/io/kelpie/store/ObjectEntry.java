package io.kelpie.store;

/**
 * One object of an enumeration.
 *
 * @param key its name
 * @param head what was known of it when it was enumerated
 */
public record ObjectEntry(ObjectKey key, ObjectHead head) {}
