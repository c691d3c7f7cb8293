@org.jspecify.annotations.NullMarked
package io.kelpie.jmh.door;
