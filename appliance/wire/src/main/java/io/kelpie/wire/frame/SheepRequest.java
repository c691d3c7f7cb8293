package io.kelpie.wire.frame;

import io.kelpie.wire.sheep.RequestHeader;
import io.netty.buffer.ByteBuf;

/**
 * A complete request as it came from a client.
 *
 * @param header its header
 * @param payload exactly {@code header.payloadBytes()} readable bytes in one direct buffer, or an
 *     empty buffer; the receiver of the request owns it and must release it once
 */
public record SheepRequest(RequestHeader header, ByteBuf payload) {}
