package io.kelpie.node.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Texts of all settings with their origin; a later source replaces an earlier one: defaults,
 * configuration file, environment, command line. Not thread-safe; used while starting only.
 */
public final class Settings {
    /** Longest configuration file; one with every setting has some hundred lines. */
    private static final long MAX_FILE_BYTES = 1 << 20;

    private final Map<Setting, Value> values = new EnumMap<>(Setting.class);

    /** All defaults. */
    public Settings() {
        for (Setting setting : Setting.values()) {
            values.put(setting, new Value(setting.defaultValue(), "default"));
        }
    }

    /**
     * Takes the settings of a configuration file: lines {@code key = value}, blank lines and lines
     * that begin with {@code #}.
     *
     * @param file where it is
     * @throws ConfigException if it cannot be read, a line has no {@code =} or an unknown key; the
     *     text names the line
     */
    public void readFile(Path file) throws ConfigException {
        List<String> lines;
        try {
            if (Files.size(file) > MAX_FILE_BYTES) {
                throw new ConfigException("configuration file " + file + " is longer than 1 MiB");
            }
            lines = Files.readAllLines(file);
        } catch (IOException e) {
            throw new ConfigException(
                    "cannot read the configuration file " + file + ": " + Failures.reason(e));
        }
        for (int i = 0; i < lines.size(); i++) {
            String where = file + ":" + (i + 1);
            try {
                readLine(lines.get(i).strip(), where);
            } catch (ConfigException e) {
                throw new ConfigException(where + ": " + e.getMessage());
            }
        }
    }

    private void readLine(String line, String where) throws ConfigException {
        if (line.isEmpty() || line.startsWith("#")) {
            return;
        }
        int equals = line.indexOf('=');
        if (equals < 0) {
            throw new ConfigException("expected 'key = value', not '" + line + "'");
        }
        Setting setting = Setting.ofKey(line.substring(0, equals).strip());
        put(setting, line.substring(equals + 1).strip(), where);
    }

    /**
     * Takes the settings of the environment; variables that name no setting are left alone, since
     * the launcher has some of its own.
     *
     * @param environment names and values
     */
    public void readEnvironment(Map<String, String> environment) {
        for (Setting setting : Setting.values()) {
            String value = environment.get(setting.environmentName());
            if (value != null) {
                put(setting, value, setting.environmentName());
            }
        }
    }

    /**
     * Sets one value.
     *
     * @param setting which
     * @param value its text
     * @param origin where it comes from, for people
     */
    public void put(Setting setting, String value, String origin) {
        values.put(setting, new Value(value, origin));
    }

    /**
     * The text in force.
     *
     * @param setting which
     * @return its text, may be empty
     */
    public String get(Setting setting) {
        return value(setting).text;
    }

    /**
     * The whole configuration for the log.
     *
     * @return one line for each setting that has a value: key, value, origin
     */
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        for (Setting setting : Setting.values()) {
            Value value = value(setting);
            if (!value.text.isEmpty()) {
                lines.add(setting.key() + " = " + value.text + " (" + value.origin + ")");
            }
        }
        return List.copyOf(lines);
    }

    private Value value(Setting setting) {
        Value value = values.get(setting);
        if (value == null) {
            throw new IllegalStateException("every setting has a value, not " + setting);
        }
        return value;
    }

    private record Value(String text, String origin) {}
}
