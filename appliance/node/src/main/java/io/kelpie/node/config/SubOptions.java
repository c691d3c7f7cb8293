package io.kelpie.node.config;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Parses {@code name=value,name=value} as upstream does: names are matched as prefixes. */
final class SubOptions {
    private SubOptions() {}

    /**
     * @param text the whole argument
     * @param names known beginnings, with {@code =} where a value follows
     * @return value by known beginning, in the order given
     */
    static Map<String, String> parse(String text, List<String> names) throws ConfigException {
        Map<String, String> found = new LinkedHashMap<>();
        for (String part : text.split(",")) {
            String known = null;
            for (String name : names) {
                if (part.startsWith(name)) {
                    known = name;
                    break;
                }
            }
            if (known == null) {
                throw new ConfigException("invalid option " + part);
            }
            found.put(known, part.substring(known.length()));
        }
        return found;
    }
}
